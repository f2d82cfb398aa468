#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "sim/ticks.h"

namespace cotenant {
namespace {

double any_share() {
  return *rc::gen::arbitrary<std::uint32_t>() / 4294967296.0;
}

TEST(Ticks, RoundUpToNanoseconds) {
  EXPECT_EQ(to_nanos(to_ticks(7)), 7);
  EXPECT_EQ(to_nanos(to_ticks(7) + 1), 8);
  EXPECT_EQ(to_nanos(to_ticks(8) - 1), 8);
  EXPECT_EQ(to_nanos(kNeverTicks), kNever);
}

TEST(Ticks, WavesOfRoundedBlocksEndInTheNanosecondOfTheDuration) {
  EXPECT_TRUE(rc::check([] {
    const auto duration = *rc::gen::resize(100, rc::gen::inRange<Nanos>(1, 10 * kSecond));
    const auto waves = *rc::gen::resize(100, rc::gen::inRange<Nanos>(1, 16385));
    RC_PRE(waves <= duration * kTicksPerNano);
    const Ticks block = block_ticks(static_cast<double>(duration) / static_cast<double>(waves));
    RC_ASSERT(to_nanos(block * waves) == duration);
  }));
}

TEST(Ticks, EveryBlockTakesTime) {
  EXPECT_EQ(block_ticks(0), 1);
}

TEST(Ticks, StretchingByOneChangesNothingAndOtherwiseRoundsUp) {
  EXPECT_EQ(stretched(1'000'000'007, 1), 1'000'000'007);
  EXPECT_EQ(stretched(10, 1.5), 15);
  EXPECT_EQ(stretched(10, 1.51), 16);
  EXPECT_EQ(stretched(3, 1e-9), 1) << "what remains never vanishes";
}

TEST(Shares, AreMultiplesWhoseSumsAreExact) {
  EXPECT_TRUE(rc::check([] {
    const double a = round_share(any_share());
    const double b = round_share(any_share());
    const auto n = *rc::gen::inRange(0U, 4224U);
    RC_ASSERT(a * 0x1p40 == static_cast<double>(static_cast<std::int64_t>(a * 0x1p40)));
    RC_ASSERT((n * a + b) - b == n * a);
    RC_ASSERT((n * a + n * b) - n * a == n * b);
  }));
}

TEST(Shares, FloorStaysBelow) {
  EXPECT_TRUE(rc::check([] {
    const auto n = *rc::gen::resize(100, rc::gen::inRange(1U, 4225U));
    const double share = floor_share(1.0 / n);
    RC_ASSERT(share * n <= 1);
    RC_ASSERT(1.0 / n - share < 0x1p-39);
  }));
}

} // namespace
} // namespace cotenant
