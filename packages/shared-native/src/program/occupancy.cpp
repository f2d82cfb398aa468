// Occupancy arithmetic after the rules in NVIDIA's CUDA C++ Programming Guide (compute-capability
// tables) and the CUDA occupancy calculator: threads in whole warps, registers per warp in units,
// the warps that registers allow spread evenly over an SM's partitions, shared memory in units with
// a reserve per block.
#include "program/occupancy.h"

#include <algorithm>
#include <fmt/format.h>
#include <limits>

#include "base/error.h"
#include "base/text.h"

namespace cotenant {

namespace {

constexpr std::uint32_t kWarp = 32;

template <typename T> constexpr T divide_up(T value, T by) {
  return (value + by - 1) / by;
}
template <typename T> constexpr T round_up(T value, T unit) {
  return unit == 0 ? value : divide_up(value, unit) * unit;
}

std::uint64_t warps_per_block(const Op& op) {
  return divide_up<std::uint64_t>(op.block.count(), kWarp);
}

std::uint64_t registers_per_warp(const GpuSpec::Sm& sm, std::uint32_t registers_per_thread) {
  return round_up<std::uint64_t>(std::uint64_t{registers_per_thread} * kWarp, sm.register_unit);
}

// Warps that an SM's registers can hold. Each partition of the SM has its own register file, so the
// number is a multiple of the number of partitions (`warp_unit`).
std::uint64_t warps_by_registers(const GpuSpec::Sm& sm, std::uint32_t registers_per_thread) {
  const std::uint64_t warps = sm.registers / registers_per_warp(sm, registers_per_thread);
  return sm.warp_unit == 0 ? warps : warps / sm.warp_unit * sm.warp_unit;
}

std::uint32_t saturated(std::uint64_t value) {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(value, std::numeric_limits<std::uint32_t>::max()));
}

std::uint64_t fitting(std::uint64_t capacity, std::uint64_t need) {
  return need == 0 ? std::numeric_limits<std::uint64_t>::max() : capacity / need;
}

} // namespace

BlockFootprint block_footprint(const GpuSpec& gpu, const Op& op) {
  BlockFootprint out;
  if (op.kind != OpKind::kernel) {
    return out;
  }
  const std::uint64_t warps = warps_per_block(op);
  out.threads = saturated(warps * kWarp);
  if (op.registers > 0) {
    // What its warps allocate, so that whoever fits into what they leave shares the SM with them. More where whole warps
    // in an SM's partitions leave room in the sum that no further block of the kernel can have: "footprints add up to
    // at most the SM's registers" has to be the same condition as blocks_per_sm.
    const std::uint64_t most = warps_by_registers(gpu.sm, op.registers) / warps;
    out.registers =
        most == 0
            ? std::numeric_limits<std::uint32_t>::max()
            : saturated(std::max<std::uint64_t>(warps * registers_per_warp(gpu.sm, op.registers),
                                                gpu.sm.registers / (most + 1) + 1));
  }
  out.shared_memory = saturated(round_up<std::uint64_t>(
      std::uint64_t{op.smem_static} + op.smem_dynamic + gpu.sm.shared_memory_reserved,
      gpu.sm.shared_memory_unit));
  return out;
}

std::uint32_t blocks_per_sm(const GpuSpec& gpu, const Op& op) {
  const BlockFootprint block = block_footprint(gpu, op);
  const std::uint64_t blocks =
      std::min({std::uint64_t{gpu.sm.blocks}, fitting(gpu.sm.threads, block.threads),
                fitting(gpu.sm.registers, block.registers),
                fitting(gpu.sm.shared_memory, block.shared_memory)});
  if (blocks == 0) {
    throw InputError(
        fmt::format("kernel {}: a block of {} threads, {} registers a thread and {} bytes of "
                    "shared memory does not fit on an "
                    "SM of {}; expected at most {} threads, {} registers in all and {} bytes",
                    quote(op.name), op.block.count(), op.registers,
                    std::uint64_t{op.smem_static} + op.smem_dynamic, gpu.id, gpu.sm.threads,
                    gpu.sm.registers, gpu.sm.shared_memory - gpu.sm.shared_memory_reserved));
  }
  return static_cast<std::uint32_t>(blocks);
}

std::uint32_t sm_needed(const GpuSpec& gpu, const Op& op) {
  if (op.kind != OpKind::kernel) {
    return 0;
  }
  return saturated(divide_up<std::uint64_t>(op.grid.count(), blocks_per_sm(gpu, op)));
}

std::uint32_t sm_needed_orion_2024(const Op& op) {
  if (op.kind != OpKind::kernel) {
    return 0;
  }
  constexpr std::uint64_t kThreads = 2048;
  constexpr std::uint64_t kRegisters = 65536;
  constexpr std::uint64_t kSharedMemory = 65536;
  const std::uint64_t threads = std::max<std::uint64_t>(op.block.count(), 1);
  std::uint64_t blocks = divide_up(kThreads, threads);
  if (op.smem_static > 0) {
    blocks = std::min(blocks, divide_up(kSharedMemory, std::uint64_t{op.smem_static}));
  }
  if (op.registers > 0) {
    const std::uint64_t per_warp =
        round_up<std::uint64_t>(std::uint64_t{op.registers} * kWarp, 256);
    const std::uint64_t warps = kRegisters / per_warp / 4 * 4;
    blocks = std::min(blocks, warps / divide_up<std::uint64_t>(threads, kWarp));
  }
  // The artifact divides by zero where registers leave no block; one block is the least that can
  // run.
  return saturated(divide_up(op.grid.count(), std::max<std::uint64_t>(blocks, 1)));
}

} // namespace cotenant
