#include "sim/prepared.h"

#include <cmath>
#include <fmt/format.h>

#include "base/error.h"
#include "program/occupancy.h"
#include "program/scale.h"
#include "sim/simulation.h"

namespace cotenant {
namespace {

/// Remembers the one request that solo_latency() measures.
class LastRequest final : public RecordSink {
 public:
  void request(const RequestRecord& record) override { latency = record.end - record.arrival; }
  Nanos latency = 0;
};

Nanos solo_latency(const PreparedProgram& program, const GpuSpec& gpu) {
  const SystemInfo& ideal = find_system("ideal");
  RunClient client;
  client.name = "solo";
  client.priority = Priority::high;
  client.program = &program;
  client.requests = 1;
  client.warmup = 1;
  LastRequest last;
  simulate({.gpu = gpu,
            .clients = {std::move(client)},
            .system = ideal,
            .params = Params::checked(ideal.params, {}, "ideal"),
            .until = std::nullopt},
           last);
  return last.latency;
}

OpProfile::Grid grid_of(const KernelShape& shape) {
  return {.blocks = shape.blocks,
          .block_duration = std::max<Nanos>(1, std::llround(shape.block_ns)),
          .threads = shape.threads,
          .registers = shape.registers,
          .shared_memory = shape.shared_memory};
}

LiveBytes memory_of(const Program& program) {
  const auto ops = static_cast<std::uint32_t>(program.ops.size());
  try {
    return live_bytes(tensors_of(program.memory, ops, program.persistent_bytes), ops);
  } catch (const InputError& error) {
    throw InputError(fmt::format("program '{}': {}", program.name, error.what()));
  }
}

} // namespace

PreparedProgram prepare_program(const Program& program, const GpuSpec& recorded_on,
                                const GpuSpec& gpu, std::optional<int> carveout) {
  if (program.ops.empty()) {
    throw InputError("program '" + program.name + "' has no ops; expected at least one");
  }
  PreparedProgram prepared;
  prepared.program = scale_program(program, recorded_on, gpu);
  prepared.memory = memory_of(prepared.program);
  Nanos elapsed = 0;
  for (const Op& op : prepared.program.ops) {
    const bool kernel = op.kind == OpKind::kernel;
    const KernelShape shape = kernel ? kernel_shape(gpu, op, carveout) : KernelShape{};
    prepared.profile.push_back({.kind = op.kind,
                                .phase = op.phase,
                                .boundness = op.boundness,
                                .sm_needed = kernel ? sm_needed(gpu, op) : 0,
                                .duration = op.duration,
                                .grid = kernel ? grid_of(shape) : OpProfile::Grid{}});
    prepared.shapes.push_back(shape);
    prepared.elapsed_before.push_back(elapsed);
    elapsed += op.duration;
  }
  prepared.elapsed_before.push_back(elapsed);
  prepared.solo_latency = solo_latency(prepared, gpu);
  return prepared;
}

} // namespace cotenant
