// One stream for all clients.
#include <gtest/gtest.h>

#include "device/gpu_spec_for_test.h"
#include "scheduler/fake_gate_for_test.h"
#include "sim/programs_for_test.h"
#include "sim/simulation.h"

namespace cotenant {
namespace {

using testing::best_effort;
using testing::high;
using testing::kernel;
using testing::ScriptedRun;
using Launches = ScriptedRun::Launches;

TEST(SequentialAsPublished, LaunchesAnOpOfEachClientInThePlansOrder) {
  const auto ops = std::vector<OpProfile>(2, kernel(Boundness::compute, 80, 1'000));
  ScriptedRun run("sequential-as-published", {}, {best_effort(ops), high(ops), best_effort(ops)});
  for (std::uint32_t op = 0; op < 2; ++op) {
    run.offer(2, op);
    run.offer(0, op);
    run.offer(1, op);
    EXPECT_EQ(run.decide(), (Launches{0, 1, 2})) << "requests interleave, priority or not";
  }
}

TEST(SequentialAsPublished, HasOneStreamThatOneThreadLaunchesTo) {
  const ScriptedRun run("sequential-as-published", {}, {best_effort({}), best_effort({})});
  EXPECT_EQ(run.mode().contexts, ContextMode::shared);
  EXPECT_EQ(run.mode().launcher, Launcher::single);
  EXPECT_TRUE(run.mode().one_stream);
  EXPECT_FALSE(run.mode().stream_priorities);
}

/// Requests per second of two clients, each with kernels of one block.
std::vector<std::int64_t> completed(const std::string& name) {
  const GpuSpec gpu = h200_for_test();
  const PreparedProgram program =
      prepare_program(program_for_test(gpu.id, Mode::inference,
                                       std::vector<Op>(10, kernel_for_test(1, 128, 50'000))),
                      gpu, gpu);
  RunClient client;
  client.name = "a";
  client.program = &program;
  RunClient other = client;
  other.name = "b";
  RecordSink sink;
  const SystemInfo& system = find_system(name);
  SimSetup setup{.gpu = gpu,
                 .clients = {client, other},
                 .system = system,
                 .params = Params::checked(system.params, {}, "params"),
                 .until = {},
                 .time_limit = 100 * kMillisecond};
  const SimTotals totals = simulate(std::move(setup), sink);
  return {totals.clients[0].requests, totals.clients[1].requests};
}

TEST(SequentialAsPublished, OpsOfDifferentClientsDoNotOverlap) {
  const auto one = completed("sequential-as-published");
  const auto each = completed("streams");
  for (std::size_t c = 0; c < 2; ++c) {
    EXPECT_NEAR(static_cast<double>(one[c]), static_cast<double>(each[c]) / 2, 4)
        << "kernels of one block fit beside each other, but not in one stream";
  }
}

TEST(SequentialAsPublished, ARequestWaitsBehindAQueueThatOneClientFills) {
  GpuSpec gpu = h200_for_test();
  gpu.launch.queue_depth = 100;
  const auto of = [&](std::size_t ops, Nanos duration) {
    return prepare_program(
        program_for_test(gpu.id, Mode::inference,
                         std::vector<Op>(ops, kernel_for_test(1, 128, duration))),
        gpu, gpu);
  };
  const PreparedProgram one = of(1, 10'000);
  const PreparedProgram many = of(1'000, 50'000);
  RunClient high;
  high.name = "hp";
  high.program = &one;
  high.closed = false;
  high.next_gap = [] { return 300 * kMillisecond; };
  high.requests = 3;
  RunClient best_effort;
  best_effort.name = "be";
  best_effort.program = &many;
  struct Latest final : RecordSink {
    void request(const RequestRecord& record) override {
      if (record.client == 0) {
        latency = record.end - record.arrival;
      }
    }
    Nanos latency = 0;
  } latest;
  const SystemInfo& system = find_system("sequential-as-published");
  SimSetup setup{.gpu = gpu,
                 .clients = {high, best_effort},
                 .system = system,
                 .params = Params::checked(system.params, {}, "params"),
                 .until = 0};
  simulate(std::move(setup), latest);
  const double each = 50'000 + static_cast<double>(gpu.launch.dependent_gap);
  EXPECT_NEAR(static_cast<double>(latest.latency), 100 * each, 4 * each)
      << "one queue for both, not one for each";
}

} // namespace
} // namespace cotenant
