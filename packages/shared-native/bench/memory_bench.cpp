// Speed of Zico's decision when an iteration may start, for recorded programs.
// Bar: 100 µs an iteration.
#include <algorithm>
#include <benchmark/benchmark.h>
#include <chrono>

#include "memory/job_memory.h"
#include "memory/time_shift.h"
#include "run/catalog.h"
#include "run/client.h"

namespace cotenant {
namespace {

Catalog& catalog() {
  static Catalog instance(COTENANT_DATA_DIR);
  return instance;
}

JobMemory memory_of(const std::string& program, std::int64_t region_bytes) {
  RunClient client;
  client.name = program;
  client.program = &catalog().prepared("h200/" + program, "h200");
  return job_memory(client_infos({client}).front(), {.region_bytes = region_bytes});
}

/// The search for the least shift of one iteration beside another, wherever that one is, in a budget between what one
/// iteration needs and what both do.
void BM_Decision(benchmark::State& state, const char* running_program,
                 const char* starting_program) {
  const JobMemory running = memory_of(running_program, state.range(0) << 20);
  const JobMemory starting = memory_of(starting_program, state.range(0) << 20);
  const auto least = std::max(running.most_from[0], starting.most_from[0]);
  const auto both = running.most_from[0] + starting.most_from[0];
  double longest = 0;
  std::size_t turn = 0;
  for ([[maybe_unused]] auto unused : state) {
    const std::size_t op = turn * 7 % (running.progress.size() - 1);
    const std::int64_t capacity =
        least + (both - least) * static_cast<std::int64_t>(turn % 16) / 16;
    ++turn;
    const RunningCurve curve{.curve = {.curve = &running.demand}, .progress = running.progress[op]};
    const auto begin = std::chrono::steady_clock::now();
    auto shift =
        least_shift({&curve, 1}, {.curve = &starting.demand}, capacity, curve.remaining(), true);
    if (!shift) {
      shift =
          least_shift({&curve, 1}, {.curve = &starting.demand}, capacity, curve.remaining(), false);
    }
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
    benchmark::DoNotOptimize(shift);
    longest = std::max(longest, took.count());
  }
  state.counters["longest_us"] = longest;
  state.counters["pieces"] =
      static_cast<double>(running.demand.at.size() + starting.demand.at.size());
}

BENCHMARK_CAPTURE(BM_Decision, resnet50_resnet50, "resnet50-training-b32-fp32",
                  "resnet50-training-b32-fp32")
    ->Arg(64)
    ->Arg(2)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Decision, mobilenetv2_resnet101, "mobilenetv2-training-b64-fp32",
                  "resnet101-training-b32-fp32")
    ->Arg(64)
    ->Arg(2)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Decision, transformerxl_bert, "transformerxl-training-b8-fp32",
                  "bert-training-b8-fp32")
    ->Arg(64)
    ->Arg(2)
    ->Unit(benchmark::kMicrosecond);

} // namespace
} // namespace cotenant
