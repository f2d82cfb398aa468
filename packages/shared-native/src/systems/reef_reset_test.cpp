#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "scheduler/fake_gate_for_test.h"

namespace cotenant {
namespace {

using testing::ParamList;
using testing::ScriptedRun;
using Act = ScriptedRun::Act;
using What = Act::What;
using Launches = ScriptedRun::Launches;

constexpr std::size_t kRt = 0;
constexpr std::size_t kBe = 1;

OpProfile blocks(std::uint32_t count, Nanos block_duration, Nanos duration) {
  OpProfile op = testing::kernel(Boundness::unknown, count, duration);
  op.grid.block_duration = block_duration;
  return op;
}

/// A real-time client of kernels with 60 and 160 blocks on 80 SMs, and a best-effort one.
ScriptedRun run(const ParamList& params = {}) {
  return {
      "reef-reset",
      params,
      {testing::high({blocks(60, 50'000, 50'000), blocks(160, 50'000, 50'000), testing::copy()}),
       testing::best_effort({blocks(1000, 20'000, 400'000), blocks(1000, 20'000, 400'000),
                             blocks(1000, 20'000, 400'000), blocks(1000, 80'000, 400'000),
                             testing::copy()})}};
}

/// Launches best-effort ops until two are in flight, of which the first completes.
void fill_queue(ScriptedRun& r) {
  r.offer(kBe, 0);
  EXPECT_EQ(r.decide(), Launches{kBe});
  r.offer(kBe, 1);
  EXPECT_EQ(r.decide(), Launches{kBe});
  r.offer(kBe, 2);
}

TEST(ReefReset, BoundsTheDeviceQueue) {
  ScriptedRun r = run();
  fill_queue(r);
  EXPECT_EQ(r.decide(), Launches{}) << "two are in flight";
  r.finish(kBe);
  EXPECT_EQ(r.decide(), Launches{kBe});
}

TEST(ReefReset, KillsWhatRunsAndGoesBackByTheQueueLength) {
  ScriptedRun r = run();
  fill_queue(r);
  r.offer(kRt, 0);
  EXPECT_EQ(r.decide_at(1'000), Launches{}) << "the real-time op waits for the preemption";
  EXPECT_EQ(r.timer(), 1'000 + 2'000) << "writing the flag takes a launch";
  EXPECT_TRUE(r.acts().empty());
  EXPECT_EQ(r.decide_at(3'000), Launches{});
  EXPECT_EQ(r.acts(), (std::vector<Act>{{.what = What::reset, .client = kBe, .count = 0}}));
  EXPECT_EQ(r.timer(), 3'000 + 3 * 10'000) << "a reset for each place of the queue, and one";
  EXPECT_EQ(r.decide_at(33'000), Launches{kRt});
}

TEST(ReefReset, RepeatsNothingFromBeforeThePreviousPreemption) {
  ScriptedRun r = run();
  r.offer(kRt, 0);
  r.decide();
  r.offer(kBe, 0);
  r.state(kBe).head = r.state(kBe).finished = 2; // two ops were done by padding
  r.end_request(kRt);
  EXPECT_EQ(r.decide(), Launches{kBe}); // op 2, from which the client resumes
  r.offer(kRt, 0);
  r.decide_at(10'000);
  r.decide_at(12'000);
  EXPECT_EQ(r.acts().back(), (Act{.what = What::reset, .client = kBe, .count = 2}));
}

TEST(ReefReset, WaitTakesBackWhatHasNotBegunAndLetsTheRestEnd) {
  ScriptedRun r =
      run({{"preemption", std::string("wait")}, {"queue_capacity", std::int64_t{1024}}});
  fill_queue(r);
  EXPECT_EQ(r.decide(), Launches{kBe}) << "a long queue";
  r.offer(kRt, 0);
  EXPECT_EQ(r.decide_at(1'000), Launches{});
  EXPECT_EQ(r.acts(), (std::vector<Act>{{.what = What::withdraw, .client = kBe, .count = 2}}));
  EXPECT_EQ(r.timer(), 1'000 + 2'000 + 2 * 1'000) << "two kernels return at once";
  EXPECT_EQ(r.decide_at(5'000), Launches{}) << "one still runs";
  r.finish(kBe);
  EXPECT_EQ(r.decide_at(400'000), (Launches{kRt}));
}

TEST(ReefReset, StartsAtOnceWhenNothingIsInFlight) {
  ScriptedRun r = run();
  EXPECT_EQ(r.offered(kRt, 0), Launches{kRt});
}

TEST(ReefReset, PadsWithBlocksThatFitAndEndInTime) {
  ScriptedRun r = run();
  r.offer(kRt, 0);
  EXPECT_EQ(r.decide(), Launches{kRt});
  r.offer(kBe, 0);
  r.offer(kRt, 0);
  EXPECT_EQ(r.decide(), Launches{kRt});
  // 60 blocks take 60 SMs; on the other 20, two waves of 20 µs in 50 µs, 8 blocks of 256 threads each.
  EXPECT_EQ(r.acts(),
            (std::vector<Act>{{.what = What::pad, .client = kBe, .count = 20 * 2 * 8, .at = 60}}));
  EXPECT_EQ(r.state(kBe).head_blocks, 320U);
  r.offer(kRt, 1); // two layers on all 80 SMs: nothing is left
  EXPECT_EQ(r.decide(), Launches{kRt});
  EXPECT_EQ(r.acts().size(), 1U);
  r.offer(kRt, 2); // a copy
  EXPECT_EQ(r.decide(), Launches{kRt});
  EXPECT_EQ(r.acts().size(), 1U);
}

TEST(ReefReset, DoesNotPadWithBlocksThatTakeLonger) {
  ScriptedRun r = run();
  r.offer(kRt, 0);
  r.decide();
  r.offer(kBe, 3);
  r.offer(kRt, 0);
  EXPECT_EQ(r.decide(), Launches{kRt});
  EXPECT_TRUE(r.acts().empty());
}

TEST(ReefReset, CopiesGoBesideAndKeepTheirClientFromPadding) {
  ScriptedRun r = run();
  r.offer(kRt, 0);
  r.decide();
  r.offer(kBe, 4);
  r.offer(kRt, 0);
  EXPECT_EQ(r.decide(), (Launches{kBe, kRt}));
  r.state(kBe).head = 0;
  r.state(kBe).finished = r.state(kBe).head - 1; // the copy is in flight, and op 0 follows it
  r.state(kBe).head_ready = true;
  r.offer(kRt, 0);
  EXPECT_EQ(r.decide(), Launches{kRt});
  EXPECT_TRUE(r.acts().empty());
  r.state(kBe).finished = 0;
  r.offer(kRt, 0);
  EXPECT_EQ(r.decide(), Launches{kRt});
  EXPECT_EQ(r.acts().size(), 1U);
}

TEST(ReefReset, WithoutPreemptionOneRequestAfterAnother) {
  ScriptedRun r("reef-reset", {{"preemption", std::string("none")}},
                {testing::high({blocks(1, 1'000, 1'000)}),
                 testing::best_effort({blocks(1, 9'000, 9'000), blocks(1, 9'000, 9'000)}),
                 testing::best_effort({blocks(1, 9'000, 9'000)})});
  EXPECT_EQ(r.offered(1, 0), Launches{1});
  r.offer(0, 0);
  EXPECT_EQ(r.offered(2, 0), Launches{}) << "client 1 is not done";
  EXPECT_EQ(r.offered(1, 1), Launches{1});
  r.end_request(1);
  EXPECT_EQ(r.decide(), Launches{0}) << "real time before best effort";
  r.end_request(0);
  EXPECT_EQ(r.decide(), Launches{2});
}

TEST(ReefReset, DoesNotPadIfReservingForBothLeavesTheKernelLessRoom) {
  OpProfile large = blocks(1000, 20'000, 400'000);
  large.grid.shared_memory = 40'000;               // one block an SM
  OpProfile layered = blocks(150, 50'000, 50'000); // two an SM on 75 SMs
  ScriptedRun r("reef-reset", {},
                {testing::high({layered}), testing::best_effort({large, blocks(9, 1'000, 1'000)})});
  r.offer(kRt, 0);
  r.decide();
  r.offer(kBe, 0);
  r.offer(kRt, 0);
  EXPECT_EQ(r.decide(), Launches{kRt});
  EXPECT_TRUE(r.acts().empty());
  r.offer(kBe, 1);
  r.offer(kRt, 0);
  EXPECT_EQ(r.decide(), Launches{kRt});
  EXPECT_EQ(r.acts(), (std::vector<Act>{{.what = What::pad, .client = kBe, .count = 9, .at = 75}}))
      << "no more than are left";
}

TEST(ReefReset, ServesRealTimeRequestsInOrderOfArrival) {
  ScriptedRun r("reef-reset", {},
                {testing::high({blocks(1, 1'000, 1'000)}), testing::high({blocks(1, 1'000, 1'000)}),
                 testing::best_effort({blocks(1, 9'000, 9'000)})});
  EXPECT_EQ(r.offered(1, 0), Launches{1});
  EXPECT_EQ(r.offered(0, 0), Launches{}) << "client 1 came first";
  r.end_request(1);
  EXPECT_EQ(r.decide(), Launches{0});
  EXPECT_EQ(r.offered(2, 0), Launches{}) << "and best effort last";
  r.end_request(0);
  EXPECT_EQ(r.decide(), Launches{2});
}

TEST(ReefReset, RefusesWhatCannotBeReset) {
  const SystemInfo& system = find_system("reef-reset");
  GpuSpec gpu = testing::test_gpu();
  const std::vector<OpProfile> ops = {blocks(1, 1'000, 1'000)};
  std::vector<ClientInfo> clients = {{.name = "hp", .priority = Priority::high, .profile = ops},
                                     {.name = "be", .training = true, .profile = ops}};
  const auto refusal = [&] {
    try {
      system.make(Params::checked(system.params, {}, "params"), {.gpu = gpu, .clients = clients});
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string("made");
  };
  EXPECT_EQ(refusal(), "reef-reset executes killed kernels again, but clients[1], \"be\", trains, "
                       "and its kernels change weights in place; expected best-effort clients to "
                       "run inference");
  clients[1].training = false;
  EXPECT_EQ(refusal(), "made");
  gpu.reset.reset();
  EXPECT_EQ(refusal(), "reef-reset ends running kernels, which the driver of \"test\" does not "
                       "offer; expected a GPU whose specification has `reset`, such as mi50, or "
                       "the system reef");
  EXPECT_THROW(
      system.make(Params::checked(system.params, {{"preemption", std::string("nice")}}, "p"),
                  {.gpu = gpu, .clients = clients}),
      InputError);
}

} // namespace
} // namespace cotenant
