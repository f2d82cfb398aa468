// One request at a time.
#include <gtest/gtest.h>

#include "scheduler/fake_gate_for_test.h"

namespace cotenant {
namespace {

using testing::best_effort;
using testing::copy;
using testing::high;
using testing::kernel;
using testing::ScriptedRun;
using testing::TestClient;
using Launches = ScriptedRun::Launches;

std::vector<OpProfile> ops() {
  return {copy(), kernel(Boundness::unknown, 1, 10), kernel(Boundness::unknown, 1, 10)};
}

TEST(Sequential, AnOpenRequestKeepsTheOthersOut) {
  ScriptedRun run("sequential", {}, {high(ops()), best_effort(ops())});
  EXPECT_EQ(run.offered(1, 0), Launches{1}) << "a copy opens the request as well";
  EXPECT_EQ(run.offered(0, 0), Launches{});
  EXPECT_EQ(run.offered(1, 1), Launches{1});
  EXPECT_EQ(run.offered(1, 2), Launches{1});
  run.finish(1);
  EXPECT_EQ(run.decide(), Launches{}) << "all ops complete, the request not yet";
  run.end_request(1);
  EXPECT_EQ(run.decide(), Launches{0});
}

TEST(Sequential, WaitingWithoutALaunchKeepsNobodyOut) {
  ScriptedRun run("sequential", {}, {high(ops()), best_effort(ops())});
  run.offer(0, 0);
  run.offer(1, 0);
  EXPECT_EQ(run.decide(), Launches{0}) << "both requests are open, high priority goes first";
  run.end_request(0);
  EXPECT_EQ(run.decide(), Launches{1});
}

TEST(Sequential, BestEffortClientsTakeTurnsBehindHighPriority) {
  ScriptedRun run("sequential", {},
                  {best_effort(ops()), best_effort(ops()), high(ops()), high(ops())});
  Launches order;
  for (const bool busy : {true, true, false, false, false, false}) {
    for (std::size_t c = 0; c < (busy ? 4U : 2U); ++c) {
      if (!run.state(c).head_ready) {
        run.offer(c, 0);
      }
    }
    if (!busy) {
      run.state(2).head_ready = run.state(3).head_ready = false;
    }
    const Launches launched = run.decide();
    ASSERT_EQ(launched.size(), 1U);
    order.push_back(launched.front());
    run.end_request(launched.front());
  }
  EXPECT_EQ(order, (Launches{2, 2, 0, 1, 0, 1}));
}

TEST(Sequential, WithoutPrioritiesAllTakeTurns) {
  ScriptedRun run("sequential", {{"high_first", false}}, {best_effort(ops()), high(ops())});
  Launches order;
  for (int i = 0; i < 4; ++i) {
    for (std::size_t c = 0; c < 2; ++c) {
      if (!run.state(c).head_ready) {
        run.offer(c, 0);
      }
    }
    const Launches launched = run.decide();
    ASSERT_EQ(launched.size(), 1U);
    order.push_back(launched.front());
    run.end_request(launched.front());
  }
  EXPECT_EQ(order, (Launches{0, 1, 0, 1}));
}

} // namespace
} // namespace cotenant
