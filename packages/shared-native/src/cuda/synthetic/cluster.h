// Thread block clusters: recorded programs say how many blocks form one, not how they lie.
#pragma once

#include <optional>

#include "cuda/cuda_abi.h"
#include "program/op.h"

namespace cotenant::cuda::synthetic {

/// `blocks` blocks as a box that tiles the grid, as long in x as can be, then in y. nullopt if no
/// such box does.
inline std::optional<Dim3> cluster_shape(const Dim3& grid, std::uint32_t blocks) {
  for (std::uint32_t x = blocks; x >= 1; --x) {
    if (blocks % x != 0 || grid.x % x != 0) {
      continue;
    }
    for (std::uint32_t y = blocks / x; y >= 1; --y) {
      const std::uint32_t z = blocks / x / y;
      if (x * y * z == blocks && grid.y % y == 0 && grid.z % z == 0) {
        return Dim3{.x = x, .y = y, .z = z};
      }
    }
  }
  return std::nullopt;
}

inline LaunchAttribute cluster_attribute(const Dim3& shape) {
  LaunchAttribute attribute{};
  attribute.id = LaunchAttributeId::cluster_dimension;
  attribute.value.dimension[0] = shape.x;
  attribute.value.dimension[1] = shape.y;
  attribute.value.dimension[2] = shape.z;
  return attribute;
}

} // namespace cotenant::cuda::synthetic
