#include "base/portable_math.h"

#include <cmath>

namespace cotenant {
namespace {

// ln 2 in two parts. The upper one ends in 11 zero bits, so its product with a binary exponent is
// exact.
constexpr double kLn2High = 0x1.62e42fefa3800p-1;
constexpr double kLn2Low = 0x1.ef35793c76730p-45;
constexpr double kSqrtHalf = 0x1.6a09e667f3bcdp-1;

/// Odd denominators of the series below. With |s| < 0.1716 the first term left out is below 2^-60.
constexpr int kLastDenominator = 23;

} // namespace

// x = m × 2^e with m in [√½, √2). With f = m - 1 and s = f / (2 + f),
//   ln m = 2 atanh s = 2s + s × tail,  tail = 2 (s²/3 + s⁴/5 + …).
// 2s equals f - s × f, where f is exact; so the rounding of s weighs only as much as the small
// second term.
double portable_log(double x) {
  int exponent = 0;
  double mantissa = std::frexp(x, &exponent);
  if (mantissa < kSqrtHalf) {
    mantissa *= 2;
    --exponent;
  }
  const double f = mantissa - 1;
  const double s = f / (2 + f);
  const double z = s * s;
  double tail = 0;
  for (int denominator = kLastDenominator; denominator >= 3; denominator -= 2) {
    tail = z * (2.0 / denominator + tail);
  }
  const double e = exponent;
  return e * kLn2High + (f - (s * (f - tail) - e * kLn2Low));
}

// x = e × ln 2 + r with |r| ≤ ½ ln 2, and the series of exp r: its 18th term is below 2^-77.
double portable_exp(double x) {
  const double e = std::floor(x / (kLn2High + kLn2Low) + 0.5);
  const double r = (x - e * kLn2High) - e * kLn2Low;
  double sum = 1;
  for (int n = 17; n >= 1; --n) {
    sum = 1 + sum * r / n;
  }
  return std::ldexp(sum, static_cast<int>(e));
}

} // namespace cotenant
