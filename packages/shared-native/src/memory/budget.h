// A memory budget as users write it: a size, and the sizes that it changes to at given times.
//
//   12GiB                     12 GiB throughout
//   70%                       of the sum of the jobs' peaks
//   gpu                       all memory of the GPU
//   90%, 60% @ 400ms, 90% @ 1s
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace cotenant {

struct BudgetStep {
  Nanos at = 0; ///< from the start of the clock
  std::int64_t bytes = 0;
};

/// The steps in order of time, the first at 0. `gpu_bytes` and `peak_bytes` are what "gpu" and "100%" stand
/// for. Throws InputError that says what is wrong with which step.
std::vector<BudgetStep> parse_budget(std::string_view text, std::int64_t gpu_bytes,
                                     std::int64_t peak_bytes);

} // namespace cotenant
