// What the summaries of both lanes have in common, and when a result counts as finished.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/sha256.h"
#include "record/use_log.h"
#include "run/catalog.h"
#include "run/plan.h"
#include "sim/simulation.h"

namespace cotenant {

inline constexpr int kSummaryVersion = 1;

/// Adds the data that a run of `plan` depends on: GPU specifications, programs and traces.
void add_data(Sha256& digest, const Plan& plan, Catalog& catalog);

/// Both files are there, and the summary says that they were made from this input.
bool is_finished(const std::filesystem::path& summary, const std::filesystem::path& records,
                 const std::string& digest);

/// Leaves a summary that says why the plan has no records, and removes earlier ones. `refused`: for
/// the plan's own sake, on any machine.
void record_without_result(const Plan& plan, const std::filesystem::path& out,
                           std::string_view lane, std::string_view why, bool refused);

/// A number to nine significant digits: enough, and free of last-bit noise.
double rounded(double value);

/// Means of what was used over the measured window, one entry a GPU.
nlohmann::ordered_json use_summary(const UseLog& log);

/// One client of a summary, with the label of its program.
nlohmann::ordered_json client_summary(const ClientPlan& client, const PreparedProgram& program,
                                      const std::string& program_label, const ClientTotals& totals);

} // namespace cotenant
