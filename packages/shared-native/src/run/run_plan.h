// Plans in, record files out.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "run/catalog.h"
#include "run/plan.h"
#include "sim/simulation.h"

namespace cotenant {

struct RunOptions {
  std::filesystem::path out;                     ///< folder for <plan id>.csv and <plan id>.json
  std::optional<std::filesystem::path> timeline; ///< Perfetto timeline of the run
  EngineKind engine = EngineKind::wave;
  /// Identifies the code that runs `system`: a result made by other code is made again.
  std::string fingerprint;
};

enum class RunOutcome {
  finished,
  reused,
  interrupted,
  unavailable, ///< recorded as such: what the system needs is not on this machine
};

/// Checks names, parameters, memory and the system's own conditions without running anything: what
/// `cotenant validate` does. Throws InputError.
void check_plan(const Plan& plan, Catalog& catalog);

/// Runs a plan. A finished result with the same input digest is left as it is (reused). Record
/// files are written under temporary names; the summary comes last, so that its presence means that
/// the result is whole. An interrupted run leaves nothing.
RunOutcome run_plan(const Plan& plan, Catalog& catalog, const RunOptions& options,
                    SimProgress* progress = nullptr);

} // namespace cotenant
