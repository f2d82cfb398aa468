// The GPU's time at two places in a stream.
#pragma once

#include "common.h"

namespace calibrate {

static __global__ void stamp(unsigned long long* at) {
  *at = gpu_ns();
}

class Stamps {
 public:
  Stamps() { CHECK(cudaMalloc(&times_, 2 * sizeof *times_)); }
  ~Stamps() { cudaFree(times_); }
  Stamps(const Stamps&) = delete;
  Stamps& operator=(const Stamps&) = delete;

  void begin(cudaStream_t stream) const { stamp<<<1, 1, 0, stream>>>(times_); }
  void end(cudaStream_t stream) const { stamp<<<1, 1, 0, stream>>>(times_ + 1); }

  /// From begin to end, read in `stream`, so that no other stream is used. REQUIRES: both are complete.
  [[nodiscard]] double elapsed_ns(cudaStream_t stream) const {
    unsigned long long times[2];
    CHECK(cudaMemcpyAsync(times, times_, sizeof times, cudaMemcpyDeviceToHost, stream));
    CHECK(cudaStreamSynchronize(stream));
    return static_cast<double>(times[1] - times[0]);
  }

 private:
  unsigned long long* times_ = nullptr;
};

} // namespace calibrate
