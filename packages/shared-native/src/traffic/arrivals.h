// When requests arrive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "base/time.h"
#include "traffic/apollo_trace.h" // the trace that plans know by name

namespace cotenant {

struct Traffic {
  enum class Kind : std::uint8_t {
    closed,  ///< the next request follows the last one at once
    uniform, ///< equal gaps of 1 / rate
    poisson, ///< exponential gaps of mean 1 / rate
    trace,   ///< the gaps that are listed
  };
  Kind kind = Kind::closed;
  double rate = 0;          ///< requests per second; uniform and poisson
  std::vector<Nanos> trace; ///< gaps; trace
  /// trace: begin at a gap drawn with the seed and go around at the end. Runs that take a part of
  /// the trace then take different parts, and runs that take all of it meet other clients in
  /// different phases.
  bool drawn_start = false;
};

/// The gaps before requests, one after the other, in the order in which a client uses them. Gaps
/// are rounded to whole nanoseconds, ties to even. Memory does not grow with their number.
///
/// Equal seeds give equal gaps on any machine: the generator is MT19937 seeded as NumPy's legacy
/// RandomState(seed), the draw is that of RandomState.exponential(1 / rate), and the logarithm is
/// our own (libm's last bit differs between machines).
class GapSource {
 public:
  /// Throws InputError for a rate that is not finite and positive. REQUIRES: the traffic is not
  /// closed.
  GapSource(Traffic traffic, std::uint32_t seed);

  /// Throws InputError at the end of a trace that does not go around.
  Nanos next();

 private:
  Traffic traffic_;
  std::mt19937 words_;
  std::size_t next_ = 0; ///< gap of the trace
};

/// The gaps, all stretched or shortened by one factor so that there are `rate` a second on average.
/// Throws InputError for a trace without time in it, which nothing stretches.
std::vector<Nanos> stretched(std::vector<Nanos> trace, double rate);

/// The first `count` gaps at once. Empty for closed traffic. Throws InputError as GapSource does.
std::vector<Nanos> arrival_gaps(const Traffic& traffic, std::uint32_t seed, std::size_t count);

} // namespace cotenant
