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
  EXPECT_EQ(issue_taken(2, 0.25, 0.5, 0, 1.0), 0.5);
  EXPECT_EQ(issue_taken(2, 0.125, 1.0, 0, 2.0), 0.5) << "fewer than a full wave are quicker";
  EXPECT_EQ(issue_taken(4, 0.25, 1.0, 0, 1.0), 0.95) << "who comes later gets something";
}

TEST(BlockRate, FallsWithTheTrafficOfOthersUpToTheLimit) {
  const GpuSpec::Contention contention{.dram_queueing_gain = 0.5, .dram_queueing_limit = 0.75};
  EXPECT_EQ(latency_factor(contention, 0), 1);
  EXPECT_DOUBLE_EQ(latency_factor(contention, 0.5), 1 / 1.5);
  EXPECT_DOUBLE_EQ(latency_factor(contention, 0.75), 1 / 2.5);
  EXPECT_DOUBLE_EQ(latency_factor(contention, 1), 1 / 2.5);
  EXPECT_EQ(latency_factor({}, 1), 1) << "no gain";
}

} // namespace
} // namespace cotenant
