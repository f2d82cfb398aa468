// The artifact's REEF policy: polls counted, unbounded launching, co-launch by duration and SMs.
#include <gtest/gtest.h>

#include "base/error.h"
#include "scheduler/fake_gate_for_test.h"

namespace cotenant {
namespace {

using testing::best_effort;
using testing::copy;
using testing::high;
using testing::kernel;
using testing::ParamList;
using testing::ScriptedRun;
using testing::TestClient;
using Launches = ScriptedRun::Launches;

constexpr auto kAny = Boundness::unknown;
constexpr Nanos kPoll = kMicrosecond; // launch.poll of the test GPU
const char* const kSystem = "reef-as-published";

TestClient requests() {
  return high({kernel(kAny, 60, 50), kernel(kAny, 60, 50)});
}
TestClient long_kernels() {
  return best_effort(std::vector<OpProfile>(100, kernel(kAny, 80, 1'000'000)));
}

/// Lets time pass from timer to timer until something is launched; what was and when.
std::pair<Launches, Nanos> wait_for_launch(ScriptedRun& run) {
  Launches launched;
  for (int i = 0; i < 100 && launched.empty() && run.timer() != kNever; ++i) {
    launched = run.decide_at(run.timer());
  }
  return {launched, run.time()};
}

// Published vectors.

TEST(ReefAsPublished, CoLaunchesAKernelThatLastsNoLongerAndNeedsAtLeastAsManySms) {
  const auto launched = [](Nanos duration, std::uint32_t sms) {
    ScriptedRun run(kSystem, {}, {requests(), best_effort({kernel(kAny, sms, duration)})});
    run.offer(0, 0);
    run.offer(1, 0);
    return run.decide();
  };
  EXPECT_EQ(launched(40, 70), (Launches{0, 1}));
  EXPECT_EQ(launched(60, 70), Launches{0});
  EXPECT_EQ(launched(40, 50), Launches{0});
  EXPECT_EQ(launched(50, 60), (Launches{0, 1}));
}

TEST(ReefAsPublished, TwoHeadsCountTwiceAPollAndBothGoAtTheSixth) {
  ScriptedRun run(kSystem, {}, {requests(), long_kernels(), long_kernels()});
  run.offer(1, 0);
  run.offer(2, 0);
  EXPECT_EQ(run.decide_at(0), Launches{}); // the first poll
  EXPECT_EQ(wait_for_launch(run), (std::pair<Launches, Nanos>{{1, 2}, 5 * kPoll}));
  // The count starts again.
  run.offer(1, 1);
  run.offer(2, 1);
  EXPECT_EQ(run.decide(), Launches{});
  EXPECT_EQ(wait_for_launch(run).second, (5 + 6) * kPoll);
}

TEST(ReefAsPublished, EveryPollMayBeAskedForSingly) {
  ScriptedRun run(kSystem, {}, {requests(), long_kernels(), long_kernels()});
  run.offer(1, 0);
  run.offer(2, 0);
  for (int poll = 0; poll < 5; ++poll) {
    EXPECT_EQ(run.decide_at(poll * kPoll), Launches{}) << poll;
    EXPECT_EQ(run.decide_at(poll * kPoll + kPoll / 2), Launches{}) << "not a poll";
  }
  EXPECT_EQ(run.decide_at(5 * kPoll), (Launches{1, 2}));
}

TEST(ReefAsPublished, HeadsThatComeLaterCountFromThenOn) {
  ScriptedRun run(kSystem, {}, {requests(), long_kernels(), long_kernels()});
  run.offer(1, 0);
  EXPECT_EQ(run.decide_at(0), Launches{}); // 1
  run.offer(2, 0);
  EXPECT_EQ(run.decide_at(6 * kPoll), Launches{}); // 1 + 5 × 1 + 2 = 8
  EXPECT_EQ(wait_for_launch(run), (std::pair<Launches, Nanos>{{1, 2}, 8 * kPoll})); // 10, 12
}

TEST(ReefAsPublished, AHeadThatComesAtAPollCountsInIt) {
  ScriptedRun run(kSystem, {{"depth", std::int64_t{13}}},
                  {requests(), long_kernels(), long_kernels()});
  run.offer(1, 0);
  EXPECT_EQ(run.decide_at(0), Launches{}); // 1
  run.offer(2, 0);
  EXPECT_EQ(run.decide_at(kPoll), Launches{}); // 3
  EXPECT_EQ(wait_for_launch(run).second, 6 * kPoll);
}

TEST(ReefAsPublished, CoLaunchesOneKernelAtMost) {
  const TestClient fits = best_effort({kernel(kAny, 70, 40)});
  ScriptedRun run(kSystem, {}, {requests(), fits, fits});
  run.offer(0, 0);
  run.offer(1, 0);
  run.offer(2, 0);
  EXPECT_EQ(run.decide(), (Launches{0, 1}));
}

TEST(ReefAsPublished, PollsWithoutHeadsOrWithAHighPriorityOpDoNotCount) {
  ScriptedRun run(kSystem, {}, {requests(), long_kernels()});
  EXPECT_EQ(run.decide_at(0), Launches{});
  EXPECT_EQ(run.timer(), kNever);
  run.offer(1, 0);
  EXPECT_EQ(run.decide_at(100 * kPoll), Launches{}); // 1
  run.offer(0, 0);
  EXPECT_EQ(run.decide_at(105 * kPoll), Launches{0}); // 1 + 4; this turn does not count
  EXPECT_EQ(run.decide_at(105 * kPoll), Launches{});  // the next turn is a poll later
  EXPECT_EQ(wait_for_launch(run), (std::pair<Launches, Nanos>{{1}, 112 * kPoll})); // 5 + 7
}

TEST(ReefAsPublished, ALateTimerLosesNothing) {
  ScriptedRun run(kSystem, {}, {requests(), long_kernels()});
  run.offer(1, 0);
  run.decide_at(0);
  EXPECT_EQ(run.decide_at(50 * kPoll + 1), Launches{1});
}

TEST(ReefAsPublished, DepthIsNoBoundOnOpsInFlight) {
  ScriptedRun run(kSystem, {}, {requests(), long_kernels()});
  for (std::uint32_t op = 0; op < 50; ++op) {
    run.offer(1, op);
    run.decide();
    EXPECT_EQ(wait_for_launch(run).first, Launches{1});
  }
  EXPECT_EQ(run.state(1).in_flight(), 50U);
}

TEST(ReefAsPublished, PollTimeAndDepthAreParameters) {
  const auto launched_at = [](const ParamList& params) {
    ScriptedRun run(kSystem, params, {requests(), long_kernels()});
    run.offer(1, 0);
    run.decide();
    return wait_for_launch(run).second;
  };
  EXPECT_EQ(launched_at({}), 11 * kPoll);
  EXPECT_EQ(launched_at({{"poll_ns", std::int64_t{300}}}), 3300);
  EXPECT_EQ(launched_at({{"depth", std::int64_t{3}}}), 2 * kPoll);
}

TEST(ReefAsPublished, ACopyIsJudgedByTheKernelBehindIt) {
  ScriptedRun run(kSystem, {},
                  {high({copy(OpKind::copy_h2d, 10), kernel(kAny, 60, 50)}),
                   best_effort({copy(OpKind::copy_h2d, 40), kernel(kAny, 70, 60)}),
                   best_effort({copy(OpKind::copy_h2d, 60), kernel(kAny, 70, 40)})});
  run.offer(0, 0);
  run.offer(1, 0);
  run.offer(2, 0);
  EXPECT_EQ(run.decide(), (Launches{0, 2}));
}

TEST(ReefAsPublished, WarmUpPassesOneOpATurn) {
  TestClient be = long_kernels();
  be.warmup = 10;
  ScriptedRun run(kSystem, {}, {requests(), be, be});
  run.offer(0, 0);
  run.offer(1, 0);
  run.offer(2, 0);
  EXPECT_EQ(run.decide(), Launches{1});
  EXPECT_EQ(run.decide(), Launches{2});
  EXPECT_EQ(run.decide(), Launches{0});
  run.state(1).requests = 11;
  run.offer(1, 0);
  EXPECT_EQ(run.decide(), Launches{});
}

TEST(ReefAsPublished, AFinishedHighPriorityClientConstrainsNothing) {
  ScriptedRun run(kSystem, {}, {requests(), long_kernels(), long_kernels()});
  run.state(0).done = true;
  run.offer(1, 0);
  run.offer(2, 0);
  EXPECT_EQ(run.decide(), Launches{1});
  EXPECT_EQ(run.decide(), Launches{2});
}

TEST(ReefAsPublished, AClientAloneIsNeverHeld) {
  ScriptedRun run(kSystem, {}, {long_kernels()});
  EXPECT_EQ(run.offered(0, 0), Launches{0});
  EXPECT_EQ(run.offered(0, 1), Launches{0});
}

TEST(ReefAsPublished, StreamsHaveNoPriorities) {
  EXPECT_FALSE(ScriptedRun(kSystem, {}, {requests(), long_kernels()}).mode().stream_priorities);
}

TEST(ReefAsPublished, RefusesTwoHighPriorityClients) {
  EXPECT_THROW(ScriptedRun(kSystem, {}, {requests(), requests()}), InputError);
}

} // namespace
} // namespace cotenant
