// Which kernels can share an SM: the SM's memory is split between L1 and shared memory, the split is
// fixed while any block is resident, and kernels ask for different ones.
#include "common.h"

namespace calibrate {
namespace {

constexpr int background_ms_tenths = 15;
constexpr int front_blocks = 128;
constexpr int front_kib[] = {0, 1, 4, 8, 16, 32, 64, 100, 128, 160, 200, 227};

__global__ void stay(Landing* landings, unsigned long long ns) {
  extern __shared__ unsigned char held[];
  const unsigned long long start = gpu_ns();
  if (ns == 0) {
    held[threadIdx.x] = 0; // never: the blocks hold their shared memory all the same
  }
  while (gpu_ns() - start < ns) {
    __nanosleep(200);
  }
  if (threadIdx.x == 0) {
    landings[blockIdx.x] = {sm_id(), 0, start, gpu_ns()};
  }
}

} // namespace

void split_rule(Results& results) {
  const TwoStreams streams;
  const int sms = sm_count();
  const Landings back(static_cast<size_t>(sms));
  const Landings front(front_blocks);
  int most = 0;
  CHECK(cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, 0));
  CHECK(cudaFuncSetAttribute(stay, cudaFuncAttributeMaxDynamicSharedMemorySize, most));
  launch(stay, 1, 32, 0, -1, streams.low, back.device(), 1ULL);
  CHECK(cudaDeviceSynchronize());

  Table table{
      "split_rule",
      "background: one block a SM that sleeps 1.5 ms; foreground: 128 blocks in a stream of higher "
      "priority, 0.2 ms later. joins_<n>_kib: share of the foreground's blocks, n KiB of shared "
      "memory each, that start before the background ends (-1: cannot be launched). carveout: "
      "preference in percent, -1 none",
      5,
      {"background_threads", "background_carveout", "background_kib", "carveout", "threads"},
      {}};
  for (const int kib : front_kib) {
    table.columns.push_back("joins_" + std::to_string(kib) + "_kib");
  }
  const unsigned long long back_ns = background_ms_tenths * 100'000ULL;
  for (const int back_threads : {512, 1024}) {
    for (const int back_carveout : {-1, 0, 100}) {
      for (const int back_kib : {0, 32, 100}) {
        for (const int carveout : {-1, 100}) {
          for (const int threads : {128, 512}) {
            std::vector<double> row{static_cast<double>(back_threads),
                                    static_cast<double>(back_carveout),
                                    static_cast<double>(back_kib), static_cast<double>(carveout),
                                    static_cast<double>(threads)};
            for (const int kib : front_kib) {
              if (kib * 1024 > most) {
                row.push_back(-1);
                continue;
              }
              launch(stay, sms, back_threads, static_cast<size_t>(back_kib) * 1024, back_carveout,
                     streams.low, back.device(), back_ns);
              wait_until(host_ns() + 200e3);
              launch(stay, front_blocks, threads, static_cast<size_t>(kib) * 1024, carveout,
                     streams.high, front.device(), 20'000ULL);
              CHECK(cudaDeviceSynchronize());
              unsigned long long end = ~0ULL;
              for (const Landing& l : back.read(static_cast<size_t>(sms))) {
                end = std::min(end, l.end);
              }
              double joined = 0;
              for (const Landing& l : front.read(front_blocks)) {
                joined += l.start + 50'000 < end ? 1 : 0;
              }
              row.push_back(joined / front_blocks);
            }
            table.rows.push_back(std::move(row));
          }
        }
      }
    }
  }
  results.tables.push_back(std::move(table));
}

} // namespace calibrate
