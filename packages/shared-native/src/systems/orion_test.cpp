// Orion's decisions: its published behaviour as vectors, every profile column, every switch.
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

constexpr auto kCompute = Boundness::compute;
constexpr auto kMemory = Boundness::memory;
constexpr auto kUnknown = Boundness::unknown;

// The clients of most tests: 0 has high priority, the others not.
constexpr std::size_t kHigh = 0;
constexpr std::size_t kBe = 1;

// Ops of the high-priority client.
enum HighOp : std::uint32_t { kHighCompute, kHighMemory, kHighUnknown, kHighEnd };

TestClient inference() {
  return high({kernel(kCompute, 10, 50'000), kernel(kMemory, 10, 50'000),
               kernel(kUnknown, 10, 50'000), kernel(kCompute, 10, 50'000)});
}

/// A limit that these tests never reach, unless they are about it.
const ParamList kNoThrottle = {{"max_be_duration_ns", std::int64_t{1'000'000'000'000}}};

ParamList with(ParamList params, const std::string& name, const ParamValue& value) {
  params.emplace_back(name, value);
  return params;
}

/// Whether `op` goes when the last launched high-priority kernel was `last` and its request is
/// open.
bool goes_beside(HighOp last, const OpProfile& op, const ParamList& params = kNoThrottle) {
  ScriptedRun run("orion", params, {inference(), best_effort({op})});
  EXPECT_EQ(run.offered(kHigh, last), Launches{kHigh});
  return run.offered(kBe, 0) == Launches{kBe};
}

// Published decision vectors, in their order. 80 SMs, high-priority inference.

TEST(OrionVectors, V01IdleHighPriorityLetsAnyKernelGo) {
  for (const std::uint32_t sms : {1U, 80U, 81U, 12544U}) {
    ScriptedRun run("orion", kNoThrottle,
                    {inference(), best_effort({kernel(kCompute, sms, 1000)})});
    EXPECT_EQ(run.offered(kBe, 0), Launches{kBe}) << sms;
  }
}

TEST(OrionVectors, V01IdleBetweenRequestsToo) {
  ScriptedRun run("orion", kNoThrottle,
                  {inference(), best_effort({kernel(kCompute, 12544, 1000)})});
  run.offered(kHigh, kHighCompute);
  EXPECT_EQ(run.offered(kBe, 0), Launches{});
  run.end_request(kHigh);
  EXPECT_EQ(run.decide(), Launches{kBe});
}

TEST(OrionVectors, V02SameProfileIsHeld) {
  EXPECT_FALSE(goes_beside(kHighCompute, kernel(kCompute, 10, 1000)));
  EXPECT_FALSE(goes_beside(kHighMemory, kernel(kMemory, 10, 1000)));
}

TEST(OrionVectors, V03OppositeProfileGoesUpToTheThreshold) {
  EXPECT_TRUE(goes_beside(kHighCompute, kernel(kMemory, 80, 1000)));
  EXPECT_TRUE(goes_beside(kHighMemory, kernel(kCompute, 80, 1000)));
}

TEST(OrionVectors, V04OneSmMoreIsHeld) {
  EXPECT_FALSE(goes_beside(kHighCompute, kernel(kMemory, 81, 1000)));
}

TEST(OrionVectors, V05UnknownBestEffortProfileGoes) {
  EXPECT_TRUE(goes_beside(kHighCompute, kernel(kUnknown, 80, 1000)));
}

TEST(OrionVectors, V06UnknownHighPriorityProfileLetsBothGo) {
  EXPECT_TRUE(goes_beside(kHighUnknown, kernel(kCompute, 40, 1000)));
  EXPECT_TRUE(goes_beside(kHighUnknown, kernel(kMemory, 40, 1000)));
  EXPECT_TRUE(goes_beside(kHighUnknown, kernel(kUnknown, 40, 1000))) << "equal, but unknown";
}

TEST(OrionVectors, V07CopiesAndMemsetsGoBesideAnything) {
  for (const OpKind kind : {OpKind::copy_h2d, OpKind::copy_d2h, OpKind::copy_d2d, OpKind::memset}) {
    EXPECT_TRUE(goes_beside(kHighCompute, copy(kind)));
  }
}

