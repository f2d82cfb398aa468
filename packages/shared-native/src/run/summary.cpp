#include "run/summary.h"

#include <fmt/format.h>

#include "base/file.h"
#include "run/plan_setup.h"

namespace cotenant {

using nlohmann::ordered_json;

void add_data(Sha256& digest, const Plan& plan, Catalog& catalog) {
  digest.update(catalog.gpu_digest(plan.gpu));
  for (const ClientPlan& client : plan.clients) {
    const std::string& home = catalog.program(client.program).gpu;
    digest.update(catalog.program_digest(client.program)).update(catalog.gpu_digest(home));
    for (const Nanos gap : client.traffic.trace) {
      digest.update(fmt::format("{},", gap));
    }
  }
}

bool is_finished(const std::filesystem::path& summary, const std::filesystem::path& records,
                 const std::string& digest) {
  if (!std::filesystem::exists(summary) || !std::filesystem::exists(records)) {
    return false;
  }
  const auto document = nlohmann::json::parse(read_file(summary), nullptr, false);
  return document.is_object() && document.value("input_digest", "") == digest;
}

void record_without_result(const Plan& plan, const std::filesystem::path& out,
                           std::string_view lane, std::string_view why, bool refused) {
  ordered_json document = {{"version", kSummaryVersion},
                           {"plan", plan.id},
                           {"system", plan.system},
                           {"gpu", plan.gpu},
                           {"lane", lane},
                           {"label", refused ? "not applicable" : "unavailable"},
                           {"seed", plan.seed},
                           {"unavailable", why}};
  if (refused) {
    document["refused"] = true;
  }
  std::error_code ignored;
  std::filesystem::remove(out / (plan.id + ".csv"), ignored);
  write_file(out / (plan.id + ".json"), document.dump(1) + "\n");
}

double rounded(double value) {
  return std::stod(fmt::format("{:.9g}", value));
}

ordered_json use_summary(const UseLog& log) {
  ordered_json list = ordered_json::array();
  for (const UseRecord& mean : log.means()) {
    list.push_back({{"gpu", mean.gpu},
                    {"sm_busy", rounded(mean.sm_busy)},
                    {"occupancy", rounded(mean.occupancy)},
                    {"compute", rounded(mean.compute)},
                    {"dram", rounded(mean.dram)}});
  }
  return list;
}

ordered_json client_summary(const ClientPlan& client, const PreparedProgram& program,
                            const std::string& program_label, const ClientTotals& totals) {
  const bool paced = client.traffic.kind == Traffic::Kind::uniform ||
                     client.traffic.kind == Traffic::Kind::poisson;
  return {{"name", client.name},
          {"program", client.program},
          {"program_label", program_label},
          {"rate_per_s",
           paced ? ordered_json(rounded(client_rate(client, program))) : ordered_json(nullptr)},
          {"solo_ns", program.solo_latency},
          {"requests", totals.requests},
          {"iterations_in_window", rounded(totals.iterations)},
          {"window_ns", totals.window},
          {"ops", totals.ops}};
}

} // namespace cotenant
