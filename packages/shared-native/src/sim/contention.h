// How running blocks share issue slots and DRAM bandwidth, and slow each other by latency.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>

#include "device/gpu_spec.h"

namespace cotenant {

/// Blocks that each ask for the same share of the GPU's DRAM bandwidth.
struct DramClass {
  double demand = 0; ///< of one block, after its SM's issue limit; a multiple of 2^-40
  std::uint32_t blocks = 0;
};

inline constexpr double kNoLimit = std::numeric_limits<double>::infinity();

/// The max-min fair share of one block: those that ask for less get what they ask, the others get
/// this and the bandwidth is used up. kNoLimit if all of them together ask for no more than there
/// is. Sorts `classes` by demand. The result is a multiple of 2^-40 and does not depend on how
/// blocks are divided into classes.
double fair_dram_share(std::span<DramClass> classes);

/// Share of the bandwidth that a block obtains.
inline double obtained_share(double demand, double fair_share) {
  return std::min(demand, fair_share);
}

/// Of the issue slots that warps can keep busy: counters above this do not tell saturated kernels apart.
inline constexpr double kMostBusy = 0.95;

/// Issue rate of a kernel's blocks on an SM of which they want `issue_sum` of the issue slots, relative to a full wave of
/// the kernel alone; `extra` and `alone` are KernelShape's. Above 1 where fewer of its blocks compete than there.
inline double issue_rate(double issue_sum, double extra, double alone) {
  const double wanted = issue_sum + extra;
  return wanted > 1 ? alone / wanted : alone;
}

/// Issue slots of an SM that `blocks` blocks of a kernel take before blocks that came later, of another kernel:
/// `issue_sum` is what all of its blocks there want, `used` what one of a full wave uses alone.
inline double issue_taken(std::uint32_t blocks, double used, double issue_sum, double extra,
                          double alone) {
  return std::min(kMostBusy, blocks * used * issue_rate(issue_sum, extra, alone));
}

/// Slowdown by DRAM latency beside other kernels that obtain `others` of the bandwidth.
inline double latency_factor(const GpuSpec::Contention& contention, double others) {
  const double share = std::min(others, contention.dram_queueing_limit);
  // 1 / (1 + gain × share / (1 − share)), by one division.
  return (1 - share) / (1 - share + contention.dram_queueing_gain * share);
}

/// Rate at which a block's work falls, given the share `dram` that it uses at full speed.
inline double block_rate(double issue, double dram, double fair_share, double latency) {
  const double bandwidth_rate = dram * issue > fair_share ? fair_share / dram : issue;
  return std::min(issue, bandwidth_rate) * latency;
}

} // namespace cotenant
