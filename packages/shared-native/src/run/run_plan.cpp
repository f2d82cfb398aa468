#include "run/run_plan.h"

#include <algorithm>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"
#include "record/request_log.h"
#include "record/timeline.h"

namespace cotenant {
namespace {

using nlohmann::ordered_json;

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
SimClient make_client(const Plan& plan, std::size_t index, Catalog& catalog) {
  const ClientPlan& client = plan.clients[index];
  SimClient result;
  result.name = client.name;
  result.priority = client.priority;
  result.program = &catalog.prepared(client.program, plan.gpu);
  result.requests = client.requests;
  result.warmup = client.warmup;
  result.closed = client.traffic.kind == Traffic::Kind::closed;
  if (!result.closed) {
    Traffic traffic = client.traffic;
    if (client.load) {
      traffic.rate = *client.load * 1e9 / static_cast<double>(result.program->solo_latency);
    }
    auto source = std::make_shared<GapSource>(std::move(traffic), client_seed(plan.seed, index));
    for (std::int64_t i = 0; i < client.warmup; ++i) {
      source->next(); // the warm-up's gaps are drawn and not used, as in the artifact
    }
    result.next_gap = [source] { return source->next(); };
  }
  return result;
}

double rate_of(const ClientPlan& client, const PreparedProgram& program) {
  if (client.load) {
    return *client.load * 1e9 / static_cast<double>(program.solo_latency);
  }
  return client.traffic.rate;
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
    throw InputError(
        fmt::format("{}: plan.clients: out of memory: {} do not fit the {:.2f} GiB of {}; expected "
                    "smaller programs or another GPU",
                    plan.source, parts, static_cast<double>(gpu.memory.bytes) / (1 << 30), gpu.id));
  }
}

/// A trace must last as long as its client; found out before anything runs.
void check_trace(const Plan& plan, std::size_t index) {
  const ClientPlan& client = plan.clients[index];
  if (client.traffic.kind != Traffic::Kind::trace || !client.requests) {
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

struct Checked {
  const GpuSpec& gpu;
  const SystemInfo& system;
  Params params;
};

Checked check(const Plan& plan, Catalog& catalog) {
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
  std::vector<ClientInfo> infos;
  for (std::size_t c = 0; c < plan.clients.size(); ++c) {
    const PreparedProgram& program =
        located(fmt::format("clients[{}].program", c).c_str(), [&]() -> const PreparedProgram& {
          return catalog.prepared(plan.clients[c].program, plan.gpu);
        });
    infos.push_back({.name = plan.clients[c].name,
                     .priority = plan.clients[c].priority,
                     .training = program.program.mode == Mode::training,
                     .profile = program.profile,
                     .solo_latency = program.solo_latency,
                     .warmup = plan.clients[c].warmup});
  }
  for (std::size_t c = 0; c < plan.clients.size(); ++c) {
    check_trace(plan, c);
  }
  const SystemInstance instance =
      located("system", [&] { return system.make(params, {.gpu = gpu, .clients = infos}); });
  check_memory(plan, catalog, gpu, instance.mode.contexts == ContextMode::isolated);
  return {.gpu = gpu, .system = system, .params = std::move(params)};
}

/// Identifies plan, data and code. Two runs with equal digests have equal results.
std::string input_digest(const Plan& plan, Catalog& catalog, const RunOptions& options) {
  Sha256 digest;
  digest.update(fmt::format("{}\n{}\n{}\n", options.fingerprint, read_file(plan.source),
                            options.engine == EngineKind::oracle ? "oracle" : "wave"));
  digest.update(catalog.gpu_digest(plan.gpu));
  for (const ClientPlan& client : plan.clients) {
    const std::string& home = catalog.program(client.program).gpu;
    digest.update(catalog.program_digest(client.program)).update(catalog.gpu_digest(home));
    for (const Nanos gap : client.traffic.trace) {
      digest.update(fmt::format("{},", gap));
    }
  }
  return digest.hex();
}

bool is_finished(const std::filesystem::path& summary, const std::filesystem::path& records,
                 const std::string& digest) {
  if (!std::filesystem::exists(summary) || !std::filesystem::exists(records)) {
    return false;
  }
  const auto document = nlohmann::json::parse(read_file(summary), nullptr, false);
  return document.is_object() && document.value("input_digest", "") == digest;
}

/// Shares and counts to nine significant digits: enough, and free of last-bit noise.
double rounded(double value) {
  return std::stod(fmt::format("{:.9g}", value));
}

ordered_json summarize(const Plan& plan, Catalog& catalog, const SimTotals& totals,
                       const std::string& digest) {
  ordered_json clients = ordered_json::array();
  std::string label = "simulated";
  for (std::size_t c = 0; c < plan.clients.size(); ++c) {
    const ClientPlan& client = plan.clients[c];
    const PreparedProgram& program = catalog.prepared(client.program, plan.gpu);
    if (program.program.label != Label::recorded) {
      label = fmt::format("simulated, {} programs", program_label_name(program.program.label));
    }
    const bool paced = client.traffic.kind == Traffic::Kind::uniform ||
                       client.traffic.kind == Traffic::Kind::poisson;
    clients.push_back({{"name", client.name},
                       {"program", client.program},
                       {"program_label", program_label_name(program.program.label)},
                       {"rate_per_s", paced ? ordered_json(rounded(rate_of(client, program)))
                                            : ordered_json(nullptr)},
                       {"solo_ns", program.solo_latency},
                       {"requests", totals.clients[c].requests},
                       {"iterations_in_window", rounded(totals.clients[c].iterations)},
                       {"window_ns", totals.clients[c].window},
                       {"ops", totals.clients[c].ops}});
  }
  return {{"version", kSummaryVersion},
          {"plan", plan.id},
          {"system", plan.system},
          {"gpu", plan.gpu},
          {"lane", "sim"},
          {"label", label},
          {"seed", plan.seed},
          {"duration_ns", totals.duration},
          {"input_digest", digest},
          {"clients", clients},
          {"counters",
           {{"kernels", totals.kernels},
            {"events", totals.events},
            {"sm_busy", rounded(totals.sm_busy)},
            {"dram_busy", rounded(totals.dram_busy)}}}};
}

} // namespace

void check_plan(const Plan& plan, Catalog& catalog) {
  check(plan, catalog);
}

RunOutcome run_plan(const Plan& plan, Catalog& catalog, const RunOptions& options,
                    SimProgress* progress) {
  Checked checked = check(plan, catalog);
  const auto records = options.out / (plan.id + ".csv");
  const auto summary = options.out / (plan.id + ".json");
  const std::string digest = input_digest(plan, catalog, options);
  if (!options.timeline && is_finished(summary, records, digest)) {
    return RunOutcome::reused;
  }
  SimSetup setup{.gpu = checked.gpu,
                 .clients = {},
                 .system = checked.system,
                 .params = std::move(checked.params),
                 .until = plan.until,
                 .time_limit = plan.time_limit,
                 .engine = options.engine};
  std::vector<std::string> names;
  std::vector<Timeline::Track> tracks;
  for (std::size_t c = 0; c < plan.clients.size(); ++c) {
    setup.clients.push_back(make_client(plan, c, catalog));
    names.push_back(plan.clients[c].name);
    tracks.push_back(
        {.client = plan.clients[c].name, .program = &setup.clients[c].program->program});
  }
  RequestLog log(records, names);
  std::optional<Timeline> timeline;
  if (options.timeline) {
    timeline.emplace(*options.timeline, tracks);
  }
  const SimTotals totals =
      simulate(std::move(setup), log, timeline ? &*timeline : nullptr, progress);
  if (totals.interrupted) {
    return RunOutcome::interrupted;
  }
  // A summary of an earlier result must not vouch for the new records, however briefly.
  std::error_code ignored;
  std::filesystem::remove(summary, ignored);
  log.commit();
  if (timeline) {
    timeline->commit();
  }
  write_file(summary, summarize(plan, catalog, totals, digest).dump(1) + "\n");
  return RunOutcome::finished;
}

} // namespace cotenant