TEST(OrionVectors, V07V08DrainHoldsEverythingUntilAllBestEffortOpsAreComplete) {
  ScriptedRun run("orion", {{"max_be_duration_ns", std::int64_t{1000}}},
                  {inference(), best_effort({kernel(kMemory, 1, 1001), copy()}),
                   best_effort({kernel(kMemory, 1, 10), copy(), kernel(kUnknown, 1, 10)})});
  run.offer(1, 0);
  EXPECT_EQ(run.decide(), Launches{1}); // exceeds the limit: the drain begins
  run.offer(1, 1);
  run.offer(2, 0);
  EXPECT_EQ(run.decide(), Launches{});
  run.offer(2, 1);
  EXPECT_EQ(run.decide(), Launches{}) << "a copy waits as well";
  run.finish(1);
  run.offer(2, 0);
  EXPECT_EQ(run.decide(), (Launches{2, 1})) << "drained: the sum starts again, both go";
  run.offer(2, 2);
  EXPECT_EQ(run.decide(), Launches{2}) << "10 + 10 is far from the limit";
}

TEST(OrionVectors, V08DrainWaitsForEveryClient) {
  ScriptedRun run("orion", {{"max_be_duration_ns", std::int64_t{1000}}},
                  {inference(), best_effort({kernel(kMemory, 1, 600), kernel(kMemory, 1, 1)}),
                   best_effort({kernel(kMemory, 1, 600), kernel(kMemory, 1, 1)})});
  run.offer(1, 0);
  run.offer(2, 0);
  EXPECT_EQ(run.decide(), (Launches{1, 2}));
  run.finish(1);
  EXPECT_EQ(run.offered(1, 1), Launches{}) << "client 2 still runs";
  run.finish(2);
  EXPECT_EQ(run.decide(), Launches{1});
}

TEST(OrionVectors, V09TheLimitIsStrictAndOvershotByOneOp) {
  ScriptedRun run("orion", {{"max_be_duration_ns", std::int64_t{1000}}},
                  {inference(), best_effort({kernel(kMemory, 1, 500), kernel(kMemory, 1, 500),
                                             kernel(kMemory, 1, 1), kernel(kMemory, 1, 1)})});
  EXPECT_EQ(run.offered(kBe, 0), Launches{kBe});
  EXPECT_EQ(run.offered(kBe, 1), Launches{kBe}); // 1000: not above the limit
  EXPECT_EQ(run.offered(kBe, 2), Launches{kBe}); // 1001: goes, and starts the drain
  EXPECT_EQ(run.offered(kBe, 3), Launches{});
}

TEST(OrionVectors, V10FinishedHighPriorityClientConstrainsNothing) {
  ScriptedRun run(
      "orion", {{"max_be_duration_ns", std::int64_t{1000}}},
      {inference(), best_effort({kernel(kCompute, 12544, 9000), kernel(kCompute, 12544, 9000),
                                 kernel(kCompute, 12544, 9000)})});
  run.offered(kHigh, kHighCompute);
  run.state(kHigh).done = true; // even with its request still open
  EXPECT_EQ(run.offered(kBe, 0), Launches{kBe});
  EXPECT_EQ(run.offered(kBe, 1), Launches{kBe}) << "no drain begins";
  EXPECT_EQ(run.offered(kBe, 2), Launches{kBe});
}

TEST(OrionVectors, V10ADrainUnderWayStillEndsNormally) {
  ScriptedRun run("orion", {{"max_be_duration_ns", std::int64_t{1000}}},
                  {inference(), best_effort({kernel(kMemory, 1, 9000), kernel(kMemory, 1, 9000)})});
  EXPECT_EQ(run.offered(kBe, 0), Launches{kBe});
  run.state(kHigh).done = true;
  EXPECT_EQ(run.offered(kBe, 1), Launches{});
  run.finish(kBe);
  EXPECT_EQ(run.decide(), Launches{kBe});
}

