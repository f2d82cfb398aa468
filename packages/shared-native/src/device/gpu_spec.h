// What the simulator and the schedulers know of a GPU model. Values come from gpus/<id>.json, where
// every number carries its unit and source.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace cotenant {

struct GpuSpec {
  std::string id;
  std::string name;
  std::string architecture; ///< sm_90 …, gfx906 …

  struct Sm {
    std::uint32_t count = 0;
    std::uint32_t threads = 0; ///< resident threads per SM
    std::uint32_t blocks = 0;  ///< resident blocks per SM
    std::uint32_t registers = 0;
    std::uint32_t register_unit = 256; ///< registers are allocated per warp in multiples of this
    std::uint32_t warp_unit = 4;       ///< resident warps by registers come in multiples of this
    std::uint32_t shared_memory = 0;   ///< bytes per SM that blocks can use
    std::uint32_t shared_memory_unit = 128; ///< bytes; a block's share is rounded up to this
    std::vector<std::uint32_t>
        shared_memory_splits;                 ///< ascending, bytes; the SM's L1 takes the rest
    std::uint32_t shared_memory_reserved = 0; ///< bytes the system takes per block
    std::uint32_t fp32_lanes = 0;
    double clock_mhz = 0;
  } sm;

  struct Peak {
    double fp32_flops = 0;
    double tf32_flops = 0;
    double bf16_flops = 0;
  } peak;

  struct Memory {
    std::int64_t bytes = 0;
    double bandwidth = 0;           ///< bytes per second, data sheet
    double achievable_fraction = 1; ///< of `bandwidth` that a large copy reaches
    std::int64_t l2_bytes = 0;
  } memory;

  struct Link {
    double h2d_bandwidth = 0; ///< bytes per second, pinned memory
    double d2h_bandwidth = 0;
    Nanos latency = 0;
  } link;

  struct Launch {
    Nanos host = 0;                   ///< host thread time per launch
    Nanos latency = 0;                ///< launch call returns → kernel may start on an idle GPU
    Nanos empty_kernel = 0;           ///< how long a kernel that does nothing runs
    Nanos dependent_gap = 0;          ///< a kernel ends → the next in its stream starts
    Nanos busy_gap = 0;               ///< besides, while a kernel of another client runs
    Nanos mps_gap = 0;                ///< besides, for a client of MPS
    Nanos mark = 0;                   ///< host thread time to have an op's completion marked
    Nanos query = 0;                  ///< host thread time to find a mark passed
    Nanos poll = 0;                   ///< an op completes → a polling scheduler sees it
    Nanos sync = 0;                   ///< last op of a request completes → its client sees it
    std::uint32_t queue_depth = 1024; ///< ops outstanding per stream
  } launch;

  struct TimeSlice {
    Nanos quantum = 0;
    Nanos switch_cost = 0;
  } timeslice;

  /// Waiting for DRAM, as in a queue of what running kernels have in flight: at the share d of its bandwidth a load takes
  /// latency × (1 + gain × d / (1 − d)). See sim/contention.h.
  struct Contention {
    double dram_queueing_gain = 0;
    double dram_latency_ns = 0;       ///< of a load, alone
    double dram_loads_in_flight = 0;  ///< of what a kernel's threads load at once, while it runs
    double dram_stores_in_flight = 0; ///< the same of what they store
    /// How far the ends of blocks that do the same work lie apart, first to last, in times of a block. See sim/drift.h.
    double block_drift = 0;
  } contention;

  /// Of a GPU whose running kernels can be ended without their process; absent, they cannot be.
  struct Reset {
    Nanos command = 0; ///< from the call until all that runs has ended
  };
  std::optional<Reset> reset;
};

/// Reads and checks one specification. Throws InputError naming file and field.
GpuSpec load_gpu_spec(const std::filesystem::path& file);

/// The same from text; `source` names it in errors. Entry point of the fuzzer.
GpuSpec parse_gpu_spec(std::string_view json, const std::string& source);

/// Reads gpus/<id>.json below `data_dir`. Throws InputError naming the nearest known id.
GpuSpec find_gpu_spec(const std::filesystem::path& data_dir, const std::string& id);

/// Ids of all specifications below `data_dir`, sorted.
std::vector<std::string> list_gpu_ids(const std::filesystem::path& data_dir);

} // namespace cotenant
