// What one GPU is used for, by its own counters.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>

#include "base/time.h"
#include "cuda/coordinator/nvml.h"
#include "record/sink.h"

namespace cotenant::cuda {

/// The GPU refreshes what a sample reads about ten times a second, and NVIDIA's description of nvmlGpmMetricsGet asks
/// for more than 100 ms between two samples.
inline constexpr Nanos kShortestUseInterval = 100 * kMillisecond;

/// Samples of one GPU's counters in a few buffers, and the means between two of them. One thread at a time.
class UseCounters {
 public:
  static constexpr std::size_t kBuffers = 3;

  /// Finds the GPU and reads it once, so that what is missing is known before anything runs. Throws Unavailable: the
  /// GPU is too old, is a part of one (MIG), or may not be read.
  UseCounters(const Nvml& library, const std::string& gpu_uuid);
  ~UseCounters();
  UseCounters(const UseCounters&) = delete;
  UseCounters& operator=(const UseCounters&) = delete;

  /// Reads all counters now. One call into the driver: no kernel, no stream, no memory is taken. Throws DeviceError.
  void sample(std::size_t buffer);

  /// Means from one sample to a later one, without times; none if the GPU refreshed nothing in between. Throws
  /// DeviceError.
  [[nodiscard]] std::optional<UseRecord> between(std::size_t from, std::size_t to);

 private:
  void free_samples();

  const Nvml& nvml_;
  NvmlDevice device_ = nullptr;
  std::array<GpmSample, kBuffers> samples_{};
  GpmQuery query_; ///< of some 20 KB: not on a stack
};

} // namespace cotenant::cuda