TEST(OrionVectors, V11WarmUpRequestsAndOneMorePassUnchecked) {
  TestClient be = best_effort({kernel(kCompute, 12544, 1000)});
  be.warmup = 10;
  ScriptedRun run("orion", kNoThrottle, {inference(), be});
  run.offered(kHigh, kHighCompute);
  run.state(kBe).requests = 10;
  EXPECT_EQ(run.offered(kBe, 0), Launches{kBe});
  run.finish(kBe);
  run.state(kBe).requests = 11;
  EXPECT_EQ(run.offered(kBe, 0), Launches{});
}

TEST(OrionVectors, V11HowManyPassBehindTheWarmUpIsAParameter) {
  TestClient be = best_effort({kernel(kCompute, 12544, 1000)});
  be.warmup = 10;
  ScriptedRun run("orion",
                  {{"max_be_duration_ns", std::int64_t{1'000'000'000'000}},
                   {"exempt_after_warmup", std::int64_t{0}}},
                  {inference(), be});
  run.offered(kHigh, kHighCompute);
  run.state(kBe).requests = 9;
  EXPECT_EQ(run.offered(kBe, 0), Launches{kBe});
  run.finish(kBe);
  run.state(kBe).requests = 10;
  EXPECT_EQ(run.offered(kBe, 0), Launches{});
}

TEST(OrionVectors, V11TheDrainAppliesDuringWarmUp) {
  TestClient be = best_effort({kernel(kCompute, 1, 2000), kernel(kCompute, 1, 2000)});
  be.warmup = 10;
  ScriptedRun run("orion", {{"max_be_duration_ns", std::int64_t{1000}}}, {inference(), be});
  EXPECT_EQ(run.offered(kBe, 0), Launches{kBe});
  EXPECT_EQ(run.offered(kBe, 1), Launches{});
}

TEST(OrionVectors, V12SmsAddUpWithinATurnOnly) {
  ScriptedRun run("orion", kNoThrottle,
                  {inference(), best_effort({kernel(kMemory, 50, 1000), kernel(kMemory, 50, 1000)}),
                   best_effort({kernel(kMemory, 40, 1000)})});
  run.offered(kHigh, kHighCompute);
  run.offer(1, 0);
  run.offer(2, 0);
  EXPECT_EQ(run.decide(), Launches{1});
  run.offer(1, 1);
  EXPECT_EQ(run.decide(), Launches{2})
      << "asked first this time, and the sum starts at 0; 40 + 50 is too much";
  EXPECT_EQ(run.decide(), Launches{1});
}

TEST(OrionVectors, V13RoundRobinContinuesBehindTheLastLaunch) {
  const auto be = [] { return best_effort({kernel(kMemory, 60, 1000)}); };
  ScriptedRun run("orion", kNoThrottle, {inference(), be(), be(), be()});
  run.offered(kHigh, kHighCompute);
  Launches order;
  for (int turn = 0; turn < 6; ++turn) {
    for (const std::size_t c : {1U, 2U, 3U}) {
      run.finish(c);
      run.offer(c, 0);
    }
    const Launches launched = run.decide(); // one at a time: 60 + 60 > 80
    order.insert(order.end(), launched.begin(), launched.end());
  }
  EXPECT_EQ(order, (Launches{1, 2, 3, 1, 2, 3}));
}

/// High-priority training of two kernels and an optimizer phase of two; iterations limited to 100
/// ms.
TestClient training() {
  TestClient client =
      high({kernel(kCompute, 10, 1000), kernel(kCompute, 10, 1000),
            kernel(kCompute, 1, 1000, Phase::update), kernel(kCompute, 1, 1000, Phase::update)});
  client.training = true;
  client.solo_latency = 80 * kMillisecond;
  return client;
}

const ParamList kTraining = with(kNoThrottle, "hp_limit_ms", 100.0);

