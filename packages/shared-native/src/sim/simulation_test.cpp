#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <map>

#include "base/error.h"
#include "base/sanitized_for_test.h"
#include "device/gpu_spec_for_test.h"
#include "sim/programs_for_test.h"
#include "sim/simulation.h"

namespace cotenant {
namespace {

class Records final : public RecordSink {
 public:
  void request(const RequestRecord& record) override { rows.push_back(record); }

  [[nodiscard]] std::vector<RequestRecord> of(std::size_t client) const {
    std::vector<RequestRecord> result;
    std::copy_if(rows.begin(), rows.end(), std::back_inserter(result),
                 [&](const RequestRecord& row) { return row.client == client; });
    return result;
  }
  std::vector<RequestRecord> rows;
};

/// Two clients on one GPU: a high-priority one with open-loop traffic, a closed best-effort one.
struct Pair {
  GpuSpec gpu = h200_for_test();
  PreparedProgram hp;
  PreparedProgram be;
  std::int64_t requests = 20;
  Nanos gap = 1'000'000;
  std::vector<std::pair<std::string, ParamValue>> params; ///< of the system
  HostCosts host;                                         ///< of both clients

  Pair(Program hp_program, Program be_program)
      : hp(prepare_program(hp_program, gpu, gpu)), be(prepare_program(be_program, gpu, gpu)) {}

