// How long an op takes alone, measured on the GPU in the terms of recorded programs.
#pragma once

#include <functional>

#include "cuda/driver.h"

namespace cotenant::cuda::synthetic {

/// The two helper kernels of kernel_source().
struct HelperKernels {
  Function empty = nullptr;
  Function hold = nullptr;
};

/// Times chains of launches between two events. A kernel that only waits goes first, so that the
/// host is ahead of the GPU; a chain of empty kernels tells what launching adds.
class Stopwatch {
 public:
  /// `empty_ns`: how long a recorded kernel that does nothing takes.
  Stopwatch(const Driver& driver, HelperKernels kernels, double empty_ns);
  ~Stopwatch();
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

  /// Duration of one launch that takes about `expected_ns`: longer ones are repeated less.
  /// `launch(i)` puts the i-th launch on stream().
  double duration_ns(double expected_ns, const std::function<void(int)>& launch);

  /// Time from the start of the first to the end of the last of `count` ops of any kind, queued
  /// ahead as far as the stream takes them.
  double span_ns(int count, const std::function<void(int)>& launch);

  /// Keeps the GPU busy until its clocks are up.
  void warm_up();

  [[nodiscard]] Stream stream() const { return stream_; }

 private:
  void hold(double ns);
  double empty_chain_ns(int count);

  const Driver& driver_;
  HelperKernels kernels_;
  double empty_ns_;
  Stream stream_ = nullptr;
  Event before_ = nullptr;
  Event after_ = nullptr;
  double empty_chains_[8] = {}; ///< by length, 0 = not measured yet
};

} // namespace cotenant::cuda::synthetic
