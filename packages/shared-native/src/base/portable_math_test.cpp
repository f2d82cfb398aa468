#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <random>

#include "base/portable_math.h"

namespace cotenant {
namespace {

/// Distance from the long double logarithm in units of the last place of the result.
double error_ulps(double x) {
  const long double exact = std::log(static_cast<long double>(x));
  const double rounded = static_cast<double>(exact);
  if (rounded == 0) {
    return portable_log(x) == 0 ? 0 : std::numeric_limits<double>::infinity();
  }
  const double ulp = std::nextafter(std::abs(rounded), INFINITY) - std::abs(rounded);
  return static_cast<double>(std::abs(static_cast<long double>(portable_log(x)) - exact) /
                             static_cast<long double>(ulp));
}

TEST(PortableLog, IsExactWhereTheLogarithmIs) {
  EXPECT_EQ(portable_log(1.0), 0.0);
  EXPECT_EQ(portable_log(2.0), std::log(2.0));
  EXPECT_EQ(portable_log(0.5), -std::log(2.0));
}

TEST(PortableLog, StaysWithinOneUlpOverTheUnitInterval) {
  std::mt19937_64 random(1);
  double worst = 0;
  for (int i = 0; i < 400'000; ++i) {
    worst = std::max(worst, error_ulps(static_cast<double>((random() >> 11U) + 1) * 0x1p-53));
  }
  EXPECT_LT(worst, 1.0);
}

TEST(PortableLog, StaysWithinOneUlpNearOneAndOverAllMagnitudes) {
  std::mt19937_64 random(2);
  double worst = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double fraction = static_cast<double>(random() >> 11U) * 0x1p-53;
    const int exponent = static_cast<int>(random() % 53) + 1;
    worst = std::max(worst, error_ulps(1 - std::ldexp(fraction, -exponent)));
    worst = std::max(worst, error_ulps(1 + std::ldexp(fraction, -exponent)));
    worst = std::max(worst, error_ulps(std::ldexp(0.5 + fraction, exponent * 19 - 500)));
  }
  EXPECT_LT(worst, 1.0);
}

TEST(PortableExp, StaysWithinFourUlp) {
  EXPECT_EQ(portable_exp(0), 1.0);
  std::mt19937_64 random(3);
  double worst = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double fraction = static_cast<double>(random() >> 11U) * 0x1p-53;
    const double x = i % 2 == 0 ? -20 * fraction : 1'400 * (fraction - 0.5);
    const double exact = static_cast<double>(std::exp(static_cast<long double>(x)));
    const double ulp = std::nextafter(exact, INFINITY) - exact;
    worst = std::max(worst, std::abs(portable_exp(x) - exact) / ulp);
  }
  EXPECT_LT(worst, 4.0);
}

} // namespace
} // namespace cotenant
