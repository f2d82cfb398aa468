#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "cuda/synthetic/dial.h"

namespace cotenant::cuda::synthetic {
namespace {

/// Traffic and arithmetic overlap in part, hops hide behind the first `hidden` of time.
struct Kernel {
  double floor = 1500;
  double traffic = 20'000;
  double arithmetic = 10'000;
  double hop = 140;
  double hidden = 0;

  double operator()(double dial) const {
    const double t = traffic * std::clamp(2 + dial, 0.0, 1.0);
    const double a = arithmetic * std::clamp(1 + dial, 0.0, 1.0);
    const double h = hop * std::max(dial, 0.0);
    return floor + std::max(t, a) + 0.3 * std::min(t, a) + std::max(0.0, h - hidden);
  }
};

TEST(Dial, FillsTimeWithHops) {
  const Tuning tuning = tune(60'000, 150, Kernel{});
  EXPECT_NEAR(tuning.achieved_ns, 60'000, 600);
  EXPECT_GT(tuning.dial, 0);
  EXPECT_LE(tuning.rounds, 4);
}

TEST(Dial, AcceptsWhatFitsAtOnce) {
  const Tuning tuning = tune(24'500, 150, Kernel{});
  EXPECT_EQ(tuning.dial, 0);
  EXPECT_EQ(tuning.rounds, 1);
}

TEST(Dial, TakesWorkAwayOnlyWhereItMust) {
  const Tuning less_arithmetic = tune(22'500, 150, Kernel{});
  EXPECT_NEAR(less_arithmetic.achieved_ns, 22'500, 225);
  EXPECT_GT(less_arithmetic.dial, -1);
  const Tuning less_traffic = tune(10'000, 150, Kernel{});
  EXPECT_NEAR(less_traffic.achieved_ns, 10'000, 100);
  EXPECT_LT(less_traffic.dial, -1);
}

TEST(Dial, KeepsWhatCostsNoTimeWhenTheKernelCannotBeShortEnough) {
  const Tuning heavy = tune(1200, 150, Kernel{});
  EXPECT_EQ(heavy.dial, -2) << "its traffic would make it longer still";
  EXPECT_LE(heavy.rounds, 3);
  const Tuning light = tune(1200, 150, Kernel{.traffic = 30, .arithmetic = 20});
  EXPECT_EQ(light.dial, 0);
}

TEST(Dial, PassesFlatStretches) {
  // The first hundred hops wait in the shadow of memory.
  const Tuning tuning = tune(40'000, 150, Kernel{.hidden = 14'000});
  EXPECT_NEAR(tuning.achieved_ns, 40'000, 400);
}

TEST(Dial, GivesTheBestOfItsRoundsUnderNoise) {
  int calls = 0;
  const Tuning tuning = tune(
      60'000, 150, [&](double dial) { return Kernel{}(dial) * (++calls % 2 == 0 ? 1.05 : 0.95); });
  EXPECT_LE(tuning.rounds, TuningLimits{}.rounds);
  EXPECT_NEAR(tuning.achieved_ns, 60'000, 4000);
}

RC_GTEST_PROP(Dial, ComesCloseWhateverTheKernel, ()) {
  const Kernel kernel{.floor = *rc::gen::inRange(800, 3000) * 1.0,
                      .traffic = *rc::gen::inRange(0, 200'000) * 1.0,
                      .arithmetic = *rc::gen::inRange(0, 200'000) * 1.0,
                      .hop = *rc::gen::inRange(20, 5000) * 1.0,
                      .hidden = *rc::gen::inRange(0, 20'000) * 1.0};
  const double target = *rc::gen::inRange(3000, 500'000);
  const Tuning tuning = tune(target, 150, kernel, {.rounds = 12});
  RC_ASSERT(std::abs(tuning.achieved_ns - target) <= std::max(0.03 * target, 300.0));
  RC_ASSERT(tuning.rounds <= 12);
}

} // namespace
} // namespace cotenant::cuda::synthetic
