#include "cuda/synthetic/workload.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/engine.h"

namespace cotenant::cuda::synthetic {
namespace {

constexpr double kPart = 4294967296.0; ///< 2^32
constexpr double kMostSteps = 4e9;

/// A number of things a block, as a whole number and a part of the blocks that does one more.
void split(double value, std::uint32_t& whole, std::uint32_t& part) {
  const double bounded = std::clamp(value, 0.0, kMostSteps);
  whole = static_cast<std::uint32_t>(bounded);
  part = static_cast<std::uint32_t>(std::min((bounded - whole) * kPart, kPart - 1));
}

double traffic_share(double dial) {
  return std::clamp(2 + dial, 0.0, 1.0);
}

} // namespace

Demand demand_of(const GpuSpec& gpu, const Op& op, const Variant& variant) {
  const KernelShape shape = kernel_shape(gpu, op);
  const VariantShape kernel = variant_shape(variant);
  const auto threads = static_cast<std::uint32_t>(op.block.count());
  Demand demand;
  demand.blocks = std::max<std::uint64_t>(op.grid.count(), 1);
  demand.warps = (threads + 31) / 32;
  demand.together = kernel.together;
  demand.row_bytes = std::min(threads, 32U) * 16;
  demand.waves = shape.waves;

  const auto blocks = static_cast<double>(demand.blocks);
  const auto duration = static_cast<double>(shape.duration);
  double read = static_cast<double>(op.dram_read_bytes);
  double write = static_cast<double>(op.dram_write_bytes);
  if (op.dram_read_bytes < 0 || op.dram_write_bytes < 0) {
    // Shares of what can be had, averaged over the kernel's life; two thirds of it read.
    const double bytes = shape.dram * shape.blocks_at_once() * gpu.memory.bandwidth *
                         gpu.memory.achievable_fraction * duration * 1e-9;
    read = bytes * 2 / 3;
    write = bytes / 3;
  }
  demand.read_rows = read / (blocks * demand.row_bytes);
  demand.write_rows = write / (blocks * demand.row_bytes);

  const double sm_share = op.sm_util >= 0 ? std::min(op.sm_util, 1.0)
                                          : shape.issue * shape.blocks_at_once() / gpu.sm.count;
  const double slots = sm_share * duration * 1e-3 * gpu.sm.clock_mhz * gpu.sm.count *
                       std::max(gpu.sm.fp32_lanes / 32, 1U);
  demand.rounds = slots / (blocks * demand.warps * kernel.round_slots());
  return demand;
}

Work work_at(const Demand& demand, double dial) {
  Work work;
  const double share = traffic_share(dial);
  split(demand.read_rows * share, work.read_rows, work.read_part);
  split(demand.write_rows * share, work.write_rows, work.write_part);
  split(std::max(dial, 0.0), work.hops, work.hop_part);

  work.block_rows = std::max(work.read_rows + (work.read_part > 0 ? 1 : 0),
                             work.write_rows + (work.write_part > 0 ? 1 : 0));
  const std::uint32_t group = demand.warps * demand.together;
  work.groups = (work.block_rows + group - 1) / group;
  work.steps = std::max({work.groups, work.hops + (work.hop_part > 0 ? 1 : 0), 1U});

  const auto rounds = static_cast<std::uint64_t>(
      std::clamp(std::round(demand.rounds * std::clamp(1 + dial, 0.0, 1.0)), 0.0, kMostSteps));
  work.fma_each = static_cast<std::uint32_t>(rounds / work.steps);
  work.fma_more = static_cast<std::uint32_t>(rounds % work.steps);
  return work;
}

double bytes_asked(const Demand& demand, double dial) {
  return (demand.read_rows + demand.write_rows) * static_cast<double>(demand.blocks) *
         demand.row_bytes * traffic_share(dial);
}

} // namespace cotenant::cuda::synthetic
