// A plan with everything looked up and checked: what a run starts from, on either lane.
#pragma once

#include <vector>

#include "run/catalog.h"
#include "run/client.h"
#include "run/plan.h"

namespace cotenant {

/// References are into the catalog, which must outlive this.
struct PlanSetup {
  const GpuSpec& gpu;
  const SystemInfo& system;
  Params params;
  SystemMode mode;
  std::vector<RunClient> clients; ///< with traffic of their own: a setup serves one run
};

/// Checks names, parameters, traces, memory and the system's own conditions. Throws InputError that
/// names file and field.
PlanSetup set_up(const Plan& plan, Catalog& catalog);

/// Requests per second; a load is one relative to the program's solo latency on the plan's GPU, as
/// recorded there, or simulated for a derived program.
double client_rate(const ClientPlan& client, const PreparedProgram& program);

/// The client's traffic on the plan's GPU: with its rate, and the gaps of a trace with a load
/// stretched so that their mean is that of the load.
Traffic client_traffic(const ClientPlan& client, const PreparedProgram& program);

/// The clients whose last request ends a run of `together`, the clients that run at the same time:
/// the plan's `until` client, or all of the plan; of clients that share nothing, each for itself.
std::vector<std::size_t> ending_clients(const Plan& plan, const SystemMode& mode,
                                        const std::vector<std::size_t>& together);

} // namespace cotenant
