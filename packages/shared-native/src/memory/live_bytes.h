// How much device memory a program has live while each of its ops runs, and between them.
#pragma once

#include <cstdint>
#include <vector>

#include "memory/tensors.h"

namespace cotenant {

struct LiveBytes {
  std::int64_t persistent = 0;      ///< also between iterations
  std::vector<std::int64_t> during; ///< per op, persistent ones included
  std::vector<std::int64_t> behind; ///< per op: when it is complete and the next has not begun
  std::int64_t peak = 0;
};

LiveBytes live_bytes(const Tensors& tensors, std::uint32_t ops);

} // namespace cotenant
