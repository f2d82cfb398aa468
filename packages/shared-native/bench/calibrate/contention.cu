// How much slower kernels get beside a neighbour that streams through DRAM or only computes.
//
// The neighbour occupies a number of SMs with one block of 512 threads each, in a stream of lower
// priority, for a fixed time. The foreground kernels leave room beside it, so that what is
// measured is contention and not waiting for a place.
#include "common.h"

namespace calibrate {
namespace {

constexpr unsigned long long neighbour_ns = 40'000'000;
constexpr double settle_ns = 3e6;         // until the neighbour is in full swing
constexpr double measured_ns = 33e6;      // after this the neighbour may end during a measurement
constexpr size_t words = size_t{1} << 28; // 2 GiB of 8 bytes: far beyond the L2

__global__ void stream_neighbour(const ulonglong2* data, size_t count, unsigned long long* read) {
  const unsigned long long begin = gpu_ns();
  unsigned long long sum = 0;
  unsigned long long done = 0;
  const size_t step = static_cast<size_t>(gridDim.x) * blockDim.x;
  size_t i = static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  while (gpu_ns() - begin < neighbour_ns) {
    for (int k = 0; k < 16; ++k) {
      ulonglong2 values[8];
#pragma unroll
      for (int j = 0; j < 8; ++j) {
        values[j] = __ldcs(data + (i + static_cast<size_t>(j) * step) % count);
      }
#pragma unroll
      for (int j = 0; j < 8; ++j) {
        sum += values[j].x ^ values[j].y;
      }
      i = (i + 8 * step) % count;
      done += 8 * sizeof(ulonglong2);
    }
  }
  atomicAdd(read, done);
  if (sum == 42) {
    read[1] = sum;
  }
}

__global__ void compute_neighbour(float* sink) {
  const unsigned long long begin = gpu_ns();
  float a = static_cast<float>(threadIdx.x);
  float b = a + 1.0f;
  float c = a + 2.0f;
  float d = a + 3.0f;
  while (gpu_ns() - begin < neighbour_ns) {
#pragma unroll 64
    for (int k = 0; k < 4096; ++k) {
      a = a * 0.999f + 1.0f;
      b = b * 0.999f + 1.0f;
      c = c * 0.999f + 1.0f;
      d = d * 0.999f + 1.0f;
    }
  }
  sink[threadIdx.x] = a + b + c + d;
}

/// Every load waits for the one before: a kernel bound by DRAM latency.
__global__ void chase(const unsigned long long* data, int steps, unsigned long long* sink) {
  unsigned long long at =
      (static_cast<unsigned long long>(blockIdx.x) * blockDim.x + threadIdx.x) * 977'777;
  for (int k = 0; k < steps; ++k) {
    at = (at * 6364136223846793005ULL + 1442695040888963407ULL + data[at % words]) % words;
  }
  if (at == words + 1) {
    sink[0] = at;
  }
}

/// Streams through its share of memory once: bound by DRAM bandwidth when it fills the GPU.
__global__ void scan(const ulonglong2* data, size_t count, unsigned long long* sink) {
  unsigned long long sum = 0;
  const size_t step = static_cast<size_t>(gridDim.x) * blockDim.x;
#pragma unroll 8
  for (size_t i = static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count;
       i += step) {
    const ulonglong2 value = __ldcs(data + i);
    sum += value.x ^ value.y;
  }
  if (sum == 42) {
    sink[0] = sum;
  }
}

/// Arithmetic only.
__global__ void compute(float* sink) {
  float a = static_cast<float>(threadIdx.x);
  float b = a + 1.0f;
#pragma unroll 64
  for (int k = 0; k < 20000; ++k) {
    a = a * 0.999f + 1.0f;
    b = b * 0.999f + 1.0f;
  }
  if (a + b == 42.0f) {
    sink[0] = a;
  }
}

struct Foreground {
  const char* name;
  int blocks;
  int threads;
};
constexpr Foreground foregrounds[] = {{"latency", 66, 128},
                                      {"bandwidth_half", 66, 512},
                                      {"bandwidth_full", 528, 256},
                                      {"compute", 264, 128}};
constexpr int neighbour_blocks[] = {33, 66, 132};

} // namespace

void contention(Results& results) {
  unsigned long long* data = nullptr;
  unsigned long long* scratch = nullptr;
  CHECK(cudaMalloc(&data, words * sizeof(unsigned long long)));
  CHECK(cudaMemset(data, 0x5a, words * sizeof(unsigned long long)));
  CHECK(cudaMalloc(&scratch, 1 << 16));
  const auto* wide = reinterpret_cast<const ulonglong2*>(data);
  constexpr size_t count = words / 2;
  int low = 0;
  int high = 0;
  CHECK(cudaDeviceGetStreamPriorityRange(&low, &high));
  cudaStream_t back{};
  cudaStream_t front{};
  CHECK(cudaStreamCreateWithPriority(&back, cudaStreamNonBlocking, low));
  CHECK(cudaStreamCreateWithPriority(&front, cudaStreamNonBlocking, high));
  cudaEvent_t before{};
  cudaEvent_t after{};
  CHECK(cudaEventCreate(&before));
  CHECK(cudaEventCreate(&after));

  const auto launch = [&](const Foreground& f) {
    const std::string name = f.name;
    if (name == "latency") {
      chase<<<f.blocks, f.threads, 0, front>>>(data, 400, scratch);
    } else if (name == "compute") {
      compute<<<f.blocks, f.threads, 0, front>>>(reinterpret_cast<float*>(scratch));
    } else {
      scan<<<f.blocks, f.threads, 0, front>>>(wide, count / 4, scratch);
    }
    CHECK(cudaGetLastError());
  };
  const auto measure = [&](const Foreground& f, double until) {
    std::vector<double> times;
    while (times.size() < 15 && host_ns() < until) {
      CHECK(cudaEventRecord(before, front));
      launch(f);
      CHECK(cudaEventRecord(after, front));
      CHECK(cudaEventSynchronize(after));
      float ms = 0;
      CHECK(cudaEventElapsedTime(&ms, before, after));
      times.push_back(ms * 1e6);
    }
    return median(times);
  };

  std::vector<double> solo;
  for (const Foreground& f : foregrounds) {
    launch(f);
    solo.push_back(measure(f, host_ns() + measured_ns));
    results.add(
        {std::string(f.name) + "_solo_ns", solo.back(), "ns",
         std::to_string(f.blocks) + " blocks of " + std::to_string(f.threads) + " threads, alone"});
  }
  for (const bool dram : {true, false}) {
    for (const int blocks : neighbour_blocks) {
      const std::string neighbour = (dram ? "dram" : "fma") + std::to_string(blocks);
      for (size_t k = 0; k <= std::size(foregrounds); ++k) {
        const bool alone = k == std::size(foregrounds);
        CHECK(cudaMemsetAsync(scratch, 0, 64, back));
        CHECK(cudaStreamSynchronize(back));
        if (dram) {
          stream_neighbour<<<blocks, 512, 0, back>>>(wide, count, scratch);
        } else {
          compute_neighbour<<<blocks, 512, 0, back>>>(reinterpret_cast<float*>(scratch));
        }
        CHECK(cudaGetLastError());
        const double begin = host_ns();
        while (host_ns() < begin + settle_ns) {
        }
        const double time = alone ? 0.0 : measure(foregrounds[k], begin + measured_ns);
        CHECK(cudaDeviceSynchronize());
        if (!alone) {
          results.add(
              {std::string(foregrounds[k].name) + "_beside_" + neighbour, time / solo[k], "ratio",
               "time beside a neighbour of that many blocks of 512 threads over time alone"});
        } else if (dram) {
          unsigned long long bytes = 0;
          CHECK(cudaMemcpy(&bytes, scratch, sizeof bytes, cudaMemcpyDeviceToHost));
          results.add({neighbour + "_bytes_per_s",
                       static_cast<double>(bytes) / (neighbour_ns * 1e-9), "bytes/s",
                       "DRAM read by the neighbour alone"});
        }
      }
    }
  }
  CHECK(cudaFree(data));
  CHECK(cudaFree(scratch));
}

} // namespace calibrate
