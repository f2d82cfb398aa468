#include "memory/demand_curve.h"

#include <algorithm>

namespace cotenant {

DemandCurve demand_curve(const std::vector<Nanos>& starts,
                         const std::vector<std::uint32_t>& regions) {
  DemandCurve curve;
  curve.length = std::max<Nanos>(starts.back(), 1);
  for (std::size_t op = 0; op < regions.size(); ++op) {
    if (starts[op + 1] == starts[op] && op + 1 < regions.size()) {
      continue; // takes no time
    }
    if (curve.at.empty() || curve.regions.back() != regions[op]) {
      curve.at.push_back(curve.at.empty() ? 0 : starts[op]);
      curve.regions.push_back(regions[op]);
    }
  }
  return curve;
}

} // namespace cotenant
