#include "cuda/quartiles.h"

#include <algorithm>

namespace cotenant::cuda {

nlohmann::ordered_json quartiles(std::vector<Nanos> values) {
  if (values.empty()) {
    return nullptr;
  }
  std::ranges::sort(values);
  const auto at = [&](std::size_t percent) {
    return values[std::min(values.size() - 1, values.size() * percent / 100)];
  };
  return {{"p25", at(25)}, {"p50", at(50)}, {"p75", at(75)}, {"n", values.size()}};
}

} // namespace cotenant::cuda
