// Whether blocks of one kernel join those of another on an SM. All of them only sleep, so that what decides is what they hold:
// threads, registers, shared memory and the split of the SM's memory that they came with.
#pragma once

#include "common.h"

namespace calibrate {

/// Sleeps for `ns`, with `kept` floats in registers all the while. `shared_bytes` is what it is launched with.
template <int kept>
static __global__ void hold(Landing* landings, unsigned long long ns, int shared_bytes) {
  extern __shared__ unsigned char shared[];
  const unsigned long long start = gpu_ns();
  float values[kept + 1];
#pragma unroll
  for (int i = 0; i <= kept; ++i) {
    values[i] = static_cast<float>(threadIdx.x + i);
  }
  if (ns == 0 && shared_bytes > 0) {
    shared[threadIdx.x % shared_bytes] =
        0; // never: the blocks hold their shared memory all the same
  }
  while (gpu_ns() - start < ns) {
#pragma unroll
    for (int i = 0; i <= kept; ++i) {
      values[i] = -values[i] * 1.5f;
    }
    __nanosleep(200);
  }
  float all = 0;
#pragma unroll
  for (int i = 0; i <= kept; ++i) {
    all += values[i];
  }
  if (threadIdx.x == 0) {
    // Nobody reads this sum; it is stored so that the values have to be kept.
    landings[blockIdx.x] = {sm_id(), all == -42.0f ? 1U : 0U, start, gpu_ns(), warp_slot()};
  }
}

using Hold = void (*)(Landing*, unsigned long long, int);

/// Bytes of shared memory that a block can have, where its kernel is allowed them.
inline int most_shared_bytes() {
  int most = 0;
  CHECK(cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, 0));
  return most;
}

struct Sleeper {
  Hold kernel;
  int blocks;
  int threads;
  int shared_bytes; ///< of a block, without what each takes besides
  int carveout;     ///< preference in percent; -1: none
  unsigned long long ns;
};

class Joining {
 public:
  /// No kernel has more than `most_blocks` blocks.
  explicit Joining(int most_blocks)
      : back_(static_cast<size_t>(most_blocks)), front_(static_cast<size_t>(most_blocks)) {}

  /// Allows the kernel as much shared memory as there is, and loads it: its first launch would be late.
  void prepare(Hold kernel) {
    CHECK(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                               most_shared_bytes()));
    launch(kernel, 1, 32, 0, -1, streams_.low, back_.device(), 1ULL, 0);
    CHECK(cudaDeviceSynchronize());
  }

  /// Share of the foreground's blocks that start at least 50 us before the first of the background ends, where the foreground
  /// comes `later_ns` after it, in a stream of higher priority.
  double share(const Sleeper& back, const Sleeper& front, double later_ns) {
    constexpr unsigned long long margin_ns = 50'000;
    start(back, streams_.low, back_);
    wait_until(host_ns() + later_ns);
    start(front, streams_.high, front_);
    CHECK(cudaDeviceSynchronize());
    unsigned long long end = ~0ULL;
    for (const Landing& l : back_.read(static_cast<size_t>(back.blocks))) {
      end = std::min(end, l.end);
    }
    double joined = 0;
    for (const Landing& l : front_.read(static_cast<size_t>(front.blocks))) {
      joined += l.start + margin_ns < end ? 1 : 0;
    }
    return joined / front.blocks;
  }

 private:
  static void start(const Sleeper& it, cudaStream_t stream, const Landings& landings) {
    launch(it.kernel, it.blocks, it.threads, static_cast<size_t>(it.shared_bytes), it.carveout,
           stream, landings.device(), it.ns, it.shared_bytes);
  }

  TwoStreams streams_;
  Landings back_;
  Landings front_;
};

} // namespace calibrate
