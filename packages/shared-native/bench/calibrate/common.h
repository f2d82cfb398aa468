// Helpers of the calibration programs: error checks, medians, host time, and the offset between the
// host's clock and the GPU's.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cuda_runtime.h>
#include <string>
#include <utility>
#include <vector>

#define CHECK(call)                                                                                \
  do {                                                                                             \
    const cudaError_t check_result = (call);                                                       \
    if (check_result != cudaSuccess) {                                                             \
      std::fprintf(stderr, "calibrate: %s:%d: %s: %s\n", __FILE__, __LINE__, #call,                \
                   cudaGetErrorString(check_result));                                              \
      std::exit(74);                                                                               \
    }                                                                                              \
  } while (0)

namespace calibrate {

/// A measured constant: name, value, unit, how it was measured.
struct Result {
  std::string name;
  double value;
  std::string unit;
  std::string method;
};
using Results = std::vector<Result>;

inline double host_ns() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::nano>(now).count();
}

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0.0 : values[values.size() / 2];
}

__device__ inline unsigned long long gpu_ns() {
  unsigned long long now;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
  return now;
}

/// Words that host and GPU both see without copies.
struct Mailbox {
  volatile unsigned long long* host = nullptr;
  unsigned long long* device = nullptr;

  Mailbox() {
    void* memory = nullptr;
    CHECK(cudaHostAlloc(&memory, 4096, cudaHostAllocMapped));
    host = static_cast<volatile unsigned long long*>(memory);
    for (int i = 0; i < 512; ++i) {
      host[i] = 0;
    }
    CHECK(cudaHostGetDevicePointer(reinterpret_cast<void**>(&device), memory, 0));
  }
};

/// GPU time minus host time, good to about half of a round trip.
struct ClockOffset {
  double offset_ns;
  double round_trip_ns;
};
ClockOffset clock_offset();

void launch_constants(Results& results);
void link_constants(Results& results);
void contention(Results& results);
void timeslice_constants(Results& results);

} // namespace calibrate
