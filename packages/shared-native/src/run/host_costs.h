// What one op costs the thread that launches it.
#pragma once

#include <optional>

#include "base/time.h"

namespace cotenant {

/// In place of what the GPU's specification says of its host; absent: that. Differs from host to host and, on
/// some, from one start of a process to the next.
struct HostCosts {
  std::optional<Nanos> launch;
  std::optional<Nanos> mark;  ///< to have its completion marked
  std::optional<Nanos> query; ///< to find the mark passed
};

} // namespace cotenant
