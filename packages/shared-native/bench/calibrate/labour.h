// Blocks that issue instructions in different ways, one of either of two kernels on every SM. Both kernels do a fixed amount of
// work, the neighbour more of it; how much longer either takes than alone is measured, so that a law of sharing has to
// explain both.
#pragma once

#include "common.h"

namespace calibrate {

constexpr int sums = 16;           ///< independent ones of a thread, unless a kind says otherwise
constexpr int row = 32;            ///< float4 of shared memory that a warp reads
constexpr double front_ns = 200e3; ///< what the foreground takes alone
constexpr double back_ns = 2e6;    ///< what the neighbour takes alone
constexpr double head_start_ns = 200e3;
constexpr int trial_rounds = 256;

enum class Work : int {
  arithmetic, ///< nothing else, in a small loop
  short_runs, ///< 16 multiply-adds between two loads of 16 bytes
  long_runs,  ///< 128 between four, as in the large tiles of a matrix product
  long_code,  ///< arithmetic in a loop of 64 KiB
  loads,      ///< four between four
  chain,      ///< arithmetic of two sums: a warp that waits for itself
  pauses_8,  ///< 8 multiply-adds between waits for a load from the L2, that the next one depends on
  pauses_32, ///< 32
  pauses_128, ///< 128
};
constexpr const char* work_names[] = {"arithmetic", "short_runs", "long_runs", "long_code", "loads",
                                      "chain",      "pauses_8",   "pauses_32", "pauses_128"};
/// Multiply-adds of a thread in a round.
constexpr int round_size[] = {64, 64, 256, 4096, 16, 64, 32, 128, 512};

constexpr unsigned int chased = 1u << 18; ///< words, 1 MiB: stay in the L2
static __device__ unsigned int zeros[chased];

template <int run, int reads, int times, int used>
__device__ void round_of(float (&sum)[sums], const float4* shared, unsigned int& at) {
#pragma unroll
  for (int t = 0; t < times; ++t) {
    float4 value{0.5f, 0.25f, 0.125f, 1.0f};
#pragma unroll
    for (int r = 0; r < reads; ++r) {
      const float4 read = shared[(at + 7 * r) % row];
      value.x += read.x;
      value.y += read.w;
    }
    at += reads;
#pragma unroll
    for (int k = 0; k < run; ++k) {
      sum[k % used] = sum[k % used] * value.x + value.y;
    }
  }
}

/// Four waits, `run` multiply-adds after each.
template <int run> __device__ void round_with_pauses(float (&sum)[sums], unsigned int& at) {
#pragma unroll
  for (int t = 0; t < 4; ++t) {
    const unsigned int zero = __ldcg(zeros + at % chased);
    at = at * 5 + 65537 + zero;
    const float value = __uint_as_float(zero); // what follows waits for the load
#pragma unroll
    for (int k = 0; k < run; ++k) {
      sum[k % sums] = sum[k % sums] * value + 0.5f;
    }
  }
}

template <Work work>
__device__ void one_round(float (&sum)[sums], const float4* shared, unsigned int& at) {
  if constexpr (work == Work::arithmetic) {
    round_of<64, 0, 1, sums>(sum, shared, at);
  } else if constexpr (work == Work::short_runs) {
    round_of<16, 2, 4, sums>(sum, shared, at);
  } else if constexpr (work == Work::long_runs) {
    round_of<128, 4, 2, sums>(sum, shared, at);
  } else if constexpr (work == Work::long_code) {
    round_of<4096, 0, 1, sums>(sum, shared, at);
  } else if constexpr (work == Work::loads) {
    round_of<4, 4, 4, sums>(sum, shared, at);
  } else if constexpr (work == Work::chain) {
    round_of<64, 0, 1, 2>(sum, shared, at);
  } else {
    constexpr int round = round_size[static_cast<int>(work)];
    round_with_pauses<round / 4>(sum, at);
  }
}

/// `rounds` rounds. Nothing but the work is in the loop: reading a clock there would be a pause of its own.
template <Work work>
static __global__ void __launch_bounds__(512) labour(int rounds, Landing* landings) {
  __shared__ float4 shared[row];
  if (threadIdx.x < row) {
    shared[threadIdx.x] = {0.0f, 0.0f, 0.0f, 0.0f};
  }
  __syncthreads();
  const unsigned long long start = gpu_ns();
  float sum[sums];
  for (int k = 0; k < sums; ++k) {
    sum[k] = static_cast<float>(threadIdx.x + k);
  }
  unsigned int at = threadIdx.x;
#pragma unroll 1
  for (int done = 0; done < rounds; ++done) {
    one_round<work>(sum, shared, at);
  }
  float all = 0;
  for (const float value : sum) {
    all += value;
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    // Nobody reads this sum; it is stored where it can do no harm, so that it has to be computed.
    landings[blockIdx.x] = {sm_id() + (all == -42.0f ? 1000u : 0u), 0, start, gpu_ns(),
                            warp_slot()};
  }
}

using Labour = void (*)(int, Landing*);
/// By Work.
constexpr Labour labours[] = {
    labour<Work::arithmetic>, labour<Work::short_runs>, labour<Work::long_runs>,
    labour<Work::long_code>,  labour<Work::loads>,      labour<Work::chain>,
    labour<Work::pauses_8>,   labour<Work::pauses_32>,  labour<Work::pauses_128>};

struct Job {
  Work work;
  int threads;
  int rounds = 0;
  double alone = 0; ///< ns of a block
};

/// Holds warp slots, and uses next to nothing else.
static __global__ void hold_slots(unsigned long long ns) {
  const unsigned long long start = gpu_ns();
  while (gpu_ns() - start < ns) {
    __nanosleep(1000);
  }
}

/// Of the blocks of a foreground and a neighbour that met, by medians.
struct Meeting {
  double slowdown;      ///< of the foreground, over alone
  double back_slowdown; ///< of the neighbour while the foreground ran; 0 if it did nothing then
  double front_slot;    ///< of a block's first warp
  double back_slot;
};

class Floor {
 public:
  Floor() : sms_(sm_count()), front_log_(sms_), back_log_(sms_) {
    CHECK(cudaStreamCreateWithFlags(&holder_, cudaStreamNonBlocking));
    launch(hold_slots, sms_, 32, 0, 100, holder_, 1); // functions are loaded at their first launch
    CHECK(cudaDeviceSynchronize());
  }
  ~Floor() { cudaStreamDestroy(holder_); }
  Floor(const Floor&) = delete;
  Floor& operator=(const Floor&) = delete;

