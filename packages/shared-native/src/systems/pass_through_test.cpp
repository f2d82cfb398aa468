// Systems that leave sharing to the device: they differ in contexts, launching threads and
// priorities only.
#include <gtest/gtest.h>

#include "scheduler/fake_gate_for_test.h"

namespace cotenant {
namespace {

using testing::best_effort;
using testing::copy;
using testing::high;
using testing::kernel;
using testing::ScriptedRun;
using Launches = ScriptedRun::Launches;

struct Expected {
  const char* system;
  ContextMode contexts;
  bool stream_priorities;
};

class PassThroughSystems : public ::testing::TestWithParam<Expected> {};

TEST_P(PassThroughSystems, LaunchEveryHeadAtOnce) {
  const auto ops = std::vector<OpProfile>(3, kernel(Boundness::compute, 12544, 1'000'000'000));
  ScriptedRun run(GetParam().system, {}, {best_effort(ops), high(ops), high(ops)});
  for (std::uint32_t op = 0; op < 3; ++op) {
    run.offer(0, op);
    run.offer(2, op);
    EXPECT_EQ(run.decide(), (Launches{0, 2}));
    EXPECT_EQ(run.offered(1, op), Launches{1});
  }
  EXPECT_EQ(run.decide(), Launches{});
}

TEST_P(PassThroughSystems, HaveTheirMode) {
  const ScriptedRun run(GetParam().system, {}, {high({copy()})});
  EXPECT_EQ(run.mode().contexts, GetParam().contexts);
  EXPECT_EQ(run.mode().stream_priorities, GetParam().stream_priorities);
  EXPECT_EQ(run.mode().launcher, Launcher::per_client);
}

INSTANTIATE_TEST_SUITE_P(All, PassThroughSystems,
                         ::testing::Values(Expected{"ideal", ContextMode::isolated, false},
                                           Expected{"streams", ContextMode::shared, false},
                                           Expected{"streams-priority", ContextMode::shared, true},
                                           Expected{"timeslice", ContextMode::time_sliced, false},
                                           Expected{"mps", ContextMode::mps, false},
                                           Expected{"mps-priority", ContextMode::mps, true}),
                         [](const auto& instance) {
                           std::string name = instance.param.system;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

} // namespace
} // namespace cotenant
