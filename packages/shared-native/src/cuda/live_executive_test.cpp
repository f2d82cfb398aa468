#include <gtest/gtest.h>
#include <map>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "cuda/fake_device_for_test.h"
#include "cuda/live_executive.h"
#include "device/gpu_spec_for_test.h"
#include "sim/programs_for_test.h"

namespace cotenant::cuda {
namespace {

struct Records final : RecordSink {
  void request(const RequestRecord& record) override { rows.push_back(record); }
  std::vector<RequestRecord> rows;
};

/// A run on the fake device, all clients driven by one executive.
struct Bench {
  explicit Bench(std::string name) : system_name(std::move(name)) {}

  PreparedProgram& add(Priority priority, std::vector<Op> ops, std::int64_t requests,
                       std::int64_t warmup = 1, Mode mode = Mode::inference) {
    programs.push_back(std::make_unique<PreparedProgram>(
        prepare_program(program_for_test(gpu.id, mode, std::move(ops)), gpu, gpu)));
    RunClient client;
    client.name = "c" + std::to_string(clients.size());
    client.priority = priority;
    client.program = programs.back().get();
    client.warmup = warmup;
    if (requests > 0) {
      client.requests = requests;
    }
    clients.push_back(client);
    return *programs.back();
  }

  void poisson_like(std::size_t client, std::vector<Nanos> gaps) {
    clients[client].closed = false;
    clients[client].next_gap = [gaps = std::move(gaps), at = std::size_t{0}]() mutable {
      return gaps[at++ % gaps.size()];
    };
  }

  LiveTotals run(std::vector<std::size_t> waited = {}) {
    std::vector<std::vector<Nanos>> durations;
    LiveRun live;
    for (std::size_t c = 0; c < clients.size(); ++c) {
      durations.emplace_back();
      for (const OpProfile& op : clients[c].program->profile) {
        durations.back().push_back(op.duration);
      }
      live.driven.push_back(c);
    }
    device = std::make_unique<FakeDevice>(durations);
    device->hang_at = hang_at;
    device->fail_at = fail_at;
    const SystemInfo& info = find_system(system_name);
    const std::vector<ClientInfo> infos = client_infos(clients);
    system =
        info.make(Params::checked(info.params, params, "test"), {.gpu = gpu, .clients = infos});
    live.waited_for = waited.empty() ? live.driven : waited;
    live.clients = &clients;
    live.system = &system;
    live.options = options;
    shared.warming = static_cast<int>(clients.size());
    shared.unfinished = static_cast<int>(live.waited_for.size());
    return run_live(live, *device, shared, records);
  }

