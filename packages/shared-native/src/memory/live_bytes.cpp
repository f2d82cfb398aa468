#include "memory/live_bytes.h"

#include <algorithm>

namespace cotenant {

LiveBytes live_bytes(const Tensors& tensors, std::uint32_t ops) {
  std::vector<std::int64_t> taken(ops, 0); // with the start of the op
  std::vector<std::int64_t> freed(ops, 0); // with its completion
  for (const Tensor& tensor : tensors.ephemeral) {
    taken[tensor.first] += tensor.bytes;
    freed[tensor.last] += tensor.bytes;
  }
  LiveBytes result;
  result.persistent = result.peak = tensors.persistent_bytes;
  std::int64_t live = tensors.persistent_bytes;
  for (std::uint32_t op = 0; op < ops; ++op) {
    live += taken[op];
    result.during.push_back(live);
    result.peak = std::max(result.peak, live);
    live -= freed[op];
    result.behind.push_back(live);
  }
  return result;
}

} // namespace cotenant
