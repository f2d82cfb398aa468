#include "traffic/arrivals.h"

#include <cmath>
#include <fmt/format.h>
#include <numeric>
#include <random>

#include "base/error.h"
#include "base/portable_math.h"

namespace cotenant {
namespace {

/// Slower traffic is a mistake in the unit: the longest gap drawn (37 means) would come near the
/// end of 64-bit nanoseconds, 292 years.
constexpr double kLeastRate = 1e-6;

/// Rounds half to even: the default rounding mode, which nothing here changes.
Nanos to_nanos(double seconds) {
  return static_cast<Nanos>(std::nearbyint(seconds * 1e9));
}

void check_rate(double rate) {
  if (!std::isfinite(rate) || rate < kLeastRate) {
    throw InputError(fmt::format("traffic.rate: {} requests per second; expected at least {}", rate,
                                 kLeastRate));
  }
}

/// NumPy's legacy uniform draw in [0, 1): 53 bits from two 32-bit words.
double legacy_uniform(std::mt19937& words) {
  const std::uint32_t high = static_cast<std::uint32_t>(words()) >> 5U;
  const std::uint32_t low = static_cast<std::uint32_t>(words()) >> 6U;
  return (high * 67108864.0 + low) / 9007199254740992.0;
}

} // namespace

GapSource::GapSource(Traffic traffic, std::uint32_t seed)
    : traffic_(std::move(traffic)), words_(seed) {
  if (traffic_.kind != Traffic::Kind::trace) {
    check_rate(traffic_.rate);
  } else if (traffic_.drawn_start) {
    next_ = static_cast<std::size_t>(legacy_uniform(words_) *
                                     static_cast<double>(traffic_.trace.size()));
  }
}

Nanos GapSource::next() {
  switch (traffic_.kind) {
  case Traffic::Kind::closed:
    break;
  case Traffic::Kind::uniform:
    return to_nanos(1.0 / traffic_.rate);
  case Traffic::Kind::poisson:
    return to_nanos(1.0 / traffic_.rate * -portable_log(1.0 - legacy_uniform(words_)));
  case Traffic::Kind::trace:
    if (next_ == traffic_.trace.size()) {
      if (!traffic_.drawn_start || traffic_.trace.empty()) {
        throw InputError(
            fmt::format("traffic.trace: only {} gaps; expected at least as many as the run "
                        "has requests, warm-up included",
                        next_));
      }
      next_ = 0;
    }
    return traffic_.trace[next_++];
  }
  return 0;
}

std::vector<Nanos> stretched(std::vector<Nanos> trace, double rate) {
  check_rate(rate);
  const double total = std::accumulate(trace.begin(), trace.end(), 0.0); // a sum may exceed Nanos
  if (!(total > 0)) {
    throw InputError("traffic.trace: all gaps are zero; expected gaps that a load can stretch");
  }
  const double mean = total / static_cast<double>(trace.size());
  const double factor = 1e9 / rate / mean;
  for (Nanos& gap : trace) {
    gap = static_cast<Nanos>(std::nearbyint(static_cast<double>(gap) * factor));
  }
  return trace;
}

std::vector<Nanos> arrival_gaps(const Traffic& traffic, std::uint32_t seed, std::size_t count) {
  if (traffic.kind == Traffic::Kind::closed) {
    return {};
  }
  if (traffic.kind == Traffic::Kind::trace && !traffic.drawn_start &&
      traffic.trace.size() < count) {
    throw InputError(
        fmt::format("traffic.trace: {} gaps for {} requests (warm-up included); expected at "
                    "least as many gaps as requests",
                    traffic.trace.size(), count));
  }
  GapSource source(traffic, seed);
  std::vector<Nanos> gaps(count);
  for (Nanos& gap : gaps) {
    gap = source.next();
  }
  return gaps;
}

} // namespace cotenant
