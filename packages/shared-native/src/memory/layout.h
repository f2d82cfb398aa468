// Where tensors lie: placed in the order of the host's calls, best fit, in one range of addresses that
// memory is mapped under as it is needed. The stream keeps that order, so that a freed address can be used
// again at once by the same job; equal traces give equal layouts, iteration after iteration.
#pragma once

#include <cstdint>
#include <vector>

#include "memory/tensors.h"

namespace cotenant {

struct Layout {
  std::vector<std::int64_t> offsets; ///< of each tensor
  std::int64_t extent = 0;           ///< end of the highest one ever
};

/// `tensors` in order of allocation.
Layout lay_out(const std::vector<Tensor>& tensors);

} // namespace cotenant
