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

} // namespace
} // namespace cotenant
