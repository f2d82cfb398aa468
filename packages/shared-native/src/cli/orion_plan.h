// From a configuration of Orion's artifact to a plan.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/orion_config.h"
#include "program/program.h"
#include "run/catalog.h"

namespace cotenant {

/// Options of launch_jobs.py, and what a simulation needs besides. Absent ones have its defaults.
struct OrionOptions {
  std::string algorithm = "orion"; ///< orion, reef or sequential
  bool as_published = false;       ///< REEF's policy with its penalty counting polls
  std::optional<std::int64_t> reef_depth;
  std::optional<std::int64_t> max_be_duration; ///< ns
  std::optional<std::int64_t> start_update;    ///< ops
  std::optional<double> hp_limit;              ///< ms
  std::string gpu = "v100-16";
  std::string profiled_on = "v100-16"; ///< GPU of the kernel files
  std::string precision = "fp32";      ///< of recorded programs
  std::uint32_t seed = 42;             ///< as the artifact seeds NumPy
  std::filesystem::path out;           ///< folder of the plan
};

/// A plan that is still without files: programs read from kernel files have to be written where the plan
/// says that they are.
struct OrionPlan {
  struct ImportedProgram {
    std::filesystem::path file; ///< in programs/ below the folder of the plan
    Program program;
  };
  nlohmann::ordered_json plan;
  std::vector<ImportedProgram> programs;
  std::vector<std::string> notes;
};

/// The plan's clients are named client_N after their position in the list, the high-priority one first, as in
/// the project's own plans. Its requests end the run.
///
/// A client's program is its kernel file (the later one, if it has two) where that exists and was made for the
/// GPU of the run; else the recorded program of that model, mode and batch. Notes say which.
/// Throws InputError naming file, client and field.
OrionPlan plan_of_orion(const OrionConfig& config, const OrionOptions& options,
                        const std::string& id, Catalog& catalog);

/// A plan's id from a file name: lower case, and '-' for what ids do not have.
std::string orion_plan_id(const std::filesystem::path& config, const OrionOptions& options);

} // namespace cotenant