TEST(OrionVectors, V14UpdatePhaseIgnoresTheProfileOnceItsPredecessorIsComplete) {
  // The largest need is 40, so the threshold starts at 20.
  ScriptedRun run("orion", kTraining,
                  {training(), best_effort({kernel(kCompute, 20, 1000), kernel(kCompute, 21, 1000),
                                            kernel(kCompute, 40, 1000)})});
  run.offered(kHigh, 1);
  EXPECT_EQ(run.offered(kBe, 0), Launches{})
      << "the last kernel before the phase runs: profile rule";
  run.finish(kHigh);
  EXPECT_EQ(run.decide(), Launches{kBe}) << "it is complete";
  EXPECT_EQ(run.offered(kBe, 1), Launches{}) << "the SM threshold still holds";
  run.offered(kHigh, 2);
  EXPECT_EQ(run.offered(kBe, 0), Launches{kBe}) << "the phase has begun";
}

TEST(OrionVectors, V14StartUpdateOverridesTheMarkedPhase) {
  const auto goes_after_first = [](const ParamList& params) {
    ScriptedRun run(
        "orion", params,
        {training(), best_effort({kernel(kCompute, 1, 1000), kernel(kCompute, 40, 1000)})});
    run.offered(kHigh, 0);
    run.finish(kHigh);
    return run.offered(kBe, 0) == Launches{kBe};
  };
  EXPECT_FALSE(goes_after_first(kTraining));
  EXPECT_TRUE(goes_after_first(with(kTraining, "start_update", std::int64_t{1})));
}

/// The SM threshold as decisions show it: the largest need that goes beside an open request.
std::uint32_t threshold(ScriptedRun& run, std::uint32_t largest) {
  std::uint32_t low = 0;
  std::uint32_t high_end = largest;
  while (low < high_end) {
    const std::uint32_t middle = (low + high_end + 1) / 2;
    run.finish(kBe);
    run.offer(kHigh, 0);
    run.offer(kBe, middle);
    const bool went = run.decide() == Launches{kHigh, kBe};
    run.state(kBe).head_ready = false;
    (went ? low : high_end) = went ? middle : middle - 1;
  }
  return low;
}

/// Memory-bound kernels of 0..largest SMs: op i needs i.
TestClient ladder(std::uint32_t largest) {
  std::vector<OpProfile> ops;
  for (std::uint32_t sms = 0; sms <= largest; ++sms) {
    ops.push_back(kernel(kMemory, sms, 1000));
  }
  return best_effort(ops);
}

void iterate(ScriptedRun& run, Nanos duration, int times = 10) {
  for (int i = 0; i < times; ++i) {
    run.offer(kHigh, 0);
    run.end_request(kHigh, duration);
  }
}

TEST(OrionVectors, V15BisectionHalvesTowardsTheLimit) {
  constexpr std::uint32_t kLargest = 12544;
  ScriptedRun run("orion", kTraining, {training(), ladder(kLargest)});
  EXPECT_EQ(threshold(run, kLargest), 6272U);
  iterate(run, 101 * kMillisecond, 9);
  EXPECT_EQ(threshold(run, kLargest), 6272U) << "nine iterations decide nothing";
  iterate(run, 101 * kMillisecond, 1);
  EXPECT_EQ(threshold(run, kLargest), 3136U) << "too slow: high = 6272";
  iterate(run, 100 * kMillisecond);
  EXPECT_EQ(threshold(run, kLargest), 4704U) << "within the limit: low = 3136";
}

TEST(OrionVectors, V15BisectionStopsWhenLowMeetsTheThreshold) {
  constexpr std::uint32_t kLargest = 7;
  ScriptedRun slow("orion", kTraining, {training(), ladder(kLargest)});
  EXPECT_EQ(threshold(slow, kLargest), 3U);
  for (const std::uint32_t expected : {1U, 0U, 0U, 0U}) {
    iterate(slow, 200 * kMillisecond);
    EXPECT_EQ(threshold(slow, kLargest), expected);
  }
  iterate(slow, kMillisecond);
  EXPECT_EQ(threshold(slow, kLargest), 0U) << "it has stopped for good";

  ScriptedRun fast("orion", kTraining, {training(), ladder(kLargest)});
  for (const std::uint32_t expected : {5U, 6U, 6U}) {
    iterate(fast, kMillisecond);
    EXPECT_EQ(threshold(fast, kLargest), expected);
  }
}

