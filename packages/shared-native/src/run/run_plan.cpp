#include "run/run_plan.h"

#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"
#include "program/program_text.h"
#include "record/detail_split.h"
#include "record/memory_log.h"
#include "record/phase_log.h"
#include "record/request_log.h"
#include "record/timeline.h"
#include "record/use_log.h"
#include "run/plan_setup.h"
#include "run/summary.h"

namespace cotenant {
namespace {

using nlohmann::ordered_json;

/// Identifies plan, data and code. Two runs with equal digests have equal results.
std::string input_digest(const Plan& plan, Catalog& catalog, const RunOptions& options) {
  Sha256 digest;
  digest.update(fmt::format("{}\n{}\n{}\n", options.fingerprint, read_file(plan.source),
                            options.engine == EngineKind::oracle ? "oracle" : "wave"));
  add_data(digest, plan, catalog);
  return digest.hex();
}

/// Requests to their file and, where the plan asks for them, what the GPU is used for and its memory to theirs.
class Records final : public RecordSink {
 public:
  Records(RequestLog& requests, std::optional<UseLog>& use, std::optional<MemoryLog>& memory)
      : requests_(requests), use_(use), memory_(memory) {}

  void request(const RequestRecord& record) override { requests_.request(record); }
  void use(const UseRecord& record) override { use_->use(record); }
  void memory(const MemoryRecord& record) override { memory_->memory(record); }

 private:
  RequestLog& requests_;
  std::optional<UseLog>& use_;
  std::optional<MemoryLog>& memory_;
};

/// Over the measured window, one entry a GPU; `peaks` are what caching allocators of the clients' own would hold.
ordered_json memory_summary(const MemoryLog& log, const std::vector<std::int64_t>& peaks) {
  ordered_json list = ordered_json::array();
  const std::size_t gpus = log.totals().size();
  for (std::size_t gpu = 0; gpu < gpus; ++gpu) {
    const MemoryLog::Total& total = log.totals()[gpu];
    const std::int64_t sum =
        gpus > 1 ? peaks[gpu] : std::accumulate(peaks.begin(), peaks.end(), std::int64_t{0});
    list.push_back({{"gpu", gpu},
                    {"peaks_bytes", sum},
                    {"live_mean_bytes", std::llround(total.live_mean)},
                    {"live_max_bytes", total.live_max},
                    {"held_max_bytes", total.held_max},
                    {"over_budget_ns", total.over_budget}});
  }
  return list;
}

ordered_json summarize(const Plan& plan, Catalog& catalog, const SimTotals& totals,
                       const std::string& digest) {
  ordered_json clients = ordered_json::array();
  std::string label = "simulated";
  for (std::size_t c = 0; c < plan.clients.size(); ++c) {
    const ClientPlan& client = plan.clients[c];
    const PreparedProgram& program = catalog.prepared(client.program, plan.gpu);
    if (program.program.label != Label::recorded) {
      label = fmt::format("simulated, {} programs", program_text::word(program.program.label));
    }
    clients.push_back(client_summary(client, program,
                                     std::string(program_text::word(program.program.label)),
                                     totals.clients[c]));
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
  set_up(plan, catalog);
}

RunOutcome run_plan(const Plan& plan, Catalog& catalog, const RunOptions& options,
                    SimProgress* progress) {
  PlanSetup checked = set_up(plan, catalog);
  const auto records = options.out / (plan.id + ".csv");
  const auto summary = options.out / (plan.id + ".json");
  const std::string digest = input_digest(plan, catalog, options);
  const auto use_file = options.out / (plan.id + ".utilization.csv");
  const auto memory_file = options.out / (plan.id + ".memory.csv");
  const bool watched = plan.utilization_interval > 0;
  const bool memory_watched = plan.memory_interval > 0;
  const auto phase_file = options.out / (plan.id + ".phases.csv");
  if (!options.timeline && is_finished(summary, records, digest) &&
      (!watched || std::filesystem::exists(use_file)) &&
      (!memory_watched || std::filesystem::exists(memory_file)) &&
      (!plan.phases || std::filesystem::exists(phase_file))) {
    return RunOutcome::reused;
  }
  SimSetup setup{.gpu = checked.gpu,
                 .clients = std::move(checked.clients),
                 .system = checked.system,
                 .params = std::move(checked.params),
                 .until = plan.until,
                 .time_limit = plan.time_limit,
                 .engine = options.engine,
                 .use_interval = plan.utilization_interval,
                 .memory_interval = plan.memory_interval};
  std::vector<std::string> names;
  std::vector<std::int64_t> peaks;
  std::vector<Track> tracks;
  for (std::size_t c = 0; c < plan.clients.size(); ++c) {
    const Program& program = setup.clients[c].program->program;
    names.push_back(plan.clients[c].name);
    peaks.push_back(setup.clients[c].program->peak_bytes());
    tracks.push_back({.client = names.back(), .program = &program});
  }
  RequestLog log(records, names);
  DetailSplit details;
  std::optional<Timeline> timeline;
  if (options.timeline) {
    details.add(timeline.emplace(*options.timeline, tracks));
  }
  std::optional<PhaseLog> phases;
  if (plan.phases) {
    details.add(phases.emplace(phase_file, tracks));
  }
  std::optional<UseLog> use;
  if (watched) {
    use.emplace(use_file);
  }
  std::optional<MemoryLog> memory;
  if (memory_watched) {
    memory.emplace(memory_file, names);
  }
  Records sink(log, use, memory);
  const SimTotals totals =
      simulate(std::move(setup), sink, details.empty() ? nullptr : &details, progress);
  if (totals.interrupted) {
    return RunOutcome::interrupted;
  }
  // A summary of an earlier result must not vouch for the new records, however briefly.
  std::error_code ignored;
  std::filesystem::remove(summary, ignored);
  log.commit();
  if (use) {
    use->commit();
  }
  if (memory) {
    memory->commit();
  }
  if (timeline) {
    timeline->commit();
  }
  if (phases) {
    phases->commit();
  }
  ordered_json document = summarize(plan, catalog, totals, digest);
  if (use) {
    document["utilization"] = use_summary(*use);
  }
  if (memory) {
    document["memory"] = memory_summary(*memory, peaks);
  }
  write_file(summary, document.dump(1) + "\n");
  return RunOutcome::finished;
}

} // namespace cotenant
