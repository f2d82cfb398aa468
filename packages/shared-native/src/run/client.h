// A client of a run, on either lane: what the plan and the catalog determine.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "run/host_costs.h"
#include "scheduler/scheduler.h"
#include "sim/prepared.h"

namespace cotenant {

struct RunClient {
  std::string name;
  Priority priority = Priority::best_effort;
  const PreparedProgram* program = nullptr;
  bool closed = true;              ///< the next request follows the last one at once
  std::function<Nanos()> next_gap; ///< open loop: gap between one scheduled arrival and the next
  std::optional<std::int64_t> requests; ///< measured requests; absent: until the run ends
  std::int64_t warmup = 0;              ///< requests before the clock starts, back to back
  HostCosts host;                       ///< simulated GPU only
};

/// What came of a client.
struct ClientTotals {
  std::int64_t requests = 0; ///< completed in the measured window
  double iterations = 0;     ///< the same, with the fraction of the one that the end cut off
  Nanos window = 0;          ///< from the start of the clock to the client's own end
  std::uint64_t ops = 0;     ///< completed (on a real GPU: launched), warm-up included
};

/// What a system's scheduler is told of the clients.
std::vector<ClientInfo> client_infos(const std::vector<RunClient>& clients);

} // namespace cotenant
