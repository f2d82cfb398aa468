// What a program's allocation trace says about its tensors: how long each one lives on the GPU.
//
// The trace is in the order of the host's calls, which run ahead of the GPU. On the GPU a tensor is live
// from the start of the first op behind its allocation to the completion of the last op before its free:
// until then the memory is in use, whatever the host has freed.
//
// Three classes by lifetime, after Zico (ATC'21); where one ends and the next begins is a choice of this
// project:
//   persistent   held across iterations: weights, optimizer state, and what the trace never frees
//   short        freed within a few ops, and small: workspaces, temporaries
//   long         the rest: feature maps kept from forward to backward, gradients
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "program/memory_event.h"

namespace cotenant {

struct Tensor {
  std::uint32_t first = 0; ///< op that it is live from
  std::uint32_t last = 0;  ///< op whose completion ends it; at least `first`
  std::int64_t bytes = 0;

  /// Ops that it lives through.
  [[nodiscard]] std::uint32_t lifetime() const { return last - first + 1; }
};

struct Tensors {
  std::int64_t persistent_bytes = 0;
  /// The others, in order of allocation. What is allocated and freed with no op between is not among them:
  /// nothing on the GPU ever uses it.
  std::vector<Tensor> ephemeral;
};

/// `ops`: of the program; `persistent`: bytes that it holds before the trace begins. Throws InputError,
/// naming the event, for a trace that allocates twice, frees what it never took or took in another size,
/// or goes back in time or beyond the program's end.
Tensors tensors_of(std::span<const MemoryEvent> trace, std::uint32_t ops, std::int64_t persistent);

/// Where short ends: a tensor of more than `bytes` is as good as long-lived, because room kept for it would
/// be idle most of the time.
struct ShortLived {
  std::uint32_t ops = 0;
  std::int64_t bytes = 0;
};

/// Of `tensors`, those that live through at most so many ops and are no larger (short), and the rest (long).
std::vector<Tensor> short_lived(const std::vector<Tensor>& tensors, const ShortLived& most);
std::vector<Tensor> long_lived(const std::vector<Tensor>& tensors, const ShortLived& most);

} // namespace cotenant
