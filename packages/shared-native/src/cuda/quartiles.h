// Times of the host's, in a few numbers.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "base/time.h"

namespace cotenant::cuda {

/// {"p25", "p50", "p75", "n"}: values of the sample, not between them. Null for an empty one.
nlohmann::ordered_json quartiles(std::vector<Nanos> values);

} // namespace cotenant::cuda
