#include <algorithm>
#include <gtest/gtest.h>
#include <map>

#include "base/error.h"
#include "device/gpu_spec_for_test.h"
#include "scheduler/fake_gate_for_test.h"
#include "sim/programs_for_test.h"
#include "sim/simulation.h"

namespace cotenant {
namespace {

constexpr std::int64_t kMib = 1 << 20;
constexpr std::int64_t kRegion = 64 * kMib;
constexpr Nanos kOp = 100 * kMicrosecond;

/// An iteration whose memory rises by a region an op to `peak` and falls again as fast.
Program triangle(std::uint32_t peak) {
  std::vector<Op> ops;
  for (std::uint32_t i = 0; i < 2 * peak; ++i) {
    Op op = kernel_for_test(20, 128, kOp);
    op.phase = i < peak ? Phase::forward : Phase::backward;
    ops.push_back(op);
  }
  Program program = program_for_test("h200", Mode::training, std::move(ops));
  for (std::uint32_t block = 0; block < peak; ++block) {
    program.memory.push_back({.op = block, .alloc = true, .block = block, .bytes = kRegion});
  }
  for (std::uint32_t block = peak; block-- > 0;) {
    program.memory.push_back(
        {.op = 2 * peak - block, .alloc = false, .block = block, .bytes = kRegion});
  }
  program.persistent_bytes = 3 * kMib;
  program.peak_bytes = 3 * kMib + peak * kRegion;
  return program;
}

struct Ran {
  std::map<std::size_t, std::vector<RequestRecord>> requests;
  std::vector<MemoryRecord> memory;
  SimTotals totals;
};

class Keep final : public RecordSink {
 public:
  explicit Keep(Ran& ran) : ran_(ran) {}
  void request(const RequestRecord& record) override {
    ran_.requests[record.client].push_back(record);
  }
  void memory(const MemoryRecord& record) override {
    if (record.client == MemoryRecord::kAll) {
      ran_.memory.push_back(record);
    }
  }

