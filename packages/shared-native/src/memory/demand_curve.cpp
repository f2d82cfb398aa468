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

DemandCurve coarser(const DemandCurve& curve, std::size_t pieces) {
  const std::size_t joined = (curve.at.size() + pieces - 1) / pieces;
  DemandCurve result;
  result.length = curve.length;
  for (std::size_t i = 0; i < curve.at.size(); i += joined) {
    const auto first = curve.regions.begin() + static_cast<std::ptrdiff_t>(i);
    const auto last = first + static_cast<std::ptrdiff_t>(std::min(joined, curve.at.size() - i));
    const std::uint32_t most = *std::max_element(first, last);
    if (result.at.empty() || result.regions.back() != most) {
      result.at.push_back(curve.at[i]);
      result.regions.push_back(most);
    }
  }
  return result;
}

} // namespace cotenant
