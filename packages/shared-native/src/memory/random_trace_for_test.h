// Allocation traces at random, every one of them possible.
#pragma once

#include <random>
#include <vector>

#include "program/memory_event.h"

namespace cotenant::testing {

/// Of a program of `ops` ops; sizes up to `most` bytes. Some blocks are never freed, some never used, some numbers
/// of blocks used again. Nothing is allocated before op `earliest`.
inline std::vector<MemoryEvent> random_trace(std::mt19937_64& words, std::uint32_t ops,
                                             std::int64_t most, std::uint32_t earliest = 0) {
  const auto below = [&](std::uint64_t bound) { return words() % bound; };
  std::vector<MemoryEvent> trace;
  std::vector<MemoryEvent> open;
  std::uint32_t next_block = 0;
  for (std::uint32_t op = earliest; op <= ops; ++op) {
    for (std::size_t i = open.size(); i-- > 0;) {
      if (below(4) == 0) {
        trace.push_back({.op = op, .alloc = false, .block = open[i].block, .bytes = open[i].bytes});
        open.erase(open.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
    for (std::uint64_t n = below(3); n > 0; --n) {
      const MemoryEvent event{
          .op = op,
          .alloc = true,
          .block = next_block++,
          .bytes = 1 + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most)))};
      trace.push_back(event);
      open.push_back(event);
    }
  }
  for (const MemoryEvent& event : open) {
    if (below(8) != 0) {
      trace.push_back({.op = ops, .alloc = false, .block = event.block, .bytes = event.bytes});
    }
  }
  return trace;
}

} // namespace cotenant::testing
