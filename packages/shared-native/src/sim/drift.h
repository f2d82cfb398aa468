// Blocks of a kernel that do the same work do not end at the same instant.
#pragma once

#include <cstdint>

#include "sim/sm_set.h"
#include "sim/ticks.h"

namespace cotenant {

/// SMs are alike in this by index modulo this.
inline constexpr std::uint32_t kDriftClasses = 8;

/// Kernels of fewer waves end before their blocks have drifted apart.
inline constexpr std::uint32_t kFewestDriftingWaves = 3;

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
