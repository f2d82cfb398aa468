// A program made ready for one GPU: everything that the hot path needs, in flat arrays.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "device/gpu_spec.h"
#include "memory/live_bytes.h"
#include "program/program.h"
#include "scheduler/scheduler.h"
#include "sim/engine.h"

namespace cotenant {

struct PreparedProgram {
  Program program;                 ///< for this GPU: recorded on it or derived for it
  std::vector<OpProfile> profile;  ///< what schedulers see
  std::vector<KernelShape> shapes; ///< what engines see; default for ops that are not kernels
  std::vector<Nanos>
      elapsed_before;     ///< Σ durations of the ops before each op, and the total at the end
  Nanos solo_latency = 0; ///< of one request in the simulator, running alone (ideal)
  LiveBytes memory;

  /// Most device memory of one client: as recorded, or as its trace adds up to if that is more.
  [[nodiscard]] std::int64_t peak_bytes() const {
    return std::max(memory.peak, program.peak_bytes);
  }

  /// Share of an iteration that is done when its first `ops` ops are, by their durations.
  [[nodiscard]] double fraction_of(std::uint32_t ops) const {
    return static_cast<double>(elapsed_before[ops]) /
           static_cast<double>(std::max<Nanos>(elapsed_before.back(), 1));
  }
};

/// Scales `program` to `gpu` when it was recorded on `recorded_on`, another GPU, and precomputes
/// shapes and profile. `solo_latency` is measured with one simulated request. Throws InputError for
/// a program without ops or with allocations that cannot be. `carveout`: percent of shared memory that kernels prefer; absent: the
/// driver's choice for each.
PreparedProgram prepare_program(const Program& program, const GpuSpec& recorded_on,
                                const GpuSpec& gpu, std::optional<int> carveout = {});

} // namespace cotenant