 private:
  Ran& ran_;
};

Ran run_pair(const std::string& system, const testing::ParamList& params,
             const PreparedProgram& program, const GpuSpec& gpu) {
  const SystemInfo& info = find_system(system);
  std::vector<RunClient> clients;
  for (const char* name : {"a", "b"}) {
    RunClient client;
    client.name = name;
    client.program = &program;
    client.requests = 10;
    clients.push_back(client);
  }
  Ran ran;
  Keep keep(ran);
  ran.totals = simulate({.gpu = gpu,
                         .clients = clients,
                         .system = info,
                         .params = Params::checked(info.params, params, "params"),
                         .until = std::nullopt,
                         .memory_interval = kMillisecond},
                        keep);
  return ran;
}

testing::ParamList budget(std::int64_t regions) {
  return {{"budget", std::to_string(6 + 64 * regions) + "MiB"},
          {"short_ops", std::int64_t{0}},
          {"ahead", std::int64_t{2}}};
}

class ZicoRun : public ::testing::Test {
 protected:
  GpuSpec gpu = h200_for_test();
  Program program = triangle(20);
  PreparedProgram prepared = prepare_program(program, gpu, gpu);
};

TEST_F(ZicoRun, EqualJobsInTheLeastBudgetForBothRunAsTickTockDoes) {
  // The peak, and a region for each op in flight of the one that begins.
  const Ran zico = run_pair("zico", budget(22), prepared, gpu);
  // From the second iteration on, each begins in the middle of one of the other's.
  for (std::size_t i = 1; i + 1 < 10; ++i) {
    const RequestRecord& b = zico.requests.at(1)[i];
    const auto& a = zico.requests.at(0);
    const auto beside = std::find_if(a.begin(), a.end(), [&](const RequestRecord& record) {
      return record.start < b.start && b.start < record.end;
    });
    ASSERT_NE(beside, a.end()) << i;
    const auto iteration = static_cast<double>(beside->end - beside->start);
    EXPECT_NEAR(static_cast<double>(b.start - beside->start), iteration / 2, 0.05 * iteration) << i;
  }
  // Tick-tock scheduling takes as long, by its own rule that knows nothing of memory.
  const Ran ticktock = run_pair("ticktock", {}, prepared, gpu);
  EXPECT_NEAR(static_cast<double>(zico.totals.duration),
              static_cast<double>(ticktock.totals.duration),
              0.05 * static_cast<double>(ticktock.totals.duration));
}

TEST_F(ZicoRun, WithRoomForBothPeaksNothingWaits) {
  testing::ParamList roomy = budget(44);
  roomy.back().second = std::int64_t{64};
  const Ran zico = run_pair("zico", roomy, prepared, gpu);
  const Ran streams = run_pair("streams", {}, prepared, gpu);
  EXPECT_NEAR(static_cast<double>(zico.totals.duration),
              static_cast<double>(streams.totals.duration),
              0.02 * static_cast<double>(streams.totals.duration));
}

TEST_F(ZicoRun, WhatNeverFitsTogetherTakesTurns) {
  for (MemoryEvent& event : program.memory) { // all of it from the first op to the last
    event.op = event.alloc ? 0 : 40;
  }
  const PreparedProgram flat = prepare_program(program, gpu, gpu);
  EXPECT_GE(run_pair("zico", budget(39), flat, gpu).totals.duration, 20 * 40 * kOp);
  EXPECT_LE(run_pair("zico", budget(40), flat, gpu).totals.duration, 12 * 40 * kOp);
}

TEST_F(ZicoRun, WhatIsLiveIsHeldAndWhatIsHeldIsWithinTheBudget) {
  const Ran zico = run_pair("zico", budget(25), prepared, gpu);
  ASSERT_GT(zico.memory.size(), 10U);
  std::int64_t most = 0;
  for (const MemoryRecord& record : zico.memory) {
    EXPECT_LE(record.live_max, record.held_max);
    EXPECT_LE(record.held_max, record.budget);
    EXPECT_LE(record.live_mean, static_cast<double>(record.live_max));
    EXPECT_EQ(record.over_budget, 0);
    most = std::max(most, record.live_max);
  }
  EXPECT_GT(most, 20 * kRegion + 6 * kMib); // more than one job's
}

TEST_F(ZicoRun, WithoutSharingEveryJobHoldsItsPeakWhateverIsLive) {
  const Ran streams = run_pair("streams", {}, prepared, gpu);
  for (const MemoryRecord& record : streams.memory) {
    EXPECT_EQ(record.held_max, 2 * program.peak_bytes);
    EXPECT_EQ(record.budget, 0);
  }
  // Both in step, both at their peak.
  const auto most = std::max_element(
      streams.memory.begin(), streams.memory.end(),
      [](const MemoryRecord& a, const MemoryRecord& b) { return a.live_max < b.live_max; });
  EXPECT_EQ(most->live_max, 2 * program.peak_bytes);
}

TEST_F(ZicoRun, ABudgetThatFallsIsKeptOnceTheIterationsUnderWayAreOver) {
  testing::ParamList params = budget(44);
  params[0].second =
      std::get<std::string>(params[0].second) + ", 1600MiB @ 18500us, 2820MiB @ 30ms";
  const Ran zico = run_pair("zico", params, prepared, gpu);
  Nanos over = 0;
  for (const MemoryRecord& record : zico.memory) {
    over += record.over_budget;
    if (record.begin >= 19 * kMillisecond + 2 * 40 * kOp && record.end < 30 * kMillisecond) {
      EXPECT_EQ(record.budget, 1600 * kMib);
      EXPECT_LE(record.held_max, record.budget) << record.begin;
    }
  }
  EXPECT_GT(over, 0);
  EXPECT_LT(over, 2 * 40 * kOp);
}

void expect_refused(const testing::ParamList& params, const PreparedProgram& program,
                    const GpuSpec& gpu, const std::string& message) {
  try {
    run_pair("zico", params, program, gpu);
    ADD_FAILURE() << "accepted; expected: " << message;
  } catch (const InputError& error) {
    EXPECT_EQ(error.what(), message);
  }
}

TEST_F(ZicoRun, BudgetsThatCannotWorkAreRefusedBeforeAnythingRuns) {
  expect_refused({{"budget", std::string("2MiB")}}, prepared, gpu,
                 "params.budget: 2.0 MiB is too little: client \"a\" alone keeps 3.0 MiB between "
                 "iterations; expected at least 3.0 MiB");
  expect_refused(budget(19), prepared, gpu,
                 "params.budget: 1222.0 MiB is too little: the clients keep 6.0 MiB for "
                 "themselves, and an iteration of client \"a\" takes 20 regions of 64.0 MiB; "
                 "expected at least 1286.0 MiB");
  expect_refused({{"budget", std::string("2GiB, 1GiB @ 1s")}, {"region_mib", std::int64_t{8}}},
                 prepared, gpu,
                 "params.budget: 1024.0 MiB is too little: the clients keep 6.0 MiB for "
                 "themselves, and an iteration of client \"a\" takes 160 regions of 8.0 MiB; "
                 "expected at least 1286.0 MiB");
  expect_refused({{"budget", std::string("500GiB")}}, prepared, gpu,
                 "params.budget: 512000.0 MiB is more than h200 has; expected at most its 134468.1 "
                 "MiB");
}

TEST_F(ZicoRun, ATraceThatFreesWhatItNeverTookIsRefusedBeforeAnythingRuns) {
  program.memory.push_back({.op = 40, .alloc = false, .block = 99, .bytes = 1});
  try {
    prepare_program(program, gpu, gpu);
    ADD_FAILURE() << "accepted";
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "program 'test-training': memory event 40: frees block 99, which "
                               "was never taken; expected a block that is allocated");
  }
}

} // namespace
} // namespace cotenant
