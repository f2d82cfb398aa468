// Many plans of several systems in the time that there is.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cuda/coordinator/cuda_run.h"

namespace cotenant::cuda {

/// A plan and the figure's name for its system: results go to <out>/<entry>/<plan id>.{csv,json}.
struct MeasurePlan {
  std::string entry;
  Plan plan;
};

struct MeasurePlans {
  std::vector<MeasurePlan> plans;    ///< by seed, then cell, then system
  std::vector<std::string> failures; ///< plans that cannot be read, one line each
};

/// Reads <folder>/<entry>/*.json. Systems take turns, so that what drifts while a measurement lasts (clocks,
/// temperature) reaches all of them; and one seed of everything is there before the next begins. Throws
/// InputError for a folder without plans.
MeasurePlans read_measure_plans(const std::filesystem::path& folder);

struct MeasureOptions {
  std::filesystem::path out;
  std::chrono::duration<double> budget{0};
  std::function<bool()> interrupted = [] { return false; };
  std::function<void(const std::string& line)> say; ///< one line a plan
};

struct MeasureResult {
  std::size_t finished = 0;          ///< measured now
  std::size_t reused = 0;            ///< there before, or in the ledger
  std::size_t unavailable_plans = 0; ///< recorded as such: their system cannot run here
  std::size_t left = 0;              ///< not begun: the budget, an interruption, too many failures
  std::vector<std::string> failures;
  bool interrupted = false;
  std::string unavailable; ///< nothing can run here: why
};

/// Runs what is not finished yet, as long as the next plan is likely to end within the budget. A plan that
/// fails is reported and the others go on, unless several in a row fail, which is then the machine's fault.
MeasureResult measure(CudaLane& lane, Catalog& catalog, MeasurePlans plans,
                      const MeasureOptions& options);

/// Seconds that a plan's requests take if the GPU keeps up with them.
double nominal_seconds(const Plan& plan, const PlanSetup& setup);

} // namespace cotenant::cuda
