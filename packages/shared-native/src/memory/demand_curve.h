// How much memory of the shared pool one iteration asks for, over its own time running alone.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.h"

namespace cotenant {

/// Piecewise constant: `regions[i]` from `at[i]` on, to `at[i + 1]` or to the iteration's end. The first
/// piece begins at 0; no two neighbours are equal.
struct DemandCurve {
  std::vector<Nanos> at;
  std::vector<std::uint32_t> regions;
  Nanos length = 0; ///< above 0

  [[nodiscard]] Nanos end_of(std::size_t piece) const {
    return piece + 1 < at.size() ? at[piece + 1] : length;
  }
};

/// `starts`: of each op and, last, the end of the iteration; `regions`: held during each op.
DemandCurve demand_curve(const std::vector<Nanos>& starts,
                         const std::vector<std::uint32_t>& regions);

/// The same in at most `pieces` pieces: neighbours joined, with the higher demand. So decisions stay short however
/// small regions are. `pieces` above 0.
DemandCurve coarser(const DemandCurve& curve, std::size_t pieces);

} // namespace cotenant
