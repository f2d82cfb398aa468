// What a GPU is used for over time: equal from both engines, adding up to the totals, and without effect on a run.
#include <gtest/gtest.h>

#include "base/error.h"
#include "sim/random_run_for_test.h"

namespace cotenant {
namespace {

using testing::RandomRun;

class Use final : public RecordSink {
 public:
  void request(const RequestRecord& record) override { ends.push_back(record.end); }
  void use(const UseRecord& record) override { rows.push_back(record); }

  std::vector<Nanos> ends;
  std::vector<UseRecord> rows;
};

struct Played {
  Use use;
  SimTotals totals;
};

void play(const RandomRun& run, Nanos interval, EngineKind engine, Played& played) {
  SimSetup setup = run.setup();
  setup.use_interval = interval;
  setup.engine = engine;
  played.totals = simulate(std::move(setup), played.use);
}

/// Calls `check` for random runs that the system accepts.
template <typename Check> void for_runs(const char* system, int count, Check&& check) {
  for (std::uint64_t number = 0; count > 0; ++number) {
    const RandomRun run(find_system(system), number);
    try {
      SCOPED_TRACE(std::string(system) + ", run " + std::to_string(number));
      check(run);
      --count;
    } catch (const InputError&) {
      // Not of a kind that the system serves.
    }
  }
}

class UseOf : public ::testing::TestWithParam<const char*> {};

TEST_P(UseOf, EveryIntervalIsTheOracles) {
  for_runs(GetParam(), 40, [](const RandomRun& run) {
    constexpr Nanos interval = 30'000;
    Played wave;
    Played oracle;
    play(run, interval, EngineKind::wave, wave);
    play(run, interval, EngineKind::oracle, oracle);
    ASSERT_EQ(wave.use.rows.size(), oracle.use.rows.size());
    for (std::size_t i = 0; i < wave.use.rows.size(); ++i) {
      const UseRecord& a = wave.use.rows[i];
      const UseRecord& b = oracle.use.rows[i];
      ASSERT_EQ(a.gpu, b.gpu);
      ASSERT_EQ(a.begin, b.begin);
      ASSERT_EQ(a.end, b.end);
      // The last interval may be a few nanoseconds, in which ticks show.
      const double tolerance = 1e-6 + 1.0 / static_cast<double>(a.end - a.begin);
      ASSERT_NEAR(a.sm_busy, b.sm_busy, tolerance) << i;
      ASSERT_NEAR(a.occupancy, b.occupancy, tolerance) << i;
      ASSERT_NEAR(a.compute, b.compute, tolerance) << i;
      ASSERT_NEAR(a.dram, b.dram, tolerance) << i;
    }
  });
}

TEST_P(UseOf, ItsSeriesCoversTheRunAndStaysWithinWhatThereIs) {
  for_runs(GetParam(), 60, [](const RandomRun& run) {
    Played played;
    play(run, 50'000, EngineKind::wave, played);
    std::vector<Nanos> ends(8, 0);
    for (const UseRecord& row : played.use.rows) {
      ASSERT_EQ(row.begin, ends[row.gpu]);
      ASSERT_GT(row.end, row.begin);
      ends[row.gpu] = row.end;
      for (const double share : {row.sm_busy, row.occupancy, row.compute, row.dram}) {
        ASSERT_GE(share, -1e-9);
      }
      ASSERT_LE(row.sm_busy, 1 + 1e-9);
      ASSERT_LE(row.occupancy, row.sm_busy + 1e-9);
      ASSERT_LE(row.dram, 1 + 1e-9);
    }
    ASSERT_EQ(ends[0], played.totals.duration);
  });
}

TEST_P(UseOf, CountingChangesNoRecord) {
  for_runs(GetParam(), 30, [](const RandomRun& run) {
    Played without;
    Played with;
    play(run, 0, EngineKind::wave, without);
    play(run, 10'000, EngineKind::wave, with);
    ASSERT_EQ(with.use.ends, without.use.ends);
    ASSERT_TRUE(without.use.rows.empty());
    ASSERT_EQ(with.totals.kernels, without.totals.kernels);
    ASSERT_DOUBLE_EQ(with.totals.sm_busy, without.totals.sm_busy);
  });
}

INSTANTIATE_TEST_SUITE_P(Systems, UseOf,
                         ::testing::Values("ideal", "mps", "orion", "streams", "timeslice"),
                         [](const auto& instance) { return std::string(instance.param); });

/// A program whose kernels end with the run, so that what was used is what its counters say.
TEST(UseOfOneProgram, AddsUpToTheRecordedCounters) {
  const GpuSpec gpu = h200_for_test();
  std::mt19937 words(3);
  const PreparedProgram program =
      prepare_program(random_program_for_test("h200", Mode::inference, 40, words), gpu, gpu);
  RunClient client;
  client.name = "only";
  client.priority = Priority::high;
  client.program = &program;
  client.requests = 5;
  const SystemInfo& ideal = find_system("ideal");
  Use use;
  const SimTotals totals = simulate({.gpu = gpu,
                                     .clients = {client},
                                     .system = ideal,
                                     .params = Params::checked(ideal.params, {}, "ideal"),
                                     .until = 0,
                                     .use_interval = 7'000},
                                    use);
  double busy = 0;
  double compute = 0;
  double dram = 0;
  for (const UseRecord& row : use.rows) {
    const auto length = static_cast<double>(row.end - row.begin);
    busy += row.sm_busy * length;
    compute += row.compute * length;
    dram += row.dram * length;
  }
  const auto duration = static_cast<double>(totals.duration);
  EXPECT_NEAR(busy / duration, totals.sm_busy, 1e-9);
  EXPECT_NEAR(dram / duration, totals.dram_busy * gpu.memory.achievable_fraction, 1e-6);
  double recorded = 0;
  for (const Op& op : program.program.ops) {
    if (op.kind == OpKind::kernel) {
      recorded += op.sm_util * static_cast<double>(op.duration);
    }
  }
  EXPECT_NEAR(compute / (5 * recorded), 1, 1e-6);
}

} // namespace
} // namespace cotenant