TEST(OrionVectors, V15BisectionIgnoresWarmUpIterations) {
  TestClient hp = training();
  hp.warmup = 10;
  ScriptedRun run("orion", kTraining, {hp, ladder(8)});
  iterate(run, 200 * kMillisecond, 19);
  EXPECT_EQ(threshold(run, 8), 4U);
  iterate(run, 200 * kMillisecond, 1);
  EXPECT_EQ(threshold(run, 8), 2U);
}

TEST(OrionVectors, V16HighPriorityGoesFirstAndSetsTheProfileForTheSameTurn) {
  ScriptedRun run(
      "orion", kNoThrottle,
      {inference(), best_effort({kernel(kMemory, 10, 1000), kernel(kCompute, 10, 1000)})});
  run.offered(kHigh, kHighCompute);
  run.offer(kHigh, kHighMemory);
  run.offer(kBe, 0);
  EXPECT_EQ(run.decide(), Launches{kHigh})
      << "memory beside memory, although it was compute before";
  run.offer(kHigh, kHighCompute);
  EXPECT_EQ(run.decide(), (Launches{kHigh, kBe}));
}

// Behind the vectors.

TEST(Orion, TheLastLaunchedKernelCountsEvenWhenItIsComplete) {
  ScriptedRun run("orion", kNoThrottle, {inference(), best_effort({kernel(kCompute, 10, 1000)})});
  run.offered(kHigh, kHighCompute);
  run.finish(kHigh);
  EXPECT_EQ(run.offered(kBe, 0), Launches{});
}

TEST(Orion, AHighPriorityCopyNeitherOpensNorChangesTheProfile) {
  ScriptedRun run("orion", kNoThrottle,
                  {high({copy(), kernel(kCompute, 10, 1000), copy(OpKind::copy_d2h)}),
                   best_effort({kernel(kCompute, 12544, 1000), kernel(kMemory, 10, 1000)})});
  run.offered(kHigh, 0);
  EXPECT_EQ(run.offered(kBe, 0), Launches{kBe}) << "only a copy so far: idle";
  run.offered(kHigh, 1);
  run.offered(kHigh, 2);
  EXPECT_EQ(run.offered(kBe, 0), Launches{}) << "compute kernel before the copy";
  EXPECT_EQ(run.offered(kBe, 1), Launches{kBe});
}

TEST(Orion, CopiesDoNotCountTowardsTheLimitOrTheSms) {
  ScriptedRun run(
      "orion", {{"max_be_duration_ns", std::int64_t{1000}}},
      {inference(), best_effort({copy(OpKind::copy_h2d, 5000), kernel(kMemory, 80, 10)})});
  run.offered(kHigh, kHighCompute);
  EXPECT_EQ(run.offered(kBe, 0), Launches{kBe});
  EXPECT_EQ(run.offered(kBe, 1), Launches{kBe});
}

TEST(Orion, TheLimitIsAFractionOfTheSoloLatencyUnlessItIsAbsolute) {
  const auto ops_before_drain = [](const ParamList& params) {
    TestClient hp = inference();
    hp.solo_latency = 400'000; // 2.5 % are 10 µs
    ScriptedRun run("orion", params,
                    {hp, best_effort(std::vector<OpProfile>(100, kernel(kMemory, 1, 1000)))});
    std::uint32_t launched = 0;
    while (run.offered(kBe, launched) == Launches{kBe}) {
      ++launched;
    }
    return launched;
  };
  EXPECT_EQ(ops_before_drain({}), 11U);
  EXPECT_EQ(ops_before_drain({{"max_be_duration_fraction", 0.05}}), 21U);
  EXPECT_EQ(ops_before_drain({{"max_be_duration_fraction", 0.0}}), 1U);
  EXPECT_EQ(ops_before_drain({{"max_be_duration_ns", std::int64_t{4000}}}), 5U);
}

