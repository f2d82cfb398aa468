// Copies between pinned host memory and the GPU, and on the GPU: bandwidth and fixed cost.
#include "common.h"

namespace calibrate {
namespace {

double copy_ns(void* target, const void* source, size_t bytes, cudaMemcpyKind kind) {
  cudaEvent_t before{};
  cudaEvent_t after{};
  CHECK(cudaEventCreate(&before));
  CHECK(cudaEventCreate(&after));
  std::vector<double> times;
  for (int i = 0; i < 15; ++i) {
    CHECK(cudaEventRecord(before));
    CHECK(cudaMemcpyAsync(target, source, bytes, kind));
    CHECK(cudaEventRecord(after));
    CHECK(cudaDeviceSynchronize());
    float ms = 0;
    CHECK(cudaEventElapsedTime(&ms, before, after));
    times.push_back(ms * 1e6);
  }
  return median(times);
}

void direction(Results& results, const std::string& name, void* target, const void* source,
               cudaMemcpyKind kind, double bytes_per_byte) {
  constexpr size_t small = size_t{1} << 20;
  constexpr size_t large = size_t{256} << 20;
  const double slope =
      (copy_ns(target, source, large, kind) - copy_ns(target, source, small, kind)) /
      static_cast<double>(large - small);
  results.add({name + "_bytes_per_s", bytes_per_byte * 1e9 / slope, "bytes/s",
               "slope between copies of 1 MiB and 256 MiB, pinned host memory, median of 15"});
  results.add({name + "_4k_ns", copy_ns(target, source, 4096, kind), "ns",
               "copy of 4 KiB between two events, median of 15"});
}

} // namespace

void link_constants(Results& results) {
  constexpr size_t bytes = size_t{256} << 20;
  void* host = nullptr;
  void* device = nullptr;
  void* other = nullptr;
  CHECK(cudaHostAlloc(&host, bytes, cudaHostAllocDefault));
  CHECK(cudaMalloc(&device, bytes));
  CHECK(cudaMalloc(&other, bytes));
  CHECK(cudaMemset(device, 1, bytes));
  direction(results, "h2d", device, host, cudaMemcpyHostToDevice, 1.0);
  direction(results, "d2h", host, device, cudaMemcpyDeviceToHost, 1.0);
  direction(results, "d2d", other, device, cudaMemcpyDeviceToDevice, 2.0); // read and written
  CHECK(cudaFreeHost(host));
  CHECK(cudaFree(device));
  CHECK(cudaFree(other));
}

} // namespace calibrate
