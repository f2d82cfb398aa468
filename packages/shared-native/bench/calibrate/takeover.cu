// How long a kernel waits for its first block to start while another kernel fills the GPU: by the
// length of the other's blocks, by stream priority, and by how many kernels are queued ahead.
#include <random>

#include "common.h"

namespace calibrate {
namespace {

constexpr int samples = 100;
constexpr int queue_samples = 30;
constexpr double most_background_ns = 4e6;

/// Fills its SM with another of the same: 1024 threads. Blocks end together only at first: each
/// lasts up to a tenth longer, by its index.
__global__ void fill(unsigned long long ns) {
  const unsigned long long start = gpu_ns();
  const unsigned long long time = ns + (blockIdx.x * 2654435769u) % (ns / 10 + 1);
  while (gpu_ns() - start < time) {
  }
}

__global__ void arrive(unsigned long long* starts) {
  if (threadIdx.x == 0) {
    starts[blockIdx.x] = gpu_ns();
  }
}

struct Waits {
  std::vector<double> first;
  std::vector<double> last;
};

class Taker {
 public:
  Taker() : sms_(sm_count()) {
    CHECK(cudaMalloc(&starts_, static_cast<size_t>(sms_) * sizeof(unsigned long long)));
    CHECK(cudaStreamCreateWithFlags(&same_, cudaStreamNonBlocking));
    CHECK(cudaStreamCreateWithFlags(&other_, cudaStreamNonBlocking));
    fill<<<1, 1024, 0, same_>>>(1);
    arrive<<<1, 128, 0, same_>>>(starts_);
    CHECK(cudaDeviceSynchronize());
  }
  ~Taker() {
    cudaFree(starts_);
    cudaStreamDestroy(same_);
    cudaStreamDestroy(other_);
  }
  Taker(const Taker&) = delete;
  Taker& operator=(const Taker&) = delete;

  /// `queued` 0: one long kernel of blocks that last `ns`; else so many kernels of one wave each.
  Waits measure(double ns, int queued, bool higher) {
    const ClockOffset clock = clock_offset(); // anew: the clocks drift apart
    const cudaStream_t back = higher ? streams_.low : same_;
    const cudaStream_t front = higher ? streams_.high : other_;
    const int wave = 2 * sms_;
    const int waves = static_cast<int>(std::max(4.0, most_background_ns / ns));
    const double settle = queued == 0 ? 315e3 : 5e3 + 0.1 * ns;
    Waits waits;
    for (int i = 0; i < (queued == 0 ? samples : queue_samples); ++i) {
      if (queued == 0) {
        fill<<<wave * std::min(waves, static_cast<int>((settle + 4 * ns) / ns) + 4), 1024, 0,
               back>>>(static_cast<unsigned long long>(ns));
      } else {
        for (int k = 0; k < queued; ++k) {
          fill<<<wave, 1024, 0, back>>>(static_cast<unsigned long long>(ns));
        }
      }
      wait_until(host_ns() + settle + phase_(random_) * (queued == 0 ? ns : 0.5 * ns));
      const double launched = host_ns() + clock.offset_ns;
      arrive<<<sms_, 128, 0, front>>>(starts_);
      CHECK(cudaGetLastError());
      CHECK(cudaDeviceSynchronize());
      std::vector<unsigned long long> starts(static_cast<size_t>(sms_));
      CHECK(cudaMemcpy(starts.data(), starts_, starts.size() * sizeof starts[0],
                       cudaMemcpyDeviceToHost));
      const auto [first, last] = std::minmax_element(starts.begin(), starts.end());
      waits.first.push_back(static_cast<double>(*first) - launched);
      waits.last.push_back(static_cast<double>(*last) - launched);
    }
    return waits;
  }

 private:
  int sms_;
  TwoStreams streams_;
  cudaStream_t same_{};
  cudaStream_t other_{};
  unsigned long long* starts_ = nullptr;
  std::mt19937 random_{7};
  std::uniform_real_distribution<double> phase_{0.0, 1.0};
};

} // namespace

void takeover(Results& results) {
  Table table{
      "takeover",
      "kernel of one block of 128 threads a SM, launched while kernels that fill the GPU "
      "(two blocks of 1024 threads a SM, each lasting block_us and up to a tenth more) run: "
      "call of the launch to the start of its first and last block. queued 0: one kernel of "
      "many waves; else so many kernels of one wave each, the first of them running (of 20 us "
      "kernels, one ends while eight are queued). "
      "higher 1: in a stream of higher priority than theirs, 0: of the same",
      3,
      {"block_us", "queued", "higher", "first_p50_ns", "first_p99_ns", "first_max_ns",
       "last_p50_ns", "last_p99_ns", "samples"},
      {}};
  Taker taker;
  for (const int queued : {0, 1, 2, 4, 8}) {
    for (const double us : {5.0, 20.0, 100.0, 500.0}) {
      if (queued > 0 && us < 20) {
        continue; // shorter than it takes to queue them
      }
      for (const bool higher : {true, false}) {
        const Waits waits = taker.measure(us * 1e3, queued, higher);
        table.rows.push_back(
            {us, static_cast<double>(queued), higher ? 1.0 : 0.0, percentile(waits.first, 0.5),
             percentile(waits.first, 0.99), percentile(waits.first, 1), percentile(waits.last, 0.5),
             percentile(waits.last, 0.99), static_cast<double>(waits.first.size())});
      }
    }
  }
  results.tables.push_back(std::move(table));
}

} // namespace calibrate
