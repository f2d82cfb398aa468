// One change of what a program holds of device memory.
#pragma once

#include <cstdint>

namespace cotenant {

/// An allocation or a free of device memory, before op `op` is issued.
struct MemoryEvent {
  std::uint32_t op = 0;
  bool alloc = true;
  std::uint32_t block = 0; ///< identifies the allocation that a free ends
  std::int64_t bytes = 0;
};

} // namespace cotenant
