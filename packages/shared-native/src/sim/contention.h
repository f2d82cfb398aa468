// How running blocks share issue slots and DRAM bandwidth, and slow each other by latency.
#pragma once

#include <algorithm>
#include <cmath>
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

/// Issue slots of an SM that `blocks` blocks of a kernel take where no other kernel is: `used` is what one of a full wave uses
/// alone, `rate` the issue_rate of all of its blocks there.
inline double issue_taken(std::uint32_t blocks, double used, double rate) {
  return std::min(kMostBusy, blocks * used * rate);
}

/// Of the slots that older warps of another kernel take alone, a newer one finds so much taken; and of what the newer obtain, so
/// much is taken from the older, for a scheduler stays with a warp that can go on.
/// Source: gpus/calibration/h200-tiles.json, arithmetic, runs and chains in any order: the least error, with older blocks right
/// on average.
inline constexpr double kOlderFirst = 0.9;
inline constexpr double kTakenByNewer = 0.75;

/// Factor of the rate of a block beside those of one other kernel, of which the ones that began earlier take `older` of the
/// issue slots where they are alone, those that began later `newer`, and the block's own kernel `own`.
inline double issue_beside(double older, double newer, double own) {
  return (1 - kOlderFirst * older) * (1 - kTakenByNewer * newer * (1 - kOlderFirst * own));
}

/// What a load from DRAM takes, ns, while so much is in flight, in ns that moving it takes at full bandwidth.
///
/// Waiting grows with the use d of the bandwidth as in a queue: N = latency × (1 + gain × d / (1 − d)). What waits there
/// comes from threads that go on only when it has arrived, and have only so much in flight: by Little's law d =
/// in_flight / N. This is the larger root of the quadratic that both make: the latency with nothing in flight, and little
/// more than `in_flight` where that is long.
inline double load_latency(const GpuSpec::Contention& contention, double in_flight) {
  const double sum = contention.dram_latency_ns + in_flight;
  const double product =
      contention.dram_latency_ns * (1 - contention.dram_queueing_gain) * in_flight;
  return (sum + std::sqrt(sum * sum - 4 * product)) / 2;
}

/// What a kernel alone has in flight that uses `busy` of the bandwidth, ns: by Little's law that times what a load takes, but no
/// more than its threads can (`most`). A kernel that uses nearly all of the bandwidth has what they can.
inline double in_flight_alone(const GpuSpec::Contention& contention, double busy, double most) {
  const double left = 1 - busy;
  const double in_flight = contention.dram_latency_ns * busy *
                           (left + contention.dram_queueing_gain * busy); // times 1 / left
  return in_flight < most * left ? in_flight / left : most;
}

/// Rate at which blocks go on whose loads take `now` instead of `alone`, and that wait for loads for the part `waiting` of their
/// time alone.
inline double latency_factor(double alone, double now, double waiting) {
  return now > alone ? alone / (alone + waiting * (now - alone)) : 1;
}

/// Rate at which a block's work falls, given the share `dram` that it uses at full speed.
inline double block_rate(double issue, double dram, double fair_share, double latency) {
  const double bandwidth_rate = dram * issue > fair_share ? fair_share / dram : issue;
  return std::min(issue, bandwidth_rate) * latency;
}

} // namespace cotenant