/// Windows that a serial run of `ops` falls into, and the ops in each: op after op until the drain.
std::vector<std::uint32_t> windows(const std::vector<OpProfile>& ops, std::int64_t limit) {
  ScriptedRun run("orion", {{"max_be_duration_ns", limit}}, {inference(), best_effort(ops)});
  std::vector<std::uint32_t> sizes = {0};
  for (std::uint32_t op = 0; op < ops.size(); ++op) {
    if (run.offered(kBe, op).empty()) {
      run.finish(kBe);
      EXPECT_EQ(run.decide(), Launches{kBe});
      sizes.push_back(0);
    }
    ++sizes.back();
  }
  return sizes;
}

TEST(Orion, ThrottleCutsAProgramIntoWindows) {
  const auto ops = [](std::vector<Nanos> durations) {
    std::vector<OpProfile> list;
    for (const Nanos duration : durations) {
      list.push_back(kernel(kMemory, 1, duration));
    }
    return list;
  };
  // 60 + 60 + 60 > 160; a long kernel closes its window wherever it stands.
  EXPECT_EQ(windows(ops({60, 60, 60, 60, 60, 60, 60}), 160), (std::vector<std::uint32_t>{3, 3, 1}));
  EXPECT_EQ(windows(ops({2465, 10, 10, 2465, 10}), 160), (std::vector<std::uint32_t>{1, 3, 1}));
  EXPECT_EQ(windows(ops({80, 80, 1, 5}), 160), (std::vector<std::uint32_t>{3, 1}));
}

// Every column of the profile changes a decision.

TEST(OrionColumns, Boundness) {
  EXPECT_NE(goes_beside(kHighCompute, kernel(kCompute, 10, 1000)),
            goes_beside(kHighCompute, kernel(kMemory, 10, 1000)));
  EXPECT_NE(goes_beside(kHighCompute, kernel(kMemory, 10, 1000)),
            goes_beside(kHighMemory, kernel(kMemory, 10, 1000)));
}

TEST(OrionColumns, SmNeeded) {
  EXPECT_NE(goes_beside(kHighCompute, kernel(kMemory, 80, 1000)),
            goes_beside(kHighCompute, kernel(kMemory, 81, 1000)));
}

TEST(OrionColumns, Duration) {
  const auto second_goes = [](Nanos first) {
    ScriptedRun run("orion", {{"max_be_duration_ns", std::int64_t{1000}}},
                    {inference(), best_effort({kernel(kMemory, 1, first), kernel(kMemory, 1, 1)})});
    run.offered(kBe, 0);
    return run.offered(kBe, 1) == Launches{kBe};
  };
  EXPECT_NE(second_goes(1000), second_goes(1001));
}

TEST(OrionColumns, Phase) {
  const auto goes_in_last_kernel = [](Phase phase) {
    TestClient hp = training();
    hp.ops[2].phase = phase;
    hp.ops[3].phase = phase;
    ScriptedRun run("orion", kTraining,
                    {hp, best_effort({kernel(kCompute, 1, 1000), kernel(kCompute, 40, 1000)})});
    run.offered(kHigh, 2);
    run.finish(kHigh);
    return run.offered(kBe, 0) == Launches{kBe};
  };
  EXPECT_NE(goes_in_last_kernel(Phase::update), goes_in_last_kernel(Phase::backward));
}

TEST(OrionColumns, Kind) {
  EXPECT_NE(goes_beside(kHighCompute, kernel(kCompute, 10, 1000)),
            goes_beside(kHighCompute, copy()));
}

// Every switch changes a decision.

TEST(OrionSwitches, ProfileCheck) {
  const OpProfile op = kernel(kCompute, 10, 1000);
  EXPECT_FALSE(goes_beside(kHighCompute, op));
  EXPECT_TRUE(goes_beside(kHighCompute, op, with(kNoThrottle, "profile_check", false)));
  EXPECT_FALSE(goes_beside(kHighCompute, kernel(kCompute, 81, 1000),
                           with(kNoThrottle, "profile_check", false)))
      << "the SM check stays";
}

TEST(OrionSwitches, SmCheck) {
  const OpProfile op = kernel(kMemory, 81, 1000);
  EXPECT_FALSE(goes_beside(kHighCompute, op));
  EXPECT_TRUE(goes_beside(kHighCompute, op, with(kNoThrottle, "sm_check", false)));
  EXPECT_FALSE(
      goes_beside(kHighCompute, kernel(kCompute, 81, 1000), with(kNoThrottle, "sm_check", false)))
      << "the profile check stays";
}

