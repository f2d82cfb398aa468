// One run on the simulated GPU: clients issue requests, a system's scheduler gates their ops,
// streams carry the ops to the SM engines and copy engines, records come out.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "record/sink.h"
#include "run/client.h"
#include "scheduler/system.h"
#include "sim/prepared.h"

namespace cotenant {

enum class EngineKind : std::uint8_t { wave, oracle };

struct SimSetup {
  const GpuSpec& gpu;
  std::vector<RunClient> clients;
  const SystemInfo& system;
  Params params;
  std::optional<std::size_t> until; ///< the client whose last request ends the run
  Nanos time_limit = kNever;        ///< simulated time from the start of the clock
  EngineKind engine = EngineKind::wave;
  Nanos use_interval =
      0; ///< above 0: what the GPUs are used for is reported for intervals of this length
  Nanos memory_interval = 0; ///< above 0: the same of device memory
};

struct SimTotals {
  Nanos duration = 0; ///< measured window: start of the clock to the end of the run
  std::uint64_t events = 0;
  std::uint64_t kernels = 0;
  double sm_busy = 0;   ///< mean share of SMs with a resident block over the whole run
  double dram_busy = 0; ///< mean share of DRAM bandwidth in use
  std::vector<ClientTotals> clients;
  bool interrupted = false;
};

/// Progress of a run, polled by another thread. Relaxed: a display may lag.
struct SimProgress {
  std::atomic<double> done{0};   ///< 0..1
  std::atomic<Nanos> now{0};     ///< simulated
  std::atomic<bool> stop{false}; ///< set to end the run early; its totals are marked interrupted
};

/// Runs to the end. `sink` receives requests (and ops, if it asks for them) as they complete;
/// memory does not grow with the length of the run. Deterministic: equal setups, equal sequences of
/// records.
SimTotals simulate(SimSetup setup, RecordSink& sink, DetailSink* detail = nullptr,
                   SimProgress* progress = nullptr);

} // namespace cotenant
