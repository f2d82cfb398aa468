// A chain of small kernels, and what it may run beside. The neighbour runs in a stream of lower priority of the same
// process (chain.cu), or in another process (mps_chain.cu).
#pragma once

#include <atomic>

#include "stamps.h"
#include "work.h"

namespace calibrate {

constexpr int chain_kernels = 40;
constexpr int chain_repeats = 15;
constexpr unsigned long long chain_gate_ns = 250'000; ///< while the chain is queued
constexpr unsigned long long neighbour_ns = 1'200'000;
constexpr int most_chain_blocks = 8 * 132 * 2;
constexpr int chain_threads = 128;

enum class Neighbour : int {
  none,
  asleep,      ///< 256 threads a SM that sleep
  fma,         ///< 256 threads a SM that compute
  dram_read,   ///< 512 threads a SM that stream through DRAM
  l2_chase,    ///< 256 threads a SM that wait for L2
  short_sleep, ///< kernels of one block of 256 threads a SM, 5 us each, one after another
  short_copy,  ///< the same, but they copy in DRAM for about as long
  full, ///< all threads of every SM, in blocks of 1024 that sleep 20 us and up to a tenth more
  full_small, ///< all threads of every SM, in blocks of 128 that sleep 20 us and up to a tenth more
};
constexpr const char* neighbour_names[] = {"none",       "asleep",   "fma",
                                           "dram_read",  "l2_chase", "short_sleep",
                                           "short_copy", "full",     "full_small"};

/// What each thread of a chain's kernel does.
enum class Link : int {
  nothing,
  hand_on, ///< reads 16 bytes that the kernel before wrote, and writes as many
  chase,   ///< eight dependent loads from L2
};
constexpr const char* link_names[] = {"nothing", "hand_on", "chase"};

static __global__ void sleep_for(unsigned long long ns, unsigned long long spread_ns) {
  const unsigned long long start = gpu_ns();
  const unsigned long long time = ns + (blockIdx.x * 2654435769u) % (spread_ns + 1);
  while (gpu_ns() - start < time) {
    __nanosleep(200);
  }
}

static __global__ void __launch_bounds__(512)
    busy_for(Kind kind, Memory memory, unsigned long long ns) {
  const unsigned long long start = gpu_ns();
  size_t at = static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  unsigned int hop = (blockIdx.x * 977 + threadIdx.x / 32 * 31) % chain_entries;
  float a[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  while (gpu_ns() - start < ns) {
    piece(kind, memory, at, hop, a);
  }
  keep(memory, hop, a);
}

static __global__ void __launch_bounds__(chain_threads)
    link(Link what, const float4* read, float4* written, Memory memory) {
  const size_t thread = static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (what == Link::hand_on) {
    float4 value = read[thread];
    value.x += 1.0f;
    written[thread] = value;
  } else if (what == Link::chase) {
    unsigned int hop = static_cast<unsigned int>(thread * 17) % chain_entries;
#pragma unroll 1
    for (int k = 0; k < 8; ++k) {
      hop = __ldcg(memory.chain + hop);
    }
    if (hop > chain_entries) {
      memory.sink[0] = 1;
    }
  }
}

class Chains {
 public:
  Chains() : sms_(sm_count()) {
    for (float4*& buffer : buffers_) {
      CHECK(cudaMalloc(&buffer, size_t{most_chain_blocks} * chain_threads * sizeof(float4)));
      CHECK(cudaMemset(buffer, 0, size_t{most_chain_blocks} * chain_threads * sizeof(float4)));
    }
    // Functions are loaded at their first launch.
    sleep_for<<<1, 32>>>(1, 0);
    busy_for<<<1, 32>>>(Kind::fma, memory_.get(), 1);
    stamps_.begin(nullptr);
    link<<<1, chain_threads>>>(Link::nothing, buffers_[0], buffers_[1], memory_.get());
    CHECK(cudaDeviceSynchronize());
  }
  ~Chains() {
    cudaFree(buffers_[0]);
    cudaFree(buffers_[1]);
  }
  Chains(const Chains&) = delete;
  Chains& operator=(const Chains&) = delete;

  /// Time a kernel of the chain takes, with the gap to the next; percentiles over repeats.
  std::vector<double> periods(Neighbour neighbour, Link what, int blocks) {
    std::vector<double> periods;
    for (int repeat = 0; repeat < chain_repeats; ++repeat) {
      launch_neighbour(neighbour);
      sleep_for<<<1, 32, 0, streams_.high>>>(chain_gate_ns, 0);
      stamps_.begin(streams_.high);
      for (int k = 0; k < chain_kernels; ++k) {
        link<<<blocks, chain_threads, 0, streams_.high>>>(what, buffers_[k % 2],
                                                          buffers_[(k + 1) % 2], memory_.get());
      }
      stamps_.end(streams_.high);
      CHECK(cudaGetLastError());
      CHECK(cudaDeviceSynchronize());
      periods.push_back(stamps_.elapsed_ns(streams_.high) / (chain_kernels + 1));
    }
    return periods;
  }

  /// Keeps the GPU busy with the neighbour until told to stop.
  void keep_neighbour(Neighbour neighbour, const std::atomic<int>& stage, int stop) {
    keep_two_queued(
        streams_.low, [&] { return stage.load() < stop; }, [&] { launch_neighbour(neighbour); });
  }

 private:
  void launch_neighbour(Neighbour neighbour) {
    const cudaStream_t low = streams_.low;
    const int full_waves = static_cast<int>(neighbour_ns / 21'000);
    switch (neighbour) {
    case Neighbour::none:
      return;
    case Neighbour::asleep:
      sleep_for<<<sms_, 256, 0, low>>>(neighbour_ns, 0);
      break;
    case Neighbour::fma:
      busy_for<<<sms_, 256, 0, low>>>(Kind::fma, memory_.get(), neighbour_ns);
      break;
    case Neighbour::dram_read:
      busy_for<<<sms_, 512, 0, low>>>(Kind::dram_read, memory_.get(), neighbour_ns);
      break;
    case Neighbour::l2_chase:
      busy_for<<<sms_, 256, 0, low>>>(Kind::l2_chase, memory_.get(), neighbour_ns);
      break;
    case Neighbour::short_sleep:
    case Neighbour::short_copy:
      for (int k = 0; k < 300; ++k) {
        if (neighbour == Neighbour::short_sleep) {
          sleep_for<<<sms_, 256, 0, low>>>(5'000, 0);
        } else {
          busy_for<<<sms_, 256, 0, low>>>(Kind::dram_copy, memory_.get(), 5'000);
        }
      }
      return; // most of them still wait
    case Neighbour::full:
      sleep_for<<<2 * sms_ * full_waves, 1024, 0, low>>>(20'000, 2'000);
      break;
    case Neighbour::full_small:
      sleep_for<<<16 * sms_ * full_waves, 128, 0, low>>>(20'000, 2'000);
      break;
    }
    wait_until(host_ns() + 100e3); // until it runs everywhere
  }

  int sms_;
  TwoStreams streams_;
  WorkMemory memory_;
  Stamps stamps_;
  float4* buffers_[2] = {};
};

} // namespace calibrate