  /// As many rounds as take about `ns`, and what they take.
  Job sized(Work work, int threads, double ns) {
    Job job{work, threads, trial_rounds};
    alone(job); // loads the function
    job.rounds = std::max(1, static_cast<int>(trial_rounds * ns / alone(job)));
    job.alone = alone(job);
    return job;
  }

  /// The foreground in the middle of the neighbour's life. Where `held` is not 0, so many threads of every SM are taken when the
  /// neighbour comes, and free before the foreground does.
  Meeting beside(const Job& front, const Job& back, int held = 0) {
    if (held > 0) {
      launch(hold_slots, sms_, held, 0, 100, holder_, head_start_ns);
      wait_until(host_ns() + head_start_ns / 4);
    }
    start(back, streams_.low, back_log_);
    wait_until(host_ns() + 2 * head_start_ns);
    start(front, streams_.high, front_log_);
    CHECK(cudaDeviceSynchronize());
    const std::vector<Landing> fronts = front_log_.read(static_cast<size_t>(sms_));
    const std::vector<Landing> backs = back_log_.read(static_cast<size_t>(sms_));
    const double took = median_time(fronts);
    // What the neighbour lost, it lost while the foreground ran.
    const double kept = took - (median_time(backs) - back.alone);
    return {took / front.alone, kept > 0 ? took / kept : 0, median_slot(fronts),
            median_slot(backs)};
  }

 private:
  double alone(const Job& job) {
    start(job, streams_.high, front_log_);
    CHECK(cudaDeviceSynchronize());
    return median_time(front_log_.read(static_cast<size_t>(sms_)));
  }

  void start(const Job& job, cudaStream_t stream, Landings& log) {
    launch(labours[static_cast<int>(job.work)], sms_, job.threads, 0, 100, stream, job.rounds,
           log.device());
  }

  static double median_time(const std::vector<Landing>& blocks) {
    std::vector<double> times;
    for (const Landing& l : blocks) {
      times.push_back(static_cast<double>(l.end - l.start));
    }
    return median(times);
  }

  static double median_slot(const std::vector<Landing>& blocks) {
    std::vector<double> slots;
    for (const Landing& l : blocks) {
      slots.push_back(l.warp);
    }
    return median(slots);
  }

  int sms_;
  TwoStreams streams_;
  cudaStream_t holder_{};
  Landings front_log_;
  Landings back_log_;
};

} // namespace calibrate
