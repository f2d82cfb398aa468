// How warps of two kernels share the schedulers of an SM, by what they do between waits: long or short runs of
// arithmetic, loads from shared memory, loops that are small or longer than the instruction caches.
//
// One block of either kernel is on every SM. The foreground does a fixed amount of work beside a neighbour that lasts
// longer, and the neighbour counts what it gets done meanwhile, so that a law of sharing has to explain both.
#include "common.h"

namespace calibrate {
namespace {

constexpr int sums = 16;          ///< independent ones of a thread, unless a kind says otherwise
constexpr int row = 32;           ///< float4 of shared memory that a warp reads
constexpr double alone_ns = 50e3; ///< what the foreground takes
constexpr unsigned long long neighbour_ns = 1'000'000;
constexpr unsigned long long patience_ns = 20'000'000; ///< with the foreground
constexpr int most_rounds = 1 << 24;

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

__device__ void one_round(Work work, float (&sum)[sums], const float4* shared, unsigned int& at) {
  switch (work) {
  case Work::arithmetic:
    return round_of<64, 0, 1, sums>(sum, shared, at);
  case Work::short_runs:
    return round_of<16, 2, 4, sums>(sum, shared, at);
  case Work::long_runs:
    return round_of<128, 4, 2, sums>(sum, shared, at);
  case Work::long_code:
    return round_of<4096, 0, 1, sums>(sum, shared, at);
  case Work::loads:
    return round_of<4, 4, 4, sums>(sum, shared, at);
  case Work::chain:
    return round_of<64, 0, 1, 2>(sum, shared, at);
  }
}

/// Up to `rounds` rounds, or until `ns` are over; logs the rounds of a warp in place of cycles.
__global__ void __launch_bounds__(512)
    labour(Work work, int rounds, unsigned long long ns, Landing* landings) {
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
  int done = 0;
  while (done < rounds && ((done & 7) != 0 || gpu_ns() - start < ns)) {
    one_round(work, sum, shared, at);
    ++done;
  }
  float all = 0;
  for (const float value : sum) {
    all += value;
  }
  if (threadIdx.x == 0) {
    // Nobody reads this sum; it is stored where it can do no harm, so that it has to be computed.
    landings[blockIdx.x] = {sm_id() + (all == -42.0f ? 1000u : 0u), static_cast<unsigned int>(done),
                            start, gpu_ns()};
  }
}

struct Job {
  Work work;
  int threads;
};

struct Progress {
  double ns = 0;     ///< of a block
  double rounds = 0; ///< of a warp in it
  [[nodiscard]] double per_ns() const { return ns > 0 ? rounds / ns : 0; }
};

class Floor {
 public:
  Floor() : sms_(sm_count()), front_log_(sms_), back_log_(sms_) {}

  Progress alone(const Job& job, int rounds, unsigned long long ns = patience_ns) {
    launch(labour, sms_, job.threads, 0, 100, streams_.high, job.work, rounds, ns,
           front_log_.device());
    CHECK(cudaDeviceSynchronize());
    return median_of(front_log_);
  }

  /// The foreground's progress, and the neighbour's over its whole life.
  std::pair<Progress, Progress> beside(const Job& front, int rounds, const Job& back) {
    launch(labour, sms_, back.threads, 0, 100, streams_.low, back.work, most_rounds, neighbour_ns,
           back_log_.device());
    wait_until(host_ns() + 150e3);
    launch(labour, sms_, front.threads, 0, 100, streams_.high, front.work, rounds, patience_ns,
           front_log_.device());
    CHECK(cudaDeviceSynchronize());
    return {median_of(front_log_), median_of(back_log_)};
  }

 private:
  Progress median_of(const Landings& log) const {
    std::vector<double> times;
    std::vector<double> rounds;
    for (const Landing& l : log.read(static_cast<size_t>(sms_))) {
      times.push_back(static_cast<double>(l.end - l.start));
      rounds.push_back(l.cycles);
    }
    return {median(times), median(rounds)};
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
  Table table{"tiles",
              "one block of each kernel on every SM, the foreground 50 us of work, the neighbour 1 "
              "ms: how much longer the foreground's blocks take, and how much less the neighbour "
              "gets done while they run, each over alone, medians. *_per_cycle: multiply-adds of "
              "a warp that its kernel alone issues a cycle and scheduler. Work: " +
                  numbered(work_names),
              4,
              {"work", "threads", "neighbour", "neighbour_threads", "per_cycle",
               "neighbour_per_cycle", "slowdown", "neighbour_slowdown"},
              {}};
  Floor floor;
  int clock_khz = 0;
  CHECK(cudaDeviceGetAttribute(&clock_khz, cudaDevAttrClockRate, 0));
  const auto per_cycle = [&](const Job& job, const Progress& alone) {
    const double warps_per_scheduler = job.threads / 32 / 4.0;
    return alone.per_ns() * round_size[static_cast<int>(job.work)] * warps_per_scheduler /
           (clock_khz * 1e-6);
  };
  floor.alone({Work::chain, 64}, 64); // loads the function
  std::vector<std::pair<Job, Progress>> neighbours;
  for (const Work work : backs) {
    for (const int threads : {128, 256, 512}) {
      const Job back{work, threads};
      neighbours.emplace_back(back, floor.alone(back, most_rounds, neighbour_ns));
    }
  }
  for (const Work work : fronts) {
    for (const int threads : {64, 128}) {
      const Job front{work, threads};
      const Progress trial = floor.alone(front, 256);
      const int rounds = std::max(1, static_cast<int>(trial.per_ns() * alone_ns));
      const Progress alone = floor.alone(front, rounds);
      for (const auto& [back, back_alone] : neighbours) {
        const auto [together, meanwhile] = floor.beside(front, rounds, back);
        // What the neighbour lost, it lost while the foreground ran.
        const double lost = back_alone.per_ns() * meanwhile.ns - meanwhile.rounds;
        const double kept = back_alone.per_ns() * together.ns - lost;
        table.rows.push_back({static_cast<double>(work), static_cast<double>(threads),
                              static_cast<double>(back.work), static_cast<double>(back.threads),
                              per_cycle(front, alone), per_cycle(back, back_alone),
                              together.ns / alone.ns,
                              kept > 0 ? back_alone.per_ns() * together.ns / kept : 0});
      }
    }
  }
  results.tables.push_back(std::move(table));
}

} // namespace calibrate
