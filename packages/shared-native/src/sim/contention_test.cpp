#include <cmath>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <vector>

#include "sim/contention.h"
#include "sim/ticks.h"

namespace cotenant {
namespace {

std::vector<DramClass> any_classes() {
  const auto any_class = rc::gen::exec([] {
    return DramClass{.demand = round_share(*rc::gen::inRange(0, 200) / 100.0),
                     .blocks = *rc::gen::inRange(1U, 40U)};
  });
  return *rc::gen::container<std::vector<DramClass>>(any_class);
}

double obtained(const std::vector<DramClass>& classes, double fair_share) {
  double total = 0;
  for (const DramClass& c : classes) {
    total += c.blocks * obtained_share(c.demand, fair_share);
  }
  return total;
}

TEST(DramShare, IsUnlimitedWhileThereIsEnough) {
  std::vector<DramClass> classes{{.demand = 0.25, .blocks = 2}, {.demand = 0.5, .blocks = 1}};
  EXPECT_EQ(fair_dram_share(classes), kNoLimit);
  EXPECT_EQ(fair_dram_share({}), kNoLimit);
}

TEST(DramShare, EqualDemandsGetEqualShares) {
  std::vector<DramClass> classes{{.demand = 0.5, .blocks = 4}};
  EXPECT_EQ(fair_dram_share(classes), 0.25);
}

TEST(DramShare, SmallDemandsAreServedInFull) {
  // 1 - 2 × 0.125 is left for three that ask for more than a quarter each.
  std::vector<DramClass> classes{{.demand = 0.5, .blocks = 3}, {.demand = 0.125, .blocks = 2}};
  EXPECT_EQ(fair_dram_share(classes), 0.25);
}

TEST(DramShare, UsesTheBandwidthUpAndNeverExceedsIt) {
  EXPECT_TRUE(rc::check([] {
    std::vector<DramClass> classes = any_classes();
    const double fair_share = fair_dram_share(classes);
    const double total = obtained(classes, fair_share);
    RC_ASSERT(total <= 1);
    RC_ASSERT((fair_share == kNoLimit || total > 1 - 1e-8));
  }));
}

TEST(DramShare, DoesNotDependOnHowBlocksAreClassed) {
  EXPECT_TRUE(rc::check([] {
    std::vector<DramClass> classes = any_classes();
    std::vector<DramClass> single;
    for (const DramClass& c : classes) {
      single.insert(single.begin(), c.blocks, {.demand = c.demand, .blocks = 1});
    }
    RC_ASSERT(fair_dram_share(classes) == fair_dram_share(single));
  }));
}

TEST(BlockRate, IsOneWithoutContention) {
  EXPECT_EQ(block_rate(issue_rate(1.0, 0, 1), 0.5, kNoLimit, 1), 1);
}

TEST(BlockRate, FollowsTheScarcerResource) {
  EXPECT_EQ(issue_rate(2.0, 0, 1), 0.5);
  EXPECT_EQ(block_rate(0.5, 0.25, kNoLimit, 1), 0.5) << "issue";
  EXPECT_EQ(block_rate(1, 0.25, 0.125, 1), 0.5) << "bandwidth";
  EXPECT_EQ(block_rate(0.5, 0.25, 0.125, 1), 0.5) << "issue already halves the demand";
  EXPECT_EQ(block_rate(1, 0.0, 0.125, 1), 1) << "no demand";
}

TEST(IssueRate, IsRelativeToTheKernelAlone) {
  EXPECT_EQ(issue_rate(3.0, 0, 3.0), 1.0) << "recorded that way";
  EXPECT_EQ(issue_rate(4.0, 0, 3.0), 0.75);
  EXPECT_EQ(issue_rate(1.5, 0.5, 1.0), 0.5) << "few warps crowd their schedulers";
  EXPECT_EQ(issue_taken(2, 0.25, issue_rate(0.5, 0, 1.0)), 0.5);
  EXPECT_EQ(issue_taken(2, 0.125, issue_rate(1.0, 0, 2.0)), 0.5)
      << "fewer than a full wave are quicker";
  EXPECT_EQ(issue_taken(4, 0.25, issue_rate(1.0, 0, 1.0)), 0.95) << "saturated";
}

TEST(IssueBeside, OlderBlocksGoFirstAndEitherLoses) {
  EXPECT_EQ(issue_beside(0, 0, 0.5), 1) << "a kernel that does not compute";
  EXPECT_DOUBLE_EQ(issue_beside(0.5, 0, 0.5), 0.55);
  EXPECT_DOUBLE_EQ(issue_beside(0, 0.5, 0), 0.625) << "newer ones get all that they want";
  EXPECT_DOUBLE_EQ(issue_beside(0, 0.5, 1), 0.9625) << "newer ones get next to nothing";
}

TEST(IssueBeside, NeverGivesMoreSlotsThanThereAre) {
  EXPECT_TRUE(rc::check([] {
    const double older = *rc::gen::inRange(0, 96) / 100.0;
    const double newer = *rc::gen::inRange(0, 96) / 100.0;
    RC_ASSERT(older * issue_beside(0, newer, older) + newer * issue_beside(older, 0, newer) <= 1);
  }));
}

constexpr GpuSpec::Contention kQueue{.dram_queueing_gain = 0.5, .dram_latency_ns = 100};

TEST(LoadLatency, IsThatOfAQueueAtTheUseThatItMakes) {
  EXPECT_EQ(load_latency(kQueue, 0), 100) << "nobody waits";
  // 75 ns in flight use half of the bandwidth: 75 / 150, and 100 × (1 + 0.5 × 0.5 / 0.5) = 150.
  EXPECT_DOUBLE_EQ(load_latency(kQueue, 75), 150);
  EXPECT_NEAR(load_latency(kQueue, 1e6), 1e6, 100) << "as long as moving it takes";
  EXPECT_EQ(load_latency({}, 300), 300) << "even without latency";
}

TEST(LoadLatency, OfAKernelAloneIsAtTheUseRecorded) {
  EXPECT_TRUE(rc::check([] {
    const double busy = *rc::gen::inRange(0, 100) / 100.0;
    const double in_flight = in_flight_alone(kQueue, busy, 1e9);
    RC_ASSERT(std::abs(in_flight / load_latency(kQueue, in_flight) - busy) < 1e-9);
  }));
}

TEST(LoadLatency, EndsWhereThreadsHaveNoMoreInFlight) {
  EXPECT_DOUBLE_EQ(in_flight_alone(kQueue, 0.5, 1000), 75);
  EXPECT_EQ(in_flight_alone(kQueue, 0.5, 60), 60) << "less than the bandwidth takes by that law";
  EXPECT_EQ(in_flight_alone(kQueue, 1, 1000), 1000) << "all that they can have";
  EXPECT_EQ(in_flight_alone(kQueue, 0, 1000), 0);
}

TEST(LatencyFactor, SlowsAndNeverHastens) {
  EXPECT_EQ(latency_factor(100, 250, 1), 0.4);
  EXPECT_EQ(latency_factor(100, 300, 0.5), 0.5) << "half of the time does not stretch";
  EXPECT_EQ(latency_factor(100, 300, 0), 1) << "who computes all the time does not wait";
  EXPECT_EQ(latency_factor(100, 50, 1), 1);
  EXPECT_EQ(latency_factor(0, 0, 1), 1) << "no latency";
}

} // namespace
} // namespace cotenant
