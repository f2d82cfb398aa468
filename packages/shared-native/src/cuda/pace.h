// How soon small ops follow each other in streams that run at the same time: whether these share a hardware queue.
#pragma once

#include <cstddef>
#include <vector>

#include "base/time.h"
#include "cuda/driver.h"

namespace cotenant::cuda {

/// Fewer than a stream can hold; so few last a millisecond or two.
inline constexpr std::size_t kMostPacedOps = 1000;

struct PacedStream {
  Stream stream = nullptr;
  std::size_t ops = 2; ///< 2 to kMostPacedOps
};

struct Pace {
  std::vector<double> period; ///< ns from the end of an op to the end of the next, by stream
  bool late = false;          ///< the ops were not all queued in time, so this says nothing
};

/// Queues small fills in each stream, none of which begins before `at` (CLOCK_MONOTONIC), and waits for all of them. Throws
/// DeviceError.
[[nodiscard]] Pace pace_of(const Driver& driver, const std::vector<PacedStream>& streams, Nanos at);

} // namespace cotenant::cuda
