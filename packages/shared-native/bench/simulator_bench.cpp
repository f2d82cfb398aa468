// Speed of whole simulated runs: scheduler, executive and SM engines together, one core.
// Bars: 3 M kernels/s and 10 M events/s without timeline, 1 M kernels/s with, at most 200 MB for a
// ten-minute run.
#include <benchmark/benchmark.h>
#include <filesystem>
#include <memory>
#include <sys/resource.h>

#include "record/request_log.h"
#include "record/timeline.h"
#include "run/catalog.h"
#include "sim/simulation.h"
#include "traffic/arrivals.h"

namespace cotenant {
namespace {

constexpr const char* kGpu = "h200";
constexpr const char* kInference = "h200/resnet50-inference-b4-fp32";
constexpr const char* kTraining = "h200/resnet50-training-b32-fp32";
/// Offered load of the artifact's ResNet50 client: 15 requests/s × 6.28 ms.
constexpr double kLoad = 0.094;

Catalog& catalog() {
  static Catalog instance(COTENANT_DATA_DIR);
  return instance;
}

SimSetup resnet_pair(const std::string& system, Nanos length) {
  const SystemInfo& info = find_system(system);
  SimSetup setup{.gpu = catalog().gpu(kGpu),
                 .clients = {},
                 .system = info,
                 .params = Params::checked(info.params, {}, "bench"),
                 .until = std::nullopt,
                 .time_limit = length};
  RunClient hp;
  hp.name = "hp";
  hp.priority = Priority::high;
  hp.program = &catalog().prepared(kInference, kGpu);
  hp.closed = false;
  const Traffic traffic{.kind = Traffic::Kind::poisson,
                        .rate = kLoad * 1e9 / static_cast<double>(hp.program->solo_latency),
                        .trace = {}};
  hp.next_gap = [source = std::make_shared<GapSource>(traffic, 42)] { return source->next(); };
  hp.warmup = 10;
  RunClient be;
  be.name = "be";
  be.program = &catalog().prepared(kTraining, kGpu);
  be.warmup = 10;
  setup.clients = {hp, be};
  return setup;
}

void report(benchmark::State& state, double kernels, double events) {
  state.counters["kernels/s"] = benchmark::Counter(kernels, benchmark::Counter::kIsRate);
  state.counters["events/s"] = benchmark::Counter(events, benchmark::Counter::kIsRate);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  state.counters["peak_MB"] = static_cast<double>(usage.ru_maxrss) / 1024;
}

void simulate_pair(benchmark::State& state, const std::string& system, Nanos length,
                   bool timeline) {
  const auto folder = std::filesystem::temp_directory_path() / "cotenant-bench";
  std::filesystem::create_directories(folder);
  double kernels = 0;
  double events = 0;
  for ([[maybe_unused]] auto unused : state) {
    SimSetup setup = resnet_pair(system, length);
    RequestLog log(folder / "records.csv", {"hp", "be"});
    std::unique_ptr<Timeline> detail;
    if (timeline) {
      detail = std::make_unique<Timeline>(
          folder / "timeline.json",
          std::vector<Track>{{.client = "hp", .program = &setup.clients[0].program->program},
                             {.client = "be", .program = &setup.clients[1].program->program}});
    }
    const SimTotals totals = simulate(std::move(setup), log, detail.get());
    kernels += static_cast<double>(totals.kernels);
    events += static_cast<double>(totals.events);
  }
  std::filesystem::remove_all(folder);
  report(state, kernels, events);
}

void BM_Simulate(benchmark::State& state, const char* system) {
  simulate_pair(state, system, 20 * kSecond, false);
}

void BM_SimulateWithTimeline(benchmark::State& state, const char* system) {
  simulate_pair(state, system, 2 * kSecond, true);
}

void BM_TenMinutes(benchmark::State& state, const char* system) {
  simulate_pair(state, system, 600 * kSecond, false);
}

BENCHMARK_CAPTURE(BM_Simulate, orion, "orion")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Simulate, reef, "reef")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Simulate, mps, "mps")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Simulate, streams, "streams")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Simulate, timeslice, "timeslice")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_Simulate, sequential, "sequential")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_SimulateWithTimeline, orion, "orion")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_TenMinutes, orion, "orion")->Unit(benchmark::kMillisecond)->Iterations(1);

} // namespace
} // namespace cotenant
