#include "memory/tensors.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <map>

#include "base/error.h"

namespace cotenant {
namespace {

[[noreturn]] void refuse(std::size_t event, std::string_view what, std::string_view expected) {
  throw InputError(fmt::format("memory event {}: {}; expected {}", event, what, expected));
}

void check(const MemoryEvent& event, std::size_t index, std::uint32_t earliest, std::uint32_t ops) {
  if (event.op < earliest || event.op > ops) {
    refuse(index, fmt::format("is before op {}", event.op),
           fmt::format("an op from {} to {}, in order", earliest, ops));
  }
  if (event.bytes <= 0) {
    refuse(index, fmt::format("is of {} bytes", event.bytes), "at least one");
  }
}

bool is_short(const Tensor& tensor, const ShortLived& most) {
  return tensor.lifetime() <= most.ops && tensor.bytes <= most.bytes;
}

} // namespace

Tensors tensors_of(std::span<const MemoryEvent> trace, std::uint32_t ops, std::int64_t persistent) {
  struct Allocated {
    Tensor tensor;
    std::size_t order = 0;
  };
  std::map<std::uint32_t, Allocated> open; // by block
  std::vector<Allocated> closed;
  std::uint32_t at = 0;
  for (std::size_t i = 0; i < trace.size(); ++i) {
    const MemoryEvent& event = trace[i];
    check(event, i, at, ops);
    at = event.op;
    const auto found = open.find(event.block);
    if (event.alloc) {
      if (found != open.end()) {
        refuse(i, fmt::format("allocates block {}, which is allocated", event.block),
               "a block that is free");
      }
      open[event.block] = {.tensor = {.first = event.op, .last = 0, .bytes = event.bytes},
                           .order = i};
      continue;
    }
    if (found == open.end()) {
      refuse(i, fmt::format("frees block {}, which was never taken", event.block),
             "a block that is allocated");
    }
    Allocated& block = found->second;
    if (block.tensor.bytes != event.bytes) {
      refuse(i, fmt::format("frees {} bytes of block {}", event.bytes, event.block),
             fmt::format("its {} bytes", block.tensor.bytes));
    }
    if (event.op > block.tensor.first) {
      block.tensor.last = event.op - 1;
      closed.push_back(block);
    }
    open.erase(found);
  }
  Tensors result{.persistent_bytes = persistent, .ephemeral = {}};
  for (const auto& [block, allocated] : open) {
    result.persistent_bytes += allocated.tensor.bytes; // taken once, and reused by every iteration
  }
  std::sort(closed.begin(), closed.end(),
            [](const Allocated& a, const Allocated& b) { return a.order < b.order; });
  for (const Allocated& allocated : closed) {
    result.ephemeral.push_back(allocated.tensor);
  }
  return result;
}

std::vector<Tensor> short_lived(const std::vector<Tensor>& tensors, const ShortLived& most) {
  std::vector<Tensor> result;
  std::copy_if(tensors.begin(), tensors.end(), std::back_inserter(result),
               [&](const Tensor& tensor) { return is_short(tensor, most); });
  return result;
}

std::vector<Tensor> long_lived(const std::vector<Tensor>& tensors, const ShortLived& most) {
  std::vector<Tensor> result;
  std::copy_if(tensors.begin(), tensors.end(), std::back_inserter(result),
               [&](const Tensor& tensor) { return !is_short(tensor, most); });
  return result;
}

} // namespace cotenant