TEST(OrionSwitches, DurationThrottle) {
  const auto second_goes = [](bool throttle) {
    ScriptedRun run(
        "orion", {{"max_be_duration_ns", std::int64_t{1}}, {"duration_throttle", throttle}},
        {inference(), best_effort({kernel(kMemory, 1, 1000), kernel(kMemory, 1, 1000)})});
    run.offered(kBe, 0);
    return run.offered(kBe, 1) == Launches{kBe};
  };
  EXPECT_FALSE(second_goes(true));
  EXPECT_TRUE(second_goes(false));
}

TEST(OrionSwitches, StreamPriority) {
  const auto prioritised = [](bool value) {
    return ScriptedRun("orion", {{"stream_priority", value}}, {inference(), best_effort({copy()})})
        .mode()
        .stream_priorities;
  };
  EXPECT_TRUE(prioritised(true));
  EXPECT_FALSE(prioritised(false));
}

TEST(OrionSwitches, UpdatePhase) {
  const auto goes_in_update = [](bool value) {
    ScriptedRun run(
        "orion", with(kTraining, "update_phase", value),
        {training(), best_effort({kernel(kCompute, 1, 1000), kernel(kCompute, 40, 1000)})});
    run.offered(kHigh, 2);
    run.finish(kHigh);
    return run.offered(kBe, 0) == Launches{kBe};
  };
  EXPECT_TRUE(goes_in_update(true));
  EXPECT_FALSE(goes_in_update(false));
}

TEST(OrionSwitches, CountRunningSms) {
  const auto second_goes = [](bool value) {
    ScriptedRun run(
        "orion", with(kNoThrottle, "count_running_sms", value),
        {inference(), best_effort({kernel(kMemory, 50, 1000), kernel(kMemory, 50, 1000)})});
    run.offered(kHigh, kHighCompute);
    EXPECT_EQ(run.offered(kBe, 0), Launches{kBe});
    const bool beside = run.offered(kBe, 1) == Launches{kBe};
    run.finish(kBe);
    EXPECT_EQ(run.decide().empty(), beside) << "goes at the latest when the first is complete";
    return beside;
  };
  EXPECT_TRUE(second_goes(false));
  EXPECT_FALSE(second_goes(true));
}

TEST(OrionSwitches, HpLimitFraction) {
  const auto after_ten = [](double fraction) {
    ScriptedRun run("orion", with(kNoThrottle, "hp_limit_fraction", fraction),
                    {training(), ladder(8)});
    iterate(run, 100 * kMillisecond); // 1.25 × solo
    return threshold(run, 8);
  };
  EXPECT_EQ(after_ten(1.5), 6U);
  EXPECT_EQ(after_ten(1.2), 2U);
}

// Clients that it can serve.

std::string error_for(std::vector<TestClient> clients) {
  try {
    const ScriptedRun run("orion", {}, std::move(clients));
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Orion, ServesExactlyOneHighPriorityClient) {
  const TestClient be = best_effort({copy()});
  EXPECT_EQ(error_for({be, be}),
            "orion serves one high-priority client among several, but every "
            "clients[].priority is \"best-effort\"; expected priority \"high\" for exactly one");
  EXPECT_EQ(error_for({inference(), be, inference()}),
            "orion serves one high-priority client among several, but clients[0].priority of "
            "\"client0\", "
            "clients[2].priority of \"client2\" are \"high\"; expected priority \"high\" for "
            "exactly one");
}

TEST(Orion, AClientAloneIsNeverHeld) {
  for (const TestClient& client :
       {inference(), best_effort({kernel(kCompute, 12544, 1'000'000)})}) {
    ScriptedRun run("orion", {{"max_be_duration_ns", std::int64_t{1}}}, {client});
    for (int i = 0; i < 5; ++i) {
      EXPECT_EQ(run.offered(0, 0), Launches{0});
    }
  }
}

} // namespace
} // namespace cotenant
