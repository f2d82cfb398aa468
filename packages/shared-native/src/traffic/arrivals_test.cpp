#include <algorithm>
#include <gtest/gtest.h>
#include <limits>
#include <numeric>
#include <string>

#include "base/error.h"
#include "traffic/arrivals.h"

namespace cotenant {
namespace {

Traffic poisson(double rate) {
  return {.kind = Traffic::Kind::poisson, .rate = rate, .trace = {}};
}
Traffic uniform(double rate) {
  return {.kind = Traffic::Kind::uniform, .rate = rate, .trace = {}};
}

Nanos sum(const std::vector<Nanos>& gaps) {
  return std::accumulate(gaps.begin(), gaps.end(), Nanos{0});
}

std::string error_of(const Traffic& traffic, std::size_t count) {
  try {
    arrival_gaps(traffic, 42, count);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

/// numpy.rint(numpy.random.RandomState(seed).exponential(1 / rate, 9210) * 1e9), NumPy 2.4.
struct Golden {
  std::uint32_t seed;
  double rate;
  std::vector<Nanos> first;
  std::vector<Nanos> last;
  Nanos sum;
  Nanos min;
  Nanos max;
};

const Golden kGolden[] = {
    {42,
     15,
     {31284539, 200674762, 87783046, 60862837, 11308325, 11306419, 3989251, 134082058, 61272144,
      82083337},
     {77426677, 104651198, 58314252},
     601392805817,
     776,
     544829707},
    {43,
     40,
     {3055732, 23480448, 3579184, 6880324, 9905415, 48999274, 27422111, 19476463, 736076, 33082829},
     {17080426, 9704831, 28842902},
     233986576173,
     1810,
     277602397},
    {0,
     100,
     {7958745, 12559308, 9232231, 7872012, 5510485, 10381593, 5755192, 22235244, 33149122, 4836021},
     {1377957, 12979, 5085266},
     90920714365,
     725,
     107222787},
};

TEST(Arrivals, PoissonGapsEqualNumpysLegacyGenerator) {
  for (const Golden& golden : kGolden) {
    const auto gaps = arrival_gaps(poisson(golden.rate), golden.seed, 9210);
    ASSERT_EQ(gaps.size(), 9210U);
    EXPECT_TRUE(std::equal(golden.first.begin(), golden.first.end(), gaps.begin()));
    EXPECT_TRUE(std::equal(golden.last.rbegin(), golden.last.rend(), gaps.rbegin()));
    EXPECT_EQ(sum(gaps), golden.sum);
    EXPECT_EQ(*std::min_element(gaps.begin(), gaps.end()), golden.min);
    EXPECT_EQ(*std::max_element(gaps.begin(), gaps.end()), golden.max);
  }
}

TEST(Arrivals, AShorterSequenceIsAPrefix) {
  const auto many = arrival_gaps(poisson(15), 42, 1000);
  const auto few = arrival_gaps(poisson(15), 42, 10);
  EXPECT_TRUE(std::equal(few.begin(), few.end(), many.begin()));
}

TEST(Arrivals, SeedsDiffer) {
  EXPECT_NE(arrival_gaps(poisson(15), 42, 5), arrival_gaps(poisson(15), 43, 5));
}

TEST(Arrivals, UniformGapsRoundToTheNanosecondTiesToEven) {
  EXPECT_EQ(arrival_gaps(uniform(80), 42, 3),
            (std::vector<Nanos>{12'500'000, 12'500'000, 12'500'000}));
  EXPECT_EQ(arrival_gaps(uniform(30), 42, 1), (std::vector<Nanos>{33'333'333}));
  EXPECT_EQ(arrival_gaps(uniform(15), 42, 1), (std::vector<Nanos>{66'666'667}));
  EXPECT_EQ(arrival_gaps(uniform(1e9 / 2.5), 42, 1), (std::vector<Nanos>{2}));
}

TEST(Arrivals, ClosedTrafficHasNoGaps) {
  EXPECT_TRUE(arrival_gaps({}, 42, 100).empty());
}

TEST(Arrivals, TraceIsUsedFromItsStart) {
  const Traffic trace{.kind = Traffic::Kind::trace, .rate = 0, .trace = {3, 1, 2}};
  EXPECT_EQ(arrival_gaps(trace, 42, 2), (std::vector<Nanos>{3, 1}));
  EXPECT_EQ(arrival_gaps(trace, 42, 3), (std::vector<Nanos>{3, 1, 2}));
}

TEST(Arrivals, ATraceWithADrawnStartGoesAround) {
  std::vector<Nanos> all(100);
  std::iota(all.begin(), all.end(), 0);
  const Traffic trace{.kind = Traffic::Kind::trace, .rate = 0, .trace = all, .drawn_start = true};
  // numpy.random.RandomState(seed).random_sample() is 0.374… for seed 42, 0.115… for 43.
  EXPECT_EQ(arrival_gaps(trace, 42, 3), (std::vector<Nanos>{37, 38, 39}));
  EXPECT_EQ(arrival_gaps(trace, 43, 1), (std::vector<Nanos>{11}));
  auto gaps = arrival_gaps(trace, 42, 200);
  EXPECT_EQ(gaps[63], 0) << "behind 99";
  EXPECT_EQ(gaps[137], 74);
  std::sort(gaps.begin(), gaps.begin() + 100);
  EXPECT_TRUE(std::equal(all.begin(), all.end(), gaps.begin()));
}

TEST(Arrivals, RefusesATraceThatIsTooShort) {
  const Traffic trace{.kind = Traffic::Kind::trace, .rate = 0, .trace = {3, 1, 2}};
  EXPECT_EQ(error_of(trace, 4),
            "traffic.trace: 3 gaps for 4 requests (warm-up included); expected at least as "
            "many gaps as requests");
}

TEST(Arrivals, ASourceEndsWithItsTrace) {
  GapSource source({.kind = Traffic::Kind::trace, .rate = 0, .trace = {3, 1}}, 42);
  EXPECT_EQ(source.next(), 3);
  EXPECT_EQ(source.next(), 1);
  EXPECT_THROW(source.next(), InputError);
}

TEST(Arrivals, RefusesRatesThatAreNotPositive) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double rate : {0.0, -15.0, 1e-7, infinity, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_NE(error_of(poisson(rate), 1).find("traffic.rate"), std::string::npos) << rate;
    EXPECT_NE(error_of(uniform(rate), 1).find("traffic.rate"), std::string::npos) << rate;
  }
}

TEST(Arrivals, TheSlowestTrafficFitsIntoNanoseconds) {
  for (const Nanos gap : arrival_gaps(poisson(1e-6), 42, 1000)) {
    EXPECT_GE(gap, 0);
  }
}

TEST(Stretched, KeepsTheShapeAndMeetsTheRate) {
  // Two a second as they are; eight a second after.
  EXPECT_EQ(stretched({200'000'000, 800'000'000}, 8),
            (std::vector<Nanos>{50'000'000, 200'000'000}));
  const std::vector<Nanos> fast = stretched(apollo_trace(), 100);
  EXPECT_NEAR(static_cast<double>(sum(fast)) / static_cast<double>(fast.size()), 1e7, 1);
}

TEST(Stretched, RefusesWhatNothingStretches) {
  EXPECT_THROW(stretched({0, 0}, 8), InputError);
  EXPECT_THROW(stretched({}, 8), InputError);
  EXPECT_THROW(stretched({1000}, 0), InputError);
}

} // namespace
} // namespace cotenant
