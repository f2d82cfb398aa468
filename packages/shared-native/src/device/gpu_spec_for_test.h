// The shipped specifications, for tests that need a GPU.
#pragma once

#include "device/gpu_spec.h"

namespace cotenant {

inline GpuSpec h200_for_test() {
  return find_gpu_spec(COTENANT_DATA_DIR, "h200");
}
inline GpuSpec v100_for_test() {
  return find_gpu_spec(COTENANT_DATA_DIR, "v100-16");
}

} // namespace cotenant
