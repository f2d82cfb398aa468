#include <gtest/gtest.h>

#include "sim/context_slicer.h"

namespace cotenant {
namespace {

constexpr Nanos kQuantum = 1000;
constexpr Nanos kSwitch = 50;

TEST(ContextSlicer, FirstContextIsResidentAtOnce) {
  ContextSlicer slicer(2, kQuantum, kSwitch);
  const auto change = slicer.work_arrived(1, 10);
  EXPECT_EQ(change.resume, 1U);
  EXPECT_FALSE(change.evict);
  EXPECT_TRUE(slicer.resident(1));
  EXPECT_EQ(slicer.next(), kNever);
}

TEST(ContextSlicer, ContextThatIsAloneKeepsTheGpu) {
  ContextSlicer slicer(2, kQuantum, kSwitch);
  slicer.work_arrived(0, 0);
  slicer.work_drained(0, 5000);
  const auto change = slicer.work_arrived(0, 9000);
  EXPECT_FALSE(change.resume) << "it never left";
  EXPECT_TRUE(slicer.resident(0));
}

TEST(ContextSlicer, SecondContextWaitsForTheRestOfTheSlice) {
  ContextSlicer slicer(2, kQuantum, kSwitch);
  slicer.work_arrived(0, 0);
  const auto change = slicer.work_arrived(1, 300);
  EXPECT_FALSE(change.evict);
  ASSERT_EQ(slicer.next(), 1000);
  const auto expiry = slicer.due(1000);
  EXPECT_EQ(expiry.evict, 0U);
  EXPECT_FALSE(expiry.resume) << "the switch takes time";
  EXPECT_FALSE(slicer.resident(0));
  EXPECT_FALSE(slicer.resident(1));
  ASSERT_EQ(slicer.next(), 1050);
  EXPECT_EQ(slicer.due(1050).resume, 1U);
  EXPECT_TRUE(slicer.resident(1));
  EXPECT_EQ(slicer.next(), 2050) << "context 0 still has work: the new slice is limited too";
}

TEST(ContextSlicer, ContextThatIsAloneHasSliceAfterSlice) {
  ContextSlicer slicer(2, kQuantum, kSwitch);
  slicer.work_arrived(0, 0);
  slicer.work_arrived(1, 7300);
  EXPECT_EQ(slicer.next(), 8000) << "the eighth is under way";
}

TEST(ContextSlicer, SliceThatEndsNowEnds) {
  ContextSlicer slicer(2, kQuantum, kSwitch);
  slicer.work_arrived(0, 0);
  slicer.work_arrived(1, 7000);
  EXPECT_EQ(slicer.next(), 7000);
}

TEST(ContextSlicer, DrainedContextHandsOverAtOnce) {
  ContextSlicer slicer(2, kQuantum, kSwitch);
  slicer.work_arrived(0, 0);
  slicer.work_arrived(1, 300);
  const auto change = slicer.work_drained(0, 400);
  EXPECT_EQ(change.evict, 0U);
  EXPECT_EQ(slicer.next(), 450);
}

TEST(ContextSlicer, ContextsTakeTurns) {
  ContextSlicer slicer(3, kQuantum, kSwitch);
  slicer.work_arrived(0, 0);
  slicer.work_arrived(1, 0);
  slicer.work_arrived(2, 0);
  std::vector<std::size_t> order;
  for (int i = 0; i < 12; ++i) {
    const auto change = slicer.due(slicer.next());
    if (change.resume) {
      order.push_back(*change.resume);
    }
  }
  EXPECT_EQ(order, (std::vector<std::size_t>{1, 2, 0, 1, 2, 0}));
}

} // namespace
} // namespace cotenant
