// A small driver for engines in tests: streams that run kernels one after another.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

#include "device/gpu_spec_for_test.h"
#include "sim/engine.h"

namespace cotenant::test {

/// A stream: its kernels run in order, each `gap` after the one before has ended.
struct Stream {
  Nanos begin = 0;
  Nanos gap = 0;
  int priority = 0;
  std::vector<KernelShape> kernels = {};
  std::vector<LaunchPart> parts = {}; ///< of each kernel; empty: all of every kernel, anywhere
};

struct Pause {
  Nanos from = 0;
  Nanos until = 0;
};

/// The kernel that runs in `stream` at `at`, if any, is killed, and starts again `gap` later.
struct Kill {
  Nanos at = 0;
  std::uint32_t stream = 0;
};

struct Scenario {
  GpuSpec gpu;
  std::vector<Stream> streams = {};
  std::vector<Pause> pauses = {}; ///< in order of time, apart
  std::vector<Kill> kills = {};   ///< in order of time
};

/// When one kernel ran to its end.
struct Span {
  std::uint32_t stream = 0;
  std::uint32_t index = 0;
  Nanos start = 0;
  Nanos end = 0;

  bool operator==(const Span&) const = default;
};

struct Outcome {
  std::vector<Span> spans; ///< in order of end
  EngineCounters counters; ///< at the end
};

/// Runs the scenario to its end. `observe` is called after everything due at an instant was done.
inline Outcome play(const Scenario& scenario, Engine& engine,
                    const std::function<void(Nanos)>& observe = {}) {
  struct Progress {
    std::uint32_t index = 0;
    Nanos start = kNever; ///< of the next kernel
    bool running = false;
  };
  std::vector<Progress> progress;
  for (const Stream& stream : scenario.streams) {
    progress.push_back({.index = 0, .start = stream.kernels.empty() ? kNever : stream.begin});
  }
  std::vector<Span> running(scenario.streams.size());
  std::vector<std::uint32_t> finished;
  std::size_t pause = 0;
  std::size_t kill = 0;
  bool paused = false;
  Outcome outcome;
  for (;;) {
    Nanos now = engine.next();
    for (const Progress& p : progress) {
      now = std::min(now, p.start);
    }
    if (now == kNever && !paused) {
      return outcome;
    }
    Nanos change = kNever;
    if (pause < scenario.pauses.size()) {
      change = paused ? scenario.pauses[pause].until : scenario.pauses[pause].from;
    }
    now = std::min(now, change);
    if (kill < scenario.kills.size()) {
      now = std::min(now, scenario.kills[kill].at);
    }

    finished.clear();
    engine.advance(now, finished);
    for (const std::uint32_t s : finished) {
      running[s].end = now;
      outcome.spans.push_back(running[s]);
      const bool more = ++progress[s].index < scenario.streams[s].kernels.size();
      progress[s].start = more ? now + scenario.streams[s].gap : kNever;
      progress[s].running = false;
    }
    if (now == change) {
      paused ? engine.resume(now) : engine.pause(now);
      pause += paused ? 1 : 0;
      paused = !paused;
    }
    for (; kill < scenario.kills.size() && scenario.kills[kill].at <= now; ++kill) {
      const std::uint32_t s = scenario.kills[kill].stream;
      if (progress[s].running) {
        engine.kill(s, now);
        progress[s].running = false;
        progress[s].start = now + scenario.streams[s].gap;
      }
    }
    for (std::uint32_t s = 0; s < progress.size(); ++s) {
      if (progress[s].start == now) {
        const Stream& stream = scenario.streams[s];
        running[s] = {.stream = s, .index = progress[s].index, .start = now};
        const LaunchPart part =
            stream.parts.empty() ? LaunchPart{} : stream.parts[progress[s].index];
        engine.start_part(s, stream.kernels[progress[s].index], part, stream.priority, now);
        progress[s].start = kNever;
        progress[s].running = true;
      }
    }
    outcome.counters = engine.counters(now);
    if (observe) {
      observe(now);
    }
  }
}

inline std::unique_ptr<Engine> block_engine(const Scenario& scenario) {
  return make_block_engine(scenario.gpu, static_cast<std::uint32_t>(scenario.streams.size()));
}

inline std::unique_ptr<Engine> wave_engine(const Scenario& scenario) {
  return make_wave_engine(scenario.gpu, static_cast<std::uint32_t>(scenario.streams.size()));
}

/// The SMs of an H200, as many of them as wanted; no waiting for DRAM and all bandwidth achievable,
/// so that examples can be worked out by hand.
inline GpuSpec h200_with(std::uint32_t sms) {
  static const GpuSpec h200 = h200_for_test();
  GpuSpec gpu = h200;
  gpu.sm.count = sms;
  gpu.memory.achievable_fraction = 1;
  gpu.contention = {};
  return gpu;
}

inline GpuSpec whole_v100() {
  static const GpuSpec gpu = v100_for_test();
  return gpu;
}

} // namespace cotenant::test
