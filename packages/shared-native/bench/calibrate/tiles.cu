// How warps of two kernels share the schedulers of an SM, by what they do between waits: long or short runs of
// arithmetic, loads from shared memory, loops that are small or longer than the instruction caches.
//
// One block of either kernel is on every SM. Both do a fixed amount of work, the neighbour more of it; how much longer
// either takes than alone is measured, so that a law of sharing has to explain both.
#include "common.h"

namespace calibrate {
namespace {

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
};
constexpr const char* work_names[] = {"arithmetic", "short_runs", "long_runs",
                                      "long_code",  "loads",      "chain"};
/// Multiply-adds of a thread in a round.
constexpr int round_size[] = {64, 64, 256, 4096, 16, 64};

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
  } else {
    round_of<64, 0, 1, 2>(sum, shared, at);
  }
}

/// `rounds` rounds. Nothing but the work is in the loop: reading a clock there would be a pause of its own.
template <Work work> __global__ void __launch_bounds__(512) labour(int rounds, Landing* landings) {
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
  if (threadIdx.x == 0) {
    // Nobody reads this sum; it is stored where it can do no harm, so that it has to be computed.
    landings[blockIdx.x] = {sm_id() + (all == -42.0f ? 1000u : 0u), 0, start, gpu_ns()};
  }
}

using Labour = void (*)(int, Landing*);
/// By Work.
constexpr Labour labours[] = {labour<Work::arithmetic>, labour<Work::short_runs>,
                              labour<Work::long_runs>,  labour<Work::long_code>,
                              labour<Work::loads>,      labour<Work::chain>};

struct Job {
  Work work;
  int threads;
  int rounds = 0;
  double alone = 0; ///< ns of a block
};

class Floor {
 public:
  Floor() : sms_(sm_count()), front_log_(sms_), back_log_(sms_) {}

  /// As many rounds as take about `ns`, and what they take.
  Job sized(Work work, int threads, double ns) {
    Job job{work, threads, trial_rounds};
    alone(job); // loads the function
    job.rounds = std::max(1, static_cast<int>(trial_rounds * ns / alone(job)));
    job.alone = alone(job);
    return job;
  }

  /// How long a block of either takes, the foreground in the middle of the neighbour's life.
  std::pair<double, double> beside(const Job& front, const Job& back) {
    start(back, streams_.low, back_log_);
    wait_until(host_ns() + head_start_ns);
    start(front, streams_.high, front_log_);
    CHECK(cudaDeviceSynchronize());
    return {median_of(front_log_), median_of(back_log_)};
  }

 private:
  double alone(const Job& job) {
    start(job, streams_.high, front_log_);
    CHECK(cudaDeviceSynchronize());
    return median_of(front_log_);
  }

  void start(const Job& job, cudaStream_t stream, Landings& log) {
    launch(labours[static_cast<int>(job.work)], sms_, job.threads, 0, 100, stream, job.rounds,
           log.device());
  }

  double median_of(const Landings& log) const {
    std::vector<double> times;
    for (const Landing& l : log.read(static_cast<size_t>(sms_))) {
      times.push_back(static_cast<double>(l.end - l.start));
    }
    return median(times);
  }

  int sms_;
  TwoStreams streams_;
  Landings front_log_;
  Landings back_log_;
};

} // namespace

void tiles(Results& results) {
  constexpr Work fronts[] = {Work::arithmetic, Work::short_runs, Work::long_runs, Work::long_code,
                             Work::chain};
  constexpr Work backs[] = {Work::arithmetic, Work::short_runs, Work::long_runs, Work::long_code,
                            Work::loads};
  Table table{
      "tiles",
      "one block of each kernel on every SM, the foreground 200 us of work in the middle of "
      "the neighbour's 2 ms: how much longer the foreground's blocks take, and how much "
      "less the neighbour gets done while they run, each over alone, medians. "
      "*_per_cycle: multiply-adds of a warp that its kernel alone issues a cycle and "
      "scheduler. Work: " +
          numbered(work_names),
      4,
      {"work", "threads", "neighbour", "neighbour_threads", "per_cycle", "neighbour_per_cycle",
       "slowdown", "neighbour_slowdown"},
      {}};
  Floor floor;
  int clock_khz = 0;
  CHECK(cudaDeviceGetAttribute(&clock_khz, cudaDevAttrClockRate, 0));
  const auto per_cycle = [&](const Job& job) {
    const double warps_per_scheduler = job.threads / 32 / 4.0;
    return job.rounds / job.alone * round_size[static_cast<int>(job.work)] * warps_per_scheduler /
           (clock_khz * 1e-6);
  };
  std::vector<Job> neighbours;
  for (const Work work : backs) {
    for (const int threads : {128, 256, 512}) {
      neighbours.push_back(floor.sized(work, threads, back_ns));
    }
  }
  for (const Work work : fronts) {
    for (const int threads : {64, 128}) {
      const Job front = floor.sized(work, threads, front_ns);
      for (const Job& back : neighbours) {
        const auto [front_time, back_time] = floor.beside(front, back);
        // What the neighbour lost, it lost while the foreground ran.
        const double kept = front_time - (back_time - back.alone);
        table.rows.push_back({static_cast<double>(work), static_cast<double>(threads),
                              static_cast<double>(back.work), static_cast<double>(back.threads),
                              per_cycle(front), per_cycle(back), front_time / front.alone,
                              kept > 0 ? front_time / kept : 0});
      }
    }
  }
  results.tables.push_back(std::move(table));
}

} // namespace calibrate
