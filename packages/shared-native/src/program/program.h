// A program: the ops of one request or of one training iteration, in order.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "program/memory_event.h"
#include "program/op.h"

namespace cotenant {

enum class Mode : std::uint8_t { inference, training };

/// How far a program is from a measurement; written on everything made from it.
enum class Label : std::uint8_t {
  recorded, ///< measured on the GPU it names
  derived,  ///< scaled from another GPU's recording
  imported, ///< read from another project's kernel file
};

struct Program {
  std::string name; ///< e.g. resnet50-inference-b4-fp32
  std::string gpu;  ///< id of the GPU that durations and counters are for
  Label label = Label::recorded;
  std::string model;
  Mode mode = Mode::inference;
  std::uint32_t batch = 0;
  std::string precision;
  Nanos solo_latency = 0;  ///< one replay on the idle GPU, measured; 0 = not measured
  Nanos solo_busy = 0;     ///< solo_latency less the gaps between dependent launches
  Nanos dependent_gap = 0; ///< measured with a chain of empty kernels
  std::int64_t persistent_bytes = 0;
  std::int64_t peak_bytes = 0;
  std::vector<Op> ops;
  std::vector<MemoryEvent> memory;
  std::string header_json; ///< the header line as read: provenance, kept verbatim

  [[nodiscard]] Nanos op_sum() const {
    Nanos sum = 0;
    for (const Op& op : ops) {
      sum += op.duration;
    }
    return sum;
  }
};

} // namespace cotenant
