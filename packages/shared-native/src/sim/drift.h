// Blocks of a kernel that do the same work do not end at the same instant.
#pragma once

#include <algorithm>
#include <cstdint>

#include "sim/engine.h"
#include "sim/sm_set.h"
#include "sim/ticks.h"

namespace cotenant {

/// SMs are alike in this by index modulo this.
inline constexpr std::uint32_t kDriftClasses = 8;

/// Kernels of fewer waves end before their blocks have drifted apart.
inline constexpr std::uint32_t kFewestDriftingWaves = 3;

/// A block that has an SM to itself and uses so much of its issue slots computes, and seldom waits for memory.
inline constexpr double kComputes = 0.5;
/// Such blocks stay in step: what one of them takes differs from SM to SM by next to nothing.
/// Source: gpus/calibration/h200-spread.json, block_spread: of computing blocks of 40 us, one an SM, 90 % end within this
/// part of a block after eight waves.
inline constexpr double kDriftOfComputing = 0.06;

/// The part of a block's time between the first SM's end and the last one's. `span`: for blocks that wait for memory, or
/// compete with each other on their SM.
inline double drift_span(const KernelShape& shape, double span) {
  const bool in_step = shape.slots_per_sm == 1 && shape.issue_used >= kComputes;
  return in_step ? std::min(span, kDriftOfComputing) : span;
}

/// How much later than the mean over SMs the blocks of an SM end once they have drifted apart, in ticks; negative if earlier.
/// `span` of the time `work` of a block lies between the first and the last.
inline Ticks drift_of(std::uint32_t sm, Ticks work, double span) {
  const double at = (sm % kDriftClasses + 0.5) / kDriftClasses - 0.5; // -0.5 to 0.5
  return static_cast<Ticks>(static_cast<double>(work) * (span * at));
}

/// SMs that are alike.
inline SmSet drift_class(std::uint32_t index, std::uint32_t sms) {
  SmSet set;
  for (std::uint32_t sm = index; sm < sms; sm += kDriftClasses) {
    set |= SmSet::range(sm, sm + 1);
  }
  return set;
}

} // namespace cotenant
