// What resident blocks take of an SM, and how many more fit.
#pragma once

#include <algorithm>
#include <cstdint>

#include "device/gpu_spec.h"
#include "sim/engine.h"

namespace cotenant {

/// What one SM offers.
struct SmLimits {
  std::uint32_t threads = 0;
  std::uint32_t registers = 0;
  std::uint32_t blocks = 0;

  explicit SmLimits(const GpuSpec& gpu)
      : threads(gpu.sm.threads), registers(gpu.sm.registers), blocks(gpu.sm.blocks) {}
};

/// What the resident blocks of one SM take of it.
struct SmUse {
  std::uint32_t threads = 0;
  std::uint32_t registers = 0;
  std::uint32_t shared_memory = 0;
  std::uint32_t blocks = 0;
  std::uint32_t split =
      0; ///< bytes set aside as shared memory; free to choose while no block is resident

  bool operator==(const SmUse&) const = default;

  void add(const KernelShape& shape, std::uint32_t count) {
    if (blocks == 0) {
      split = shape.split;
    }
    threads += count * shape.threads;
    registers += count * shape.registers;
    shared_memory += count * shape.shared_memory;
    blocks += count;
  }

  void remove(const KernelShape& shape, std::uint32_t count) {
    threads -= count * shape.threads;
    registers -= count * shape.registers;
    shared_memory -= count * shape.shared_memory;
    blocks -= count;
    if (blocks == 0) {
      split = 0;
    }
  }
};

/// Whether one more block of `shape` fits on the SM.
inline bool fits(const SmLimits& limits, const SmUse& use, const KernelShape& shape) {
  if (use.blocks == 0) {
    return true; // a kernel that fits no empty SM has no shape
  }
  return use.threads + shape.threads <= limits.threads &&
         use.registers + shape.registers <= limits.registers && use.blocks < limits.blocks &&
         use.split >= shape.split && use.shared_memory + shape.shared_memory <= use.split;
}

/// How many more blocks of `shape` fit there.
inline std::uint32_t room(const SmLimits& limits, const SmUse& use, const KernelShape& shape) {
  if (use.blocks == 0) {
    return shape.slots_per_sm;
  }
  if (!fits(limits, use, shape)) {
    return 0;
  }
  std::uint32_t count =
      std::min(limits.blocks - use.blocks, (limits.threads - use.threads) / shape.threads);
  if (shape.registers != 0) {
    count = std::min(count, (limits.registers - use.registers) / shape.registers);
  }
  if (shape.shared_memory != 0) {
    count = std::min(count, (use.split - use.shared_memory) / shape.shared_memory);
  }
  return count;
}

} // namespace cotenant
