// REEF-N: the bound, the gate while a request is open, padding.
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

TestClient requests() {
  return high({kernel(kAny, 60, 50), kernel(kAny, 60, 50), copy()});
}

/// Best-effort kernels that pad nothing: too long.
TestClient long_kernels() {
  return best_effort(std::vector<OpProfile>(100, kernel(kAny, 80, 1'000'000)));
}

/// Ops that client 1 launches before it is held.
std::uint32_t launched_ahead(ScriptedRun& run) {
  std::uint32_t op = 0;
  while (op < 99 && run.offered(1, op) == Launches{1}) {
    ++op;
  }
  return op;
}

TEST(Reef, LaunchesAheadUpToTheDepth) {
  for (const std::int64_t depth : {1, 4, 12}) {
    ScriptedRun run("reef", {{"depth", depth}}, {requests(), long_kernels()});
    EXPECT_EQ(launched_ahead(run), depth);
  }
  ScriptedRun published("reef", {}, {requests(), long_kernels()});
  EXPECT_EQ(launched_ahead(published), 12U);
}

TEST(Reef, ACompletionMakesRoomForOne) {
  ScriptedRun run("reef", {{"depth", std::int64_t{2}}}, {requests(), long_kernels()});
  run.offered(1, 0);
  run.offered(1, 1);
  EXPECT_EQ(run.offered(1, 2), Launches{});
  run.state(1).finished = 1;
  EXPECT_EQ(run.decide(), Launches{1});
  EXPECT_EQ(run.offered(1, 3), Launches{});
}

TEST(Reef, TheBoundIsSharedAndClientsTakeTurns) {
  ScriptedRun run("reef", {{"depth", std::int64_t{3}}},
                  {requests(), long_kernels(), long_kernels()});
  run.offer(1, 0);
  run.offer(2, 0);
  EXPECT_EQ(run.decide(), (Launches{1, 2}));
  run.offer(1, 1);
  run.offer(2, 1);
  EXPECT_EQ(run.decide(), Launches{1});
  run.finish(1);
  run.offer(1, 2);
  EXPECT_EQ(run.decide(), (Launches{2, 1})) << "2 waited longer";
}

TEST(Reef, NothingIsLaunchedWhileARequestIsOpen) {
  ScriptedRun run("reef", {}, {requests(), long_kernels()});
  EXPECT_EQ(run.offered(1, 0), Launches{1});
  run.offer(0, 0);
  run.offer(1, 1);
  EXPECT_EQ(run.decide(), Launches{0}) << "the request's op goes beside what is in flight";
  EXPECT_EQ(run.decide(), Launches{}) << "not between its ops";
  run.finish(0);
  EXPECT_EQ(run.decide(), Launches{}) << "nor when all launched ops are complete";
  run.end_request(0);
  EXPECT_EQ(run.decide(), Launches{1});
}

/// Best-effort kernels launched beside one high-priority kernel of 60 SMs and 50 ns.
std::size_t padded(const OpProfile& candidate, const ParamList& params = {}) {
  ScriptedRun run("reef", params, {requests(), best_effort({candidate})});
  run.offer(0, 0);
  run.offer(1, 0);
  return run.decide().size() - 1;
}

// The padding vectors of Orion's REEF policy.
TEST(Reef, PadsWithAKernelThatEndsNoLaterAndNeedsAtLeastAsManySms) {
  EXPECT_EQ(padded(kernel(kAny, 70, 40)), 1U);
  EXPECT_EQ(padded(kernel(kAny, 60, 50)), 1U) << "both bounds are inclusive";
  EXPECT_EQ(padded(kernel(kAny, 70, 60)), 0U);
  EXPECT_EQ(padded(kernel(kAny, 50, 40)), 0U);
  EXPECT_EQ(padded(copy(OpKind::copy_h2d, 10)), 0U);
}

TEST(Reef, PaddingCanBeSwitchedOff) {
  EXPECT_EQ(padded(kernel(kAny, 70, 40), {{"padding", false}}), 0U);
}

TEST(Reef, PadsAtMostOnceAKernelAndWithinTheDepth) {
  const TestClient fits = best_effort(std::vector<OpProfile>(9, kernel(kAny, 70, 40)));
  ScriptedRun run("reef", {{"depth", std::int64_t{2}}}, {requests(), fits, fits});
  run.offer(0, 0);
  run.offer(1, 0);
  run.offer(2, 0);
  EXPECT_EQ(run.decide(), (Launches{0, 1}));
  run.offer(0, 1);
  run.offer(1, 1);
  EXPECT_EQ(run.decide(), (Launches{0, 2})) << "the other one's turn";
  run.offer(0, 1);
  EXPECT_EQ(run.decide(), Launches{0}) << "two are in flight";
}

TEST(Reef, ACopyOfTheRequestIsNotPadded) {
  ScriptedRun run("reef", {}, {requests(), best_effort({kernel(kAny, 70, 40)})});
  run.offer(0, 2);
  run.offer(1, 0);
  EXPECT_EQ(run.decide(), Launches{0});
}

TEST(Reef, WaitForDrainHoldsTheFirstOpOnly) {
  ScriptedRun run("reef", {{"wait_for_drain", true}}, {requests(), long_kernels()});
  run.offered(1, 0);
  EXPECT_EQ(run.offered(0, 0), Launches{});
  run.finish(1);
  EXPECT_EQ(run.decide(), Launches{0});
  run.state(1).finished = 0; // as if padding were in flight
  EXPECT_EQ(run.offered(0, 1), Launches{0});
}

TEST(Reef, DepthZeroIsTheRuleOfOrionsAuthors) {
  TestClient hp = requests();
  hp.solo_latency = 6'280'000; // 2.5 % are 157 µs
  const auto depth = [&](Nanos mean) {
    const TestClient be = best_effort(std::vector<OpProfile>(100, kernel(kAny, 80, mean)));
    ScriptedRun run("reef", {{"depth", std::int64_t{0}}}, {hp, be});
    return launched_ahead(run);
  };
  EXPECT_EQ(depth(10'000), 16U);
  EXPECT_EQ(depth(100'000), 2U);
  EXPECT_EQ(depth(10'000'000), 1U) << "never 0";
}

TEST(Reef, StreamPriorityIsAnOption) {
  EXPECT_FALSE(ScriptedRun("reef", {}, {requests(), long_kernels()}).mode().stream_priorities);
  EXPECT_TRUE(ScriptedRun("reef", {{"stream_priority", true}}, {requests(), long_kernels()})
                  .mode()
                  .stream_priorities);
}

TEST(Reef, RefusesTwoHighPriorityClients) {
  EXPECT_THROW(ScriptedRun("reef", {}, {requests(), requests()}), InputError);
  EXPECT_THROW(ScriptedRun("reef", {}, {long_kernels(), long_kernels()}), InputError);
}

} // namespace
} // namespace cotenant
