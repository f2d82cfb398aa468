// Time in the core: integer nanoseconds, simulated or measured.
#pragma once

#include <cstdint>
#include <limits>

namespace cotenant {

/// Nanoseconds. Every time and duration in the core is an integer number of them: adding them up
/// in any order gives the same result on any machine, which floating-point seconds do not.
using Nanos = std::int64_t;

/// A time that never comes.
inline constexpr Nanos kNever = std::numeric_limits<Nanos>::max();

inline constexpr Nanos kMicrosecond = 1'000;
inline constexpr Nanos kMillisecond = 1'000'000;
inline constexpr Nanos kSecond = 1'000'000'000;

} // namespace cotenant
