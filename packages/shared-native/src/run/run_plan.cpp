#include "run/run_plan.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"
#include "program/program_text.h"
#include "record/request_log.h"
#include "record/timeline.h"
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
  if (!options.timeline && is_finished(summary, records, digest)) {
    return RunOutcome::reused;
  }
  SimSetup setup{.gpu = checked.gpu,
                 .clients = std::move(checked.clients),
                 .system = checked.system,
                 .params = std::move(checked.params),
                 .until = plan.until,
                 .time_limit = plan.time_limit,
                 .engine = options.engine};
  std::vector<std::string> names;
  std::vector<Timeline::Track> tracks;
  for (std::size_t c = 0; c < plan.clients.size(); ++c) {
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