  /// `best_effort`: what the best-effort client does.
  static Pair random(std::uint32_t seed, Mode best_effort = Mode::training) {
    std::mt19937 words(seed);
    Program hp_program = random_program_for_test("h200", Mode::inference, 30, words);
    Program be_program = random_program_for_test("h200", best_effort, 60, words);
    Pair pair(std::move(hp_program), std::move(be_program));
    pair.gpu.reset = GpuSpec::Reset{.command = 10'000}; // for the systems that need it
    pair.gap = pair.hp.solo_latency * 2;
    return pair;
  }

  SimTotals run(const std::string& system, Records& records, EngineKind engine = EngineKind::wave) {
    const SystemInfo& info = find_system(system);
    SimSetup setup{.gpu = gpu,
                   .clients = {},
                   .system = info,
                   .params = Params::checked(info.params, params, "test"),
                   .until = 0,
                   .engine = engine};
    RunClient high;
    high.name = "hp";
    high.priority = Priority::high;
    high.program = &hp;
    high.closed = false;
    high.next_gap = [this] { return gap; };
    high.requests = requests;
    high.warmup = 2;
    RunClient best_effort;
    best_effort.name = "be";
    best_effort.program = &be;
    best_effort.warmup = 2;
    high.host = best_effort.host = host;
    setup.clients = {high, best_effort};
    return simulate(std::move(setup), records);
  }
};

std::vector<std::string> sharing_systems() {
  std::vector<std::string> names;
  for (const SystemInfo& system : all_systems()) {
    names.push_back(system.name);
  }
  return names;
}

class WholeRun : public testing::TestWithParam<std::string> {
 protected:
  /// Training beside inference, where the system allows it.
  static Pair random_pair(std::uint32_t seed) {
    return Pair::random(seed, GetParam() == "reef-reset" ? Mode::inference : Mode::training);
  }
};
INSTANTIATE_TEST_SUITE_P(Systems, WholeRun, testing::ValuesIn(sharing_systems()),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(Simulation, SoloLatencyIsTheSumOfItsParts) {
  const GpuSpec gpu = h200_for_test();
  const Program program =
      program_for_test("h200", Mode::inference,
                       {kernel_for_test(132, 256, 50'000), kernel_for_test(132, 256, 70'000),
                        kernel_for_test(132, 256, 30'000)});
  const PreparedProgram prepared = prepare_program(program, gpu, gpu);
  // Launches run ahead of kernels this long: the first launch, the kernels with gaps between, the
  // wait's end.
  EXPECT_EQ(prepared.solo_latency, gpu.launch.host + gpu.launch.latency + 150'000 +
                                       2 * gpu.launch.dependent_gap + gpu.launch.sync);
}

TEST(Simulation, GapsGrowBesideAnotherClientAndUnderMps) {
  Op small = kernel_for_test(1, 32, 50'000);
  small.sm_util = small.dram_util = 0;
  Op lasting = small;
  lasting.duration = 100'000'000;
  Pair pair(program_for_test("h200", Mode::inference, {small, small, small, small}),
            program_for_test("h200", Mode::training, {lasting}));
  const auto& launch = pair.gpu.launch;
  ASSERT_GT(launch.busy_gap, 0);
  ASSERT_GT(launch.mps_gap, 0);
  const auto added = [&](const std::string& system) {
    Records records;
    pair.run(system, records);
    const RequestRecord request = records.of(0).at(10);
    return request.end - request.start - pair.hp.solo_latency;
  };
  EXPECT_EQ(added("ideal"), 0);
  EXPECT_EQ(added("streams"), 3 * launch.busy_gap);
  EXPECT_EQ(added("mps"), 3 * (launch.busy_gap + launch.mps_gap));
}

TEST(Simulation, WatchingEveryOpTakesTheLaunchingThreadsTime) {
  // Best-effort ops that are shorter than their launch, beside a high-priority job that is idle almost always.
  const auto op = [](Nanos duration) { return kernel_for_test(1, 32, duration); };
  Pair pair(program_for_test("h200", Mode::inference, {op(5'000)}),
            program_for_test("h200", Mode::training, std::vector<Op>(500, op(100))));
  pair.gap = 50'000'000;
  pair.params = {{"depth", std::int64_t{64}}};
  const auto iteration = [&] {
    Records records;
    pair.run("reef", records);
    const RequestRecord row = records.of(1).at(20);
    return row.end - row.start;
  };
  auto& launch = pair.gpu.launch;
  ASSERT_GT(launch.mark, 0);
  ASSERT_GT(launch.query, 0);
  const Nanos watched = iteration();
  EXPECT_NEAR(static_cast<double>(watched),
              500.0 * static_cast<double>(launch.host + launch.mark + launch.query), 20'000);
  launch.mark = launch.query = 0;
  EXPECT_NEAR(static_cast<double>(iteration()), 500.0 * static_cast<double>(launch.host), 20'000);
  pair.host = {.launch = 4'000, .mark = 200, .query = 1'500};
  EXPECT_NEAR(static_cast<double>(iteration()), 500.0 * 5'700, 20'000) << "as the plan has it";
}

TEST(Simulation, ShortKernelsAreBoundByTheHost) {
  const GpuSpec gpu = h200_for_test();
  std::vector<Op> ops(100, kernel_for_test(1, 32, 100));
  const PreparedProgram prepared =
      prepare_program(program_for_test("h200", Mode::inference, ops), gpu, gpu);
  EXPECT_GE(prepared.solo_latency, 100 * gpu.launch.host);
  EXPECT_LE(prepared.solo_latency, 100 * gpu.launch.host + 20'000);
}

TEST_P(WholeRun, CompletesEveryRequestInOrder) {
  for (std::uint32_t seed = 1; seed <= 5; ++seed) {
    Pair pair = random_pair(seed);
    Records records;
    const SimTotals totals = pair.run(GetParam(), records);
    const auto hp = records.of(0);
    ASSERT_EQ(hp.size(), 20U);
    Nanos arrival = 0;
    for (std::size_t i = 0; i < hp.size(); ++i) {
      EXPECT_EQ(hp[i].index, static_cast<std::int64_t>(i));
      EXPECT_EQ(hp[i].arrival, arrival) << "open loop: arrivals do not depend on completions";
      EXPECT_GE(hp[i].start, hp[i].arrival);
      EXPECT_GT(hp[i].end, hp[i].start);
      arrival += pair.gap;
    }
    const auto be = records.of(1);
    for (std::size_t i = 0; i + 1 < be.size(); ++i) {
      EXPECT_EQ(be[i].index, static_cast<std::int64_t>(i));
      EXPECT_GE(be[i + 1].start, be[i].end) << "requests of a client do not overlap";
    }
    // No op is lost: completed requests, those of the warm-up, and at most one that the end cut
    // off.
    const auto ops = pair.be.profile.size();
    const std::uint64_t whole = (be.size() + 2) * ops;
    EXPECT_GE(totals.clients[1].ops, whole);
    EXPECT_LT(totals.clients[1].ops, whole + ops);
    EXPECT_EQ(totals.clients[0].ops, 22 * pair.hp.profile.size());
    EXPECT_GE(totals.clients[1].iterations, static_cast<double>(be.size()));
    EXPECT_LE(totals.sm_busy, 2.0) << "at most one GPU a client";
  }
}

TEST_P(WholeRun, EqualSetupsGiveEqualRecords) {
  Pair pair = random_pair(7);
  Records first;
  Records second;
  const SimTotals a = pair.run(GetParam(), first);
  const SimTotals b = pair.run(GetParam(), second);
  EXPECT_EQ(a.events, b.events);
  ASSERT_EQ(first.rows.size(), second.rows.size());
  for (std::size_t i = 0; i < first.rows.size(); ++i) {
    EXPECT_EQ(first.rows[i].client, second.rows[i].client);
    EXPECT_EQ(first.rows[i].end, second.rows[i].end);
  }
}

TEST_P(WholeRun, NobodyIsFasterThanAlone) {
  Pair pair = random_pair(3);
  Records records;
  pair.run(GetParam(), records);
  for (const RequestRecord& row : records.of(0)) {
    // The device part alone: start is the launch, so the wait before it does not count.
    EXPECT_GE(row.end - row.start + pair.gpu.launch.poll, pair.hp.solo_latency);
  }
}

/// The fast engine stands in for the oracle in whole runs: service times and throughput within 3 %.
TEST_P(WholeRun, FastEngineAgreesWithTheOracle) {
  for (std::uint32_t seed = 11; seed <= (kSanitized ? 11 : 14); ++seed) {
    Pair pair = random_pair(seed);
    Records fast;
    Records oracle;
    const SimTotals a = pair.run(GetParam(), fast);
    const SimTotals b = pair.run(GetParam(), oracle, EngineKind::oracle);
    const auto mean_service = [](const std::vector<RequestRecord>& rows) {
      double sum = 0;
      for (const RequestRecord& row : rows) {
        sum += static_cast<double>(row.end - row.start);
      }
      return sum / static_cast<double>(rows.size());
    };
    const double service = mean_service(oracle.of(0));
    EXPECT_NEAR(mean_service(fast.of(0)), service, 0.03 * service) << "seed " << seed;
    EXPECT_NEAR(a.clients[1].iterations, b.clients[1].iterations, 0.03 * b.clients[1].iterations)
        << "seed " << seed;
  }
}

TEST(Simulation, IdealLeavesClientsAlone) {
  Pair pair = Pair::random(5);
  Records records;
  pair.run("ideal", records);
  for (const RequestRecord& row : records.of(0)) {
    EXPECT_EQ(row.end - row.arrival, pair.hp.solo_latency);
  }
}

TEST(Simulation, TimeLimitEndsTheRun) {
  Pair pair = Pair::random(5);
  const SystemInfo& info = find_system("streams");
  RunClient client;
  client.name = "be";
  client.program = &pair.be;
  Records records;
  const SimTotals totals =
      simulate({.gpu = pair.gpu,
                .clients = {client},
                .system = info,
                .params = Params::checked(info.params, {}, "test"),
                .until = std::nullopt,
                .time_limit = 3 * pair.be.solo_latency + pair.be.solo_latency / 2},
               records);
  EXPECT_EQ(totals.duration, 3 * pair.be.solo_latency + pair.be.solo_latency / 2);
  EXPECT_EQ(records.rows.size(), 3U);
  EXPECT_NEAR(totals.clients[0].iterations, 3.5, 0.25);
}

/// A scheduler that never launches: the run must end with an error, not hang.
class Holder final : public Scheduler {
 public:
  void decide(Gate& /*gate*/) override {}
};

TEST(Simulation, StuckSchedulerIsNamed) {
  Pair pair = Pair::random(5);
  const SystemInfo stuck{.name = "holder",
                         .title = "",
                         .summary = "",
                         .params = {},
                         .make = [](const Params&, const cotenant::Setup&) {
                           return SystemInstance{.mode = {},
                                                 .scheduler = std::make_unique<Holder>()};
                         }};
  RunClient client;
  client.name = "be";
  client.program = &pair.be;
  client.requests = 1;
  Records records;
  try {
    simulate({.gpu = pair.gpu,
              .clients = {client},
              .system = stuck,
              .params = {},
              .until = std::nullopt},
             records);
    FAIL() << "ended";
  } catch (const std::logic_error& error) {
    EXPECT_NE(std::string(error.what()).find("holds op 0 of client 'be'"), std::string::npos)
        << error.what();
  }
}

TEST(Simulation, CopiesOfOneDirectionQueue) {
  const GpuSpec gpu = h200_for_test();
  const Program program =
      program_for_test("h200", Mode::inference, {copy_for_test(OpKind::copy_h2d, 1'000'000)});
  const PreparedProgram prepared = prepare_program(program, gpu, gpu);
  const SystemInfo& info = find_system("streams");
  RunClient client;
  client.program = &prepared;
  client.requests = 1;
  RunClient other = client;
  client.name = "a";
  other.name = "b";
  Records records;
  simulate({.gpu = gpu,
            .clients = {client, other},
            .system = info,
            .params = Params::checked(info.params, {}, "test"),
            .until = std::nullopt},
           records);
  ASSERT_EQ(records.rows.size(), 2U);
  EXPECT_EQ(records.rows[1].end - records.rows[0].end, 1'000'000);
}

} // namespace
} // namespace cotenant
