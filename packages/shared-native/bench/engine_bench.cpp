// Speed of the SM engines alone, on recorded programs: kernels started and finished per second,
// without hosts, queues or schedulers. The whole simulator's bar of 3 M kernels/s leaves the engine
// about a third of it.
#include <array>
#include <benchmark/benchmark.h>
#include <vector>

#include "program/program_file.h"
#include "sim/engine.h"

namespace cotenant {
namespace {

using MakeEngine = std::unique_ptr<Engine> (*)(const GpuSpec&, std::uint32_t);

const GpuSpec& gpu() {
  static const GpuSpec spec = find_gpu_spec(COTENANT_DATA_DIR, "h200");
  return spec;
}

/// The kernels of a recorded program, in order; copies and memsets left out.
std::vector<KernelShape> kernels_of(const char* id) {
  std::vector<KernelShape> shapes;
  for (const Op& op : read_program(find_program(COTENANT_DATA_DIR, id)).ops) {
    if (op.kind == OpKind::kernel) {
      shapes.push_back(kernel_shape(gpu(), op));
    }
  }
  return shapes;
}

const std::vector<KernelShape>& inference() {
  static const auto shapes = kernels_of("h200/resnet50-inference-b4-fp32");
  return shapes;
}

const std::vector<KernelShape>& training() {
  static const auto shapes = kernels_of("h200/resnet50-training-b32-fp32");
  return shapes;
}

/// A client that replays its kernels without end; after each request it rests so long that it runs
/// for `busy` of the time.
struct Client {
  const std::vector<KernelShape>* kernels;
  double busy = 1;
  int priority = 0;
};

void run(benchmark::State& state, MakeEngine make, const std::vector<Client>& clients) {
  constexpr Nanos gap = 900; // between dependent kernels
  constexpr std::int64_t batch = 20'000;
  const auto engine = make(gpu(), static_cast<std::uint32_t>(clients.size()));
  struct Position {
    std::size_t index = 0;
    Nanos start = 0;
    Nanos request_start = 0;
  };
  std::vector<Position> positions(clients.size());
  std::vector<std::uint32_t> finished;
  std::int64_t kernels = 0;
  const std::uint64_t events_before = engine->counters(0).events;
  Nanos now = 0;
  for ([[maybe_unused]] auto unused : state) {
    for (std::int64_t done = 0; done < batch;) {
      now = engine->next();
      for (const Position& position : positions) {
        now = std::min(now, position.start);
      }
      if (engine->next() == now) {
        finished.clear();
        engine->advance(now, finished);
        for (const std::uint32_t stream : finished) {
          Position& position = positions[stream];
          position.start = now + gap;
          if (++position.index == clients[stream].kernels->size()) {
            position.index = 0;
            const auto length = static_cast<double>(now - position.request_start);
            position.start += static_cast<Nanos>(length * (1 / clients[stream].busy - 1));
            position.request_start = position.start;
          }
          ++done;
        }
      }
      for (std::uint32_t stream = 0; stream < positions.size(); ++stream) {
        Position& position = positions[stream];
        if (position.start == now) {
          const Client& client = clients[stream];
          engine->start(stream, (*client.kernels)[position.index], client.priority, now);
          position.start = kNever;
        }
      }
    }
    kernels += batch;
  }
  const auto total = static_cast<double>(kernels);
  const auto events = static_cast<double>(engine->counters(now).events - events_before);
  state.counters["kernels/s"] = benchmark::Counter(total, benchmark::Counter::kIsRate);
  state.counters["events/kernel"] = events / total;
}

void alone(benchmark::State& state, MakeEngine make) {
  run(state, make, {{.kernels = &inference()}});
}

/// Two clients that hardly ever meet, as under Orion.
void mostly_alone(benchmark::State& state, MakeEngine make) {
  run(state, make,
      {{.kernels = &inference(), .busy = 0.15, .priority = 1}, {.kernels = &training()}});
}

/// Two closed loops, with and without priority.
void together(benchmark::State& state, MakeEngine make, int priority) {
  run(state, make, {{.kernels = &inference(), .priority = priority}, {.kernels = &training()}});
}

BENCHMARK_CAPTURE(alone, wave, make_wave_engine);
BENCHMARK_CAPTURE(mostly_alone, wave, make_wave_engine);
BENCHMARK_CAPTURE(together, wave_streams, make_wave_engine, 0);
BENCHMARK_CAPTURE(together, wave_priority, make_wave_engine, 1);
BENCHMARK_CAPTURE(alone, block, make_block_engine)->Iterations(1);
BENCHMARK_CAPTURE(together, block_streams, make_block_engine, 0)->Iterations(1);

} // namespace
} // namespace cotenant
