// Random programs for engines: kernels of any shape on one to four streams, on whole GPUs and on
// small ones.
#pragma once

#include <ostream>
#include <rapidcheck.h>

#include "program/occupancy.h"
#include "sim/engine_scenario_for_test.h"

namespace cotenant::test {

inline std::ostream& operator<<(std::ostream& out, const Span& span) {
  return out << "stream " << span.stream << " kernel " << span.index << " " << span.start << ".."
             << span.end;
}

inline void showValue(const Scenario& scenario, std::ostream& out) {
  out << scenario.gpu.id << " gain " << scenario.gpu.contention.dram_queueing_gain << " drift "
      << scenario.gpu.contention.block_drift;
  for (const Stream& stream : scenario.streams) {
    out << "\n  stream from " << stream.begin << " gap " << stream.gap << " priority "
        << stream.priority;
    for (const KernelShape& k : stream.kernels) {
      out << "\n    " << k.blocks << " blocks x " << k.threads << " threads, " << k.registers
          << " registers, " << k.shared_memory << " B of split " << k.split << ", "
          << k.slots_per_sm << " an SM, " << k.waves << " waves, " << k.duration << " ns, issue "
          << k.issue << " dram " << k.dram;
    }
  }
  for (const Stream& stream : scenario.streams) {
    for (const LaunchPart& part : stream.parts) {
      out << "\n  part: " << part.blocks << " blocks on SMs " << part.first_sm << " to "
          << part.end_sm;
    }
  }
  for (const Kill& kill : scenario.kills) {
    out << "\n  kill of stream " << kill.stream << " at " << kill.at;
  }
  for (const Pause& pause : scenario.pauses) {
    out << "\n  pause " << pause.from << ".." << pause.until;
  }
}

inline rc::Gen<KernelShape> any_kernel(const GpuSpec& gpu) {
  return rc::gen::exec([gpu] {
    Op op;
    op.block.x = *rc::gen::element(32U, 64U, 96U, 128U, 256U, 256U, 512U, 1000U, 1024U);
    op.registers = *rc::gen::element(0U, 16U, 32U, 40U, 64U);
    op.smem_dynamic = *rc::gen::element(0U, 0U, 0U, 1000U, 4096U, 16384U, 33000U, 49152U, 90000U);
    op.grid.x = 1;
    const std::uint32_t wave = blocks_per_sm(gpu, op) * gpu.sm.count;
    switch (*rc::gen::resize(100, rc::gen::inRange(0, 4))) {
    case 0: // part of a wave
      op.grid.x = *rc::gen::resize(100, rc::gen::inRange(1U, wave + 1));
      break;
    case 1: // a few blocks
      op.grid.x = *rc::gen::resize(100, rc::gen::inRange(1U, gpu.sm.count + 1));
      break;
    case 2: // whole waves
      op.grid.x = wave * *rc::gen::resize(100, rc::gen::inRange(1U, 7U));
      break;
    default: // any number of waves, fewer on large GPUs, where the oracle is slow
      op.grid.x =
          *rc::gen::resize(100, rc::gen::inRange(1U, wave * (gpu.sm.count < 20 ? 9 : 3) + 1));
      break;
    }
    // Equal durations make kernels end together.
    op.duration = *rc::gen::oneOf(rc::gen::element<Nanos>(1, 1000, 6000),
                                  rc::gen::resize(100, rc::gen::inRange<Nanos>(1, 20'000)));
    op.sm_util = *rc::gen::resize(100, rc::gen::inRange(0, 101)) / 100.0;
    op.dram_util = *rc::gen::resize(100, rc::gen::inRange(0, 101)) / 100.0;
    op.dram_read_bytes = *rc::gen::element(-1, 0, 1000);
    op.dram_write_bytes = *rc::gen::element(-1, 0, 3000);
    return kernel_shape(gpu, op);
  });
}

inline rc::Gen<Stream> any_stream(const GpuSpec& gpu) {
  return rc::gen::exec([gpu] {
    Stream stream;
    stream.begin = *rc::gen::inRange<Nanos>(0, 6'000);
    stream.gap = *rc::gen::element<Nanos>(0, 1, 700, 700, 3000);
    stream.priority = *rc::gen::inRange(0, 3);
    const auto count = *rc::gen::resize(100, rc::gen::inRange<std::size_t>(1, 8));
    stream.kernels = *rc::gen::container<std::vector<KernelShape>>(count, any_kernel(gpu));
    return stream;
  });
}

inline rc::Gen<LaunchPart> any_part(const GpuSpec& gpu, const KernelShape& kernel) {
  return rc::gen::exec([gpu, blocks = kernel.blocks] {
    LaunchPart part;
    if (*rc::gen::arbitrary<bool>()) {
      part.blocks = *rc::gen::resize(100, rc::gen::inRange(1U, blocks + 1));
    }
    part.first_sm = *rc::gen::resize(100, rc::gen::inRange(0U, gpu.sm.count));
    part.end_sm = *rc::gen::resize(100, rc::gen::inRange(part.first_sm + 1, gpu.sm.count + 1));
    return part;
  });
}

/// Whole kernels that run to their end.
inline rc::Gen<Scenario> any_scenario() {
  return rc::gen::exec([] {
    Scenario scenario;
    switch (*rc::gen::resize(100, rc::gen::inRange(0, 12))) {
    case 0:
      scenario.gpu = h200_with(132);
      break;
    case 1:
      scenario.gpu = whole_v100();
      break;
    default: // most cases on few SMs, where the oracle is quick
      scenario.gpu = h200_with(*rc::gen::resize(100, rc::gen::inRange(1U, 12U)));
      break;
    }
    scenario.gpu.contention = {.dram_queueing_gain = *rc::gen::element(0.0, 0.15, 1.0),
                               .dram_latency_ns = *rc::gen::element(0.0, 500.0),
                               .dram_loads_in_flight = *rc::gen::element(0.0, 0.5, 2.0),
                               .dram_stores_in_flight = 1.3,
                               .block_drift = *rc::gen::element(0.0, 0.3, 0.5, 1.0)};
    const auto count = *rc::gen::resize(100, rc::gen::inRange<std::size_t>(1, 5));
    scenario.streams = *rc::gen::container<std::vector<Stream>>(count, any_stream(scenario.gpu));
    Nanos time = 0;
    for (int pauses = *rc::gen::element(0, 0, 1, 2); pauses > 0; --pauses) {
      const Nanos from = time + *rc::gen::inRange<Nanos>(1, 30'000);
      time = from + *rc::gen::inRange<Nanos>(1, 30'000);
      scenario.pauses.push_back({.from = from, .until = time});
    }
    return scenario;
  });
}

/// Kernels of which parts are launched on some of the SMs, and which may be killed and start again.
inline rc::Gen<Scenario> any_scenario_of_parts() {
  return rc::gen::exec([] {
    Scenario scenario = *any_scenario();
    for (Stream& stream : scenario.streams) {
      for (const KernelShape& kernel : stream.kernels) {
        stream.parts.push_back(*rc::gen::arbitrary<bool>() ? *any_part(scenario.gpu, kernel)
                                                           : LaunchPart{});
      }
    }
    Nanos time = 0;
    for (int kills = *rc::gen::element(0, 1, 3, 10); kills > 0; --kills) {
      time += *rc::gen::inRange<Nanos>(1, 10'000);
      const auto streams = static_cast<std::uint32_t>(scenario.streams.size());
      scenario.kills.push_back(
          {.at = time, .stream = *rc::gen::resize(100, rc::gen::inRange(0U, streams))});
    }
    return scenario;
  });
}

} // namespace cotenant::test
