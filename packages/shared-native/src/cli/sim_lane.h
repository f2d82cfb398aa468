// The simulator as a lane.
#pragma once

#include <filesystem>
#include <vector>

#include "run/catalog.h"
#include "run/plan.h"

namespace cotenant {

struct SimArguments {
  std::filesystem::path out;
  std::filesystem::path timeline; ///< empty: none
  unsigned jobs = 0;              ///< plans at a time; 0: one a core
  bool progress = false;
  bool oracle = false;
};

/// Runs the plans; false if the user stopped it. Throws the first error: what was finished before is kept.
bool run_simulated(std::vector<Plan> plans, Catalog& catalog, const SimArguments& arguments);

} // namespace cotenant
