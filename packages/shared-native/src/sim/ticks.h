// Time and shares inside the engines: exact sums, so that the order of adding never shows in a
// result.
#pragma once

#include <cstdint>
#include <limits>

#include "base/time.h"

namespace cotenant {

/// 1/16384 of a nanosecond. A block's time is duration / waves, seldom a whole number of
/// nanoseconds; in ticks, 16384 waves of rounded-down blocks still end in the nanosecond that the
/// duration names. 63 bits of them are 156 hours.
using Ticks = std::int64_t;

inline constexpr int kTickBits = 14;
inline constexpr Ticks kTicksPerNano = Ticks{1} << kTickBits;
inline constexpr Ticks kNeverTicks = std::numeric_limits<Ticks>::max();

constexpr Ticks to_ticks(Nanos time) {
  return time * kTicksPerNano;
}

/// The first whole nanosecond at or after `ticks`.
constexpr Nanos to_nanos(Ticks ticks) {
  return ticks == kNeverTicks ? kNever : (ticks + (kTicksPerNano - 1)) >> kTickBits;
}

/// Work of one block in ticks at rate 1; at least one, so that time always advances.
inline Ticks block_ticks(double block_ns) {
  const auto ticks = static_cast<Ticks>(block_ns * static_cast<double>(kTicksPerNano));
  return ticks > 0 ? ticks : 1;
}

/// Time that `ticks` take when they are stretched by `ratio`, rounded up. A block's finish time is
/// all that is remembered of it, so both engines must derive the new one from the old one in the
/// same way.
inline Ticks stretched(Ticks ticks, double ratio) {
  const double exact = static_cast<double>(ticks) * ratio;
  const auto whole = static_cast<Ticks>(exact);
  return whole + (static_cast<double>(whole) < exact ? 1 : 0);
}

/// Rounds a share of issue slots or bandwidth, at most 2048, to a multiple of 2^-40. Sums of such
/// shares, and their products with whole numbers of blocks, are exact in double precision.
inline double round_share(double share) {
  constexpr double shift = 6144; // 1.5 × 2^12: the last bit of a sum in [4096, 8192) is 2^-40
  return (share + shift) - shift;
}

/// As round_share, but never above `share`: for limits that must hold exactly.
inline double floor_share(double share) {
  const double rounded = round_share(share);
  return rounded > share ? rounded - 0x1p-40 : rounded;
}

} // namespace cotenant
