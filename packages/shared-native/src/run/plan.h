// A plan: one run, as users and the pipeline write it (schemas/plan.schema.json).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "run/host_costs.h"
#include "scheduler/system.h"
#include "traffic/apollo_trace.h"
#include "traffic/arrivals.h"

namespace cotenant {

inline constexpr int kPlanVersion = 1;

struct ClientPlan {
  std::string name;
  std::string program; ///< id or path
  Priority priority = Priority::best_effort;
  Traffic traffic;
  /// Rate × solo latency on the plan's GPU: in place of traffic.rate, or what a trace's gaps are
  /// stretched to.
  std::optional<double> load;
  std::optional<std::int64_t> requests;
  std::int64_t warmup = 0;
  HostCosts host;
};

struct Plan {
  std::string id;
  std::string gpu;
  std::uint32_t seed = 0;
  std::string system;
  std::vector<std::pair<std::string, ParamValue>> params;
  /// Shared-memory carve-out that every kernel is launched with, percent; absent: each one's own.
  std::optional<int> carveout;
  std::vector<ClientPlan> clients;
  std::optional<std::size_t> until; ///< index into clients
  Nanos time_limit = kNever;
  Nanos utilization_interval =
      0;                     ///< above 0: what the GPU is used for, in intervals of this length
  Nanos memory_interval = 0; ///< above 0: the same of device memory
  bool phases = false;       ///< when each phase of an iteration was on the device
  std::string source;        ///< file name, for messages
};

/// Reads and checks everything that the text alone can tell. `folder` is where relative trace files
/// are looked up. Throws InputError "FILE: field: what is wrong; expected …".
Plan parse_plan(std::string_view text, const std::string& source,
                const std::filesystem::path& folder);

Plan read_plan(const std::filesystem::path& file);

} // namespace cotenant
