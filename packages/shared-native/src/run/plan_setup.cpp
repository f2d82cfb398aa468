#include "run/plan_setup.h"

#include <algorithm>
#include <fmt/format.h>
#include <memory>
#include <numeric>
#include <random>
#include <utility>

#include "base/error.h"

namespace cotenant {
namespace {

/// The first client draws with the plan's seed as it is, so that a single open-loop client gets the
/// published gaps. The others get seeds of their own: equal sequences would make their bursts
/// coincide.
std::uint32_t client_seed(std::uint32_t plan_seed, std::size_t client) {
  if (client == 0) {
    return plan_seed;
  }
  std::seed_seq mixed{plan_seed, static_cast<std::uint32_t>(client)};
  std::uint32_t seed = 0;
  mixed.generate(&seed, &seed + 1);
  return seed;
}

/// Everything of a client that the plan and the catalog determine.
RunClient make_client(const Plan& plan, std::size_t index, Catalog& catalog) {
  const ClientPlan& client = plan.clients[index];
  RunClient result;
  result.name = client.name;
  result.priority = client.priority;
  result.program = &catalog.prepared(client.program, plan.gpu, plan.carveout);
  result.requests = client.requests;
  result.warmup = client.warmup;
  result.host = client.host;
  result.closed = client.traffic.kind == Traffic::Kind::closed;
  if (!result.closed) {
    // A load counts against the program as it is, so that a carve-out changes no arrivals.
    auto source = std::make_shared<GapSource>(
        client_traffic(client, catalog.prepared(client.program, plan.gpu)),
        client_seed(plan.seed, index));
    for (std::int64_t i = 0; i < client.warmup; ++i) {
      source->next(); // the warm-up's gaps are drawn and not used, as in the artifact
    }
    result.next_gap = [source] { return source->next(); };
  }
  return result;
}

/// Real out-of-memory: a caching allocator keeps its peak, so clients fit only if their peaks do.
void check_memory(const Plan& plan, Catalog& catalog, const GpuSpec& gpu, bool isolated) {
  std::int64_t needed = 0;
  std::string parts;
  for (const ClientPlan& client : plan.clients) {
    const std::int64_t peak = catalog.prepared(client.program, plan.gpu).program.peak_bytes;
    needed = isolated ? std::max(needed, peak) : needed + peak;
    parts += fmt::format("{}{} {:.2f} GiB", parts.empty() ? "" : ", ", client.name,
                         static_cast<double>(peak) / (1 << 30));
  }
  if (needed > gpu.memory.bytes) {
    throw NotApplicable(
        fmt::format("{}: plan.clients", plan.source),
        fmt::format("out of memory: {} do not fit the {:.2f} GiB of {}; expected smaller "
                    "programs or another GPU",
                    parts, static_cast<double>(gpu.memory.bytes) / (1 << 30), gpu.id));
  }
}

/// The system for these clients; what it cannot serve is a refusal, with the plan's name in front.
SystemInstance made(const Plan& plan, const SystemInfo& system, const Params& params,
                    const Setup& setup) {
  const std::string where = plan.source + ": plan.system";
  try {
    return system.make(params, setup);
  } catch (const ParamError& error) {
    throw InputError(fmt::format("{}: {}", where, error.what()));
  } catch (const InputError& error) {
    throw NotApplicable(where, error.what());
  }
}

/// A trace must last as long as its client; found out before anything runs.
void check_trace(const Plan& plan, std::size_t index) {
  const ClientPlan& client = plan.clients[index];
  if (client.traffic.kind != Traffic::Kind::trace || client.traffic.drawn_start ||
      !client.requests) {
    return;
  }
  const auto needed = static_cast<std::size_t>(client.warmup + *client.requests - 1);
  if (client.traffic.trace.size() < needed) {
    throw InputError(fmt::format(
        "{}: plan.clients[{}].traffic: the trace has {} gaps, {} requests with warm-up use "
        "{}; expected a longer trace or fewer requests",
        plan.source, index, client.traffic.trace.size(), *client.requests + client.warmup, needed));
  }
}

} // namespace

double client_rate(const ClientPlan& client, const PreparedProgram& program) {
  if (!client.load) {
    return client.traffic.rate;
  }
  // The recorded latency where there is one: arrivals then do not move with the simulator's constants.
  const Nanos recorded = program.program.solo_latency;
  return *client.load * 1e9 / static_cast<double>(recorded > 0 ? recorded : program.solo_latency);
}

Traffic client_traffic(const ClientPlan& client, const PreparedProgram& program) {
  Traffic traffic = client.traffic;
  traffic.rate = client_rate(client, program);
  if (traffic.kind == Traffic::Kind::trace && client.load) {
    traffic.trace = stretched(traffic.trace, traffic.rate);
  }
  return traffic;
}

PlanSetup set_up(const Plan& plan, Catalog& catalog) {
  const auto located = [&](const char* field, const auto& lookup) -> decltype(auto) {
    try {
      return lookup();
    } catch (const InputError& error) {
      throw InputError(fmt::format("{}: plan.{}: {}", plan.source, field, error.what()));
    }
  };
  const GpuSpec& gpu = located("gpu", [&]() -> const GpuSpec& { return catalog.gpu(plan.gpu); });
  const SystemInfo& system =
      located("system.name", [&]() -> const SystemInfo& { return find_system(plan.system); });
  Params params = Params::checked(system.params, plan.params, plan.source + ": plan.system.params");
  std::vector<RunClient> clients;
  for (std::size_t c = 0; c < plan.clients.size(); ++c) {
    check_trace(plan, c);
    clients.push_back(located(fmt::format("clients[{}].program", c).c_str(),
                              [&] { return make_client(plan, c, catalog); }));
  }
  const std::vector<ClientInfo> infos = client_infos(clients);
  const SystemInstance instance = made(plan, system, params, {.gpu = gpu, .clients = infos});
  if (!instance.mode.manages_memory) { // else the system itself has checked its budget
    check_memory(plan, catalog, gpu, instance.mode.contexts == ContextMode::isolated);
  }
  return {.gpu = gpu,
          .system = system,
          .params = std::move(params),
          .mode = instance.mode,
          .clients = std::move(clients)};
}

std::vector<std::size_t> ending_clients(const Plan& plan, const SystemMode& mode,
                                        const std::vector<std::size_t>& together) {
  if (mode.contexts == ContextMode::isolated) {
    return together;
  }
  if (plan.until) {
    return {*plan.until};
  }
  std::vector<std::size_t> all(plan.clients.size());
  std::iota(all.begin(), all.end(), 0);
  return all;
}

std::vector<ClientInfo> client_infos(const std::vector<RunClient>& clients) {
  std::vector<ClientInfo> infos;
  for (const RunClient& client : clients) {
    infos.push_back({.name = client.name,
                     .priority = client.priority,
                     .training = client.program->program.mode == Mode::training,
                     .profile = client.program->profile,
                     .solo_latency = client.program->solo_latency,
                     .warmup = client.warmup,
                     .memory = {.trace = client.program->program.memory,
                                .persistent_bytes = client.program->program.persistent_bytes,
                                .peak_bytes = client.program->program.peak_bytes}});
  }
  return infos;
}

} // namespace cotenant