  const GpuSpec gpu = h200_for_test();
  std::string system_name;
  std::vector<std::pair<std::string, ParamValue>> params;
  std::vector<std::unique_ptr<PreparedProgram>> programs;
  std::vector<RunClient> clients;
  LiveOptions options;
  std::optional<std::pair<std::size_t, std::uint32_t>> hang_at;
  std::optional<std::pair<std::size_t, std::uint32_t>> fail_at;
  std::unique_ptr<FakeDevice> device;
  SystemInstance system;
  SharedRun shared;
  Records records;
};

std::vector<Op> kernels(std::size_t count, Nanos duration, Boundness boundness) {
  return std::vector<Op>(count, kernel_for_test(100, 128, duration, boundness));
}

TEST(LiveExecutive, CompletesEveryRequestOnce) {
  Bench bench("ideal");
  bench.add(Priority::high, kernels(10, 20'000, Boundness::compute), 5, 2);
  const LiveTotals totals = bench.run();
  EXPECT_EQ(bench.device->log.size(), 70U) << "warm-up included";
  ASSERT_EQ(bench.records.rows.size(), 5U);
  EXPECT_EQ(totals.clients[0].requests, 5);
  EXPECT_EQ(totals.clients[0].ops, 70U);
  EXPECT_TRUE(bench.device->drained);
  for (const RequestRecord& row : bench.records.rows) {
    EXPECT_GE(row.end - row.start, 10 * 20'000) << "never before the device is done";
    EXPECT_LT(row.end - row.start, 10 * 20'000 + 12'000) << "and seen soon after";
  }
}

TEST(LiveExecutive, TimesSomeLaunches) {
  Bench bench("ideal");
  bench.add(Priority::high, kernels(10, 20'000, Boundness::compute), 20, 2);
  const LiveTotals totals = bench.run();
  EXPECT_EQ(totals.launch_costs.size(), (220 + SampledCost::kStride - 1) / SampledCost::kStride);
  for (const Nanos cost : totals.launch_costs) {
    EXPECT_EQ(cost, 2'530) << "what the device takes, and a look at the clock";
  }
  EXPECT_EQ(totals.mark_costs, std::vector<Nanos>{730});
}

TEST(LiveExecutive, ClosedClientsFollowThemselves) {
  Bench bench("ideal");
  bench.add(Priority::high, kernels(4, 50'000, Boundness::compute), 20);
  bench.run();
  for (std::size_t i = 1; i < bench.records.rows.size(); ++i) {
    EXPECT_EQ(bench.records.rows[i].arrival, bench.records.rows[i - 1].end);
  }
}

TEST(LiveExecutive, OpenLoopLatencyCountsFromTheScheduledArrival) {
  Bench bench("ideal");
  bench.add(Priority::high, kernels(10, 100'000, Boundness::compute), 6, 1);
  bench.poisson_like(0, {200'000}); // five times faster than it is served
  bench.run();
  ASSERT_EQ(bench.records.rows.size(), 6U);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(bench.records.rows[i].arrival, static_cast<Nanos>(i) * 200'000);
  }
  const RequestRecord& last = bench.records.rows.back();
  EXPECT_GT(last.end - last.arrival, 4 * (1'000'000 - 200'000)) << "the queue is counted";
}

TEST(LiveExecutive, EndsWithTheClientThatIsWaitedFor) {
  Bench bench("streams");
  bench.add(Priority::high, kernels(5, 10'000, Boundness::compute), 100);
  bench.add(Priority::best_effort, kernels(50, 30'000, Boundness::memory), 0, 1, Mode::training);
  const LiveTotals totals = bench.run({0});
  EXPECT_EQ(totals.clients[0].requests, 100);
  EXPECT_GT(totals.clients[1].iterations, 1);
  EXPECT_LT(totals.clients[1].iterations, 20);
}

TEST(LiveExecutive, ATimeLimitEndsTheRun) {
  Bench bench("streams");
  bench.options.time_limit = 10'000'000;
  bench.add(Priority::best_effort, kernels(10, 100'000, Boundness::memory), 0);
  const LiveTotals totals = bench.run();
  EXPECT_GE(totals.duration, 10'000'000);
  EXPECT_LT(totals.duration, 10'200'000);
  EXPECT_NEAR(totals.clients[0].iterations, 10, 1);
}

TEST(LiveExecutive, ReefKeepsItsDepthOnTheDevice) {
  Bench bench("reef");
  bench.params = {{"depth", std::int64_t{3}}};
  bench.add(Priority::high, kernels(5, 10'000, Boundness::compute), 20);
  bench.poisson_like(0, {700'000});
  bench.add(Priority::best_effort, kernels(40, 25'000, Boundness::memory), 0, 1, Mode::training);
  bench.run({0});
  const auto& log = bench.device->log;
  for (std::size_t i = 0; i < log.size(); ++i) {
    if (log[i].client != 1) {
      continue;
    }
    int in_flight = 0;
    for (std::size_t j = 0; j <= i; ++j) {
      in_flight += log[j].client == 1 && log[j].end > log[i].at ? 1 : 0;
    }
    EXPECT_LE(in_flight, 3) << "launch " << i;
  }
}

TEST(LiveExecutive, OrionDrainsBehindTheOpThatExceedsTheLimit) {
  Bench bench("orion");
  bench.params = {{"max_be_duration_ns", std::int64_t{60'000}}};
  bench.add(Priority::high, kernels(3, 10'000, Boundness::compute), 10, 0);
  bench.poisson_like(0, {2'000'000});
  bench.add(Priority::best_effort, kernels(40, 25'000, Boundness::memory), 0, 0, Mode::training);
  bench.run({0});
  // Three kernels of 25 us pass 60 us; the fourth waits until they are complete.
  std::vector<FakeDevice::Launched> best_effort;
  for (const auto& launched : bench.device->log) {
    if (launched.client == 1) {
      best_effort.push_back(launched);
    }
  }
  ASSERT_GT(best_effort.size(), 60U);
  for (std::size_t i = 3; i + 3 < 30; i += 3) {
    EXPECT_GE(best_effort[i].at, best_effort[i - 1].end) << i;
    EXPECT_LT(best_effort[i].at, best_effort[i - 1].end + 15'000) << "seen soon: " << i;
  }
}

TEST(LiveExecutive, AClientIsServedWhileTheQueueOfAnotherIsFull) {
  // Which launches unchecked in its first measured request, and is asked first.
  Bench bench("reef-as-published");
  bench.options.max_in_flight = 32;
  bench.add(Priority::high, kernels(5, 10'000, Boundness::compute), 10);
  bench.poisson_like(0, {500'000});
  bench.add(Priority::best_effort, kernels(400, 25'000, Boundness::memory), 0, 1, Mode::training);
  bench.run({0});
  const RequestRecord& first = bench.records.rows.front();
  EXPECT_LT(first.start, 32 * 5'000) << "as soon as the queue is full";
  EXPECT_LT(first.end - first.arrival, 1'500'000);
}

TEST(LiveExecutive, ClientsOfOneStreamShareItsQueue) {
  Bench bench("sequential-as-published");
  bench.options.max_in_one_stream = 40;
  for (const Priority priority : {Priority::high, Priority::best_effort}) {
    bench.add(priority, kernels(400, 25'000, Boundness::memory), 3, 1, Mode::training);
  }
  bench.run();
  const auto& log = bench.device->log;
  std::ptrdiff_t most = 0;
  for (const auto& launched : log) {
    most = std::max(most, std::ranges::count_if(log, [&](const auto& other) {
                      return other.at <= launched.at && other.end > launched.at;
                    }));
  }
  EXPECT_GE(most, 40);
  EXPECT_LE(most, 41) << "both clients may take the last place";
}

TEST(LiveExecutive, MarksFewOpsWhereTheSystemWatchesRequestsOnly) {
  Bench bench("ideal");
  bench.add(Priority::high, kernels(300, 20'000, Boundness::compute), 4, 0);
  bench.run();
  EXPECT_LE(bench.device->marks, 4U * 6U);
}

TEST(LiveExecutive, NamesTheOpThatHangs) {
  Bench bench("streams");
  bench.options.watchdog = 5 * kMillisecond;
  bench.hang_at = {1, 7};
  bench.add(Priority::high, kernels(5, 10'000, Boundness::compute), 0);
  bench.clients[0].requests = 3;
  bench.add(Priority::best_effort, kernels(20, 10'000, Boundness::memory), 5);
  try {
    bench.run();
    FAIL() << "expected Stuck";
  } catch (const Stuck& error) {
    EXPECT_NE(std::string(error.what()).find("client 'c1'"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("have not completed"), std::string::npos);
  }
  EXPECT_TRUE(bench.shared.stop) << "others must not wait";
}

TEST(LiveExecutive, PassesOnWhatTheDeviceRefuses) {
  Bench bench("streams");
  bench.fail_at = {0, 3};
  bench.add(Priority::high, kernels(5, 10'000, Boundness::compute), 3);
  EXPECT_THROW(bench.run(), DeviceError);
  EXPECT_TRUE(bench.shared.stop);
}

TEST(LiveExecutive, StopsWhenTheUserAsks) {
  Bench bench("streams");
  bench.shared.stop = true;
  bench.add(Priority::high, kernels(5, 10'000, Boundness::compute), 3);
  const LiveTotals totals = bench.run();
  EXPECT_EQ(totals.clients[0].requests, 0);
}

class EveryLiveSystem : public ::testing::TestWithParam<const char*> {};

/// No op is lost, doubled or reordered, and no client is left behind, whatever the system does.
TEST_P(EveryLiveSystem, RunsEveryOpInOrder) {
  rc::check([&] {
    Bench bench(GetParam());
    const auto ops = [](std::size_t most) {
      std::vector<Op> list;
      const auto count = *rc::gen::inRange<std::size_t>(1, most);
      for (std::size_t i = 0; i < count; ++i) {
        list.push_back(kernel_for_test(
            *rc::gen::inRange(1U, 300U), 128, *rc::gen::inRange<Nanos>(1'000, 80'000),
            *rc::gen::element(Boundness::compute, Boundness::memory, Boundness::unknown)));
      }
      return list;
    };
    bench.add(Priority::high, ops(30), *rc::gen::inRange<std::int64_t>(1, 6),
              *rc::gen::inRange<std::int64_t>(0, 3));
    if (*rc::gen::arbitrary<bool>()) {
      bench.poisson_like(0, {*rc::gen::inRange<Nanos>(1'000, 2'000'000), 300'000});
    }
    bench.add(Priority::best_effort, ops(200), *rc::gen::inRange<std::int64_t>(1, 4),
              *rc::gen::inRange<std::int64_t>(0, 3), Mode::training);
    bench.options.max_in_flight = *rc::gen::inRange(1U, 600U);
    const LiveTotals totals = bench.run();
    std::map<std::size_t, std::uint32_t> next;
    for (const auto& launched : bench.device->log) {
      const auto count =
          static_cast<std::uint32_t>(bench.clients[launched.client].program->profile.size());
      RC_ASSERT(launched.op == next[launched.client] % count);
      ++next[launched.client];
    }
    for (std::size_t c = 0; c < 2; ++c) {
      const RunClient& client = bench.clients[c];
      const auto per_request = static_cast<std::int64_t>(client.program->profile.size());
      RC_ASSERT(totals.clients[c].requests == *client.requests);
      RC_ASSERT(next[c] == (*client.requests + client.warmup) * per_request);
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Systems, EveryLiveSystem,
                         ::testing::Values("streams", "streams-priority", "sequential", "reef",
                                           "reef-as-published", "orion"),
                         [](const auto& system) {
                           std::string name = system.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

} // namespace
} // namespace cotenant::cuda
