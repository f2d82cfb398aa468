#include "sim/contention.h"

#include "sim/ticks.h"

namespace cotenant {

double fair_dram_share(std::span<DramClass> classes) {
  double total = 0;
  double blocks = 0;
  for (const DramClass& c : classes) {
    total += c.demand * c.blocks;
    blocks += c.blocks;
  }
  if (total <= 1) {
    return kNoLimit;
  }
  // A handful of classes, often sorted already.
  for (std::size_t i = 1; i < classes.size(); ++i) {
    const DramClass moved = classes[i];
    std::size_t j = i;
    for (; j > 0 && classes[j - 1].demand > moved.demand; --j) {
      classes[j] = classes[j - 1];
    }
    classes[j] = moved;
  }
  // Serve the smallest demands in full until one asks for more than an equal part of what is left.
  // The comparison multiplies instead of dividing because the product is exact.
  double left = 1;
  for (const DramClass& c : classes) {
    if (c.demand * blocks > left) {
      break;
    }
    left -= c.demand * c.blocks;
    blocks -= c.blocks;
  }
  return floor_share(left / blocks);
}

} // namespace cotenant
