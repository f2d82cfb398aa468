// How much shared memory an SM sets aside for a kernel that came to it first, as kernels see it that would join.
#include "common.h"

namespace calibrate {
namespace {

constexpr int probe_threads = 512; ///< four of a probe's blocks would fill an SM
constexpr int probe_slots = 4;
constexpr int reserve = 1024; ///< that every block takes besides what it asks for
/// The splits of an SM of compute capability 9.0 but 0, KiB. Four of a probe's blocks fill each just.
constexpr int steps_kib[] = {8, 16, 32, 64, 100, 132, 164, 196, 228};
constexpr unsigned long long held_ns = 600'000; ///< by the kernel
constexpr unsigned long long probe_ns = 10'000;
constexpr unsigned long long margin_ns =
    50'000; ///< a probe that starts so long before its end joined
constexpr double before_probe_ns = 100e3;

/// Sleeps, with `kept` floats in registers for all of its life. `shared_bytes` is what it is launched with.
template <int kept>
__global__ void hold(Landing* landings, unsigned long long ns, int shared_bytes) {
  extern __shared__ unsigned char shared[];
  const unsigned long long start = gpu_ns();
  float values[kept + 1];
#pragma unroll
  for (int i = 0; i <= kept; ++i) {
    values[i] = static_cast<float>(threadIdx.x + i);
  }
  if (ns == 0 && shared_bytes > 0) {
    shared[threadIdx.x % shared_bytes] = 0; // never
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

class Floor {
 public:
  Floor() : sms_(sm_count()), back_(static_cast<size_t>(sms_)), front_(static_cast<size_t>(sms_)) {
    CHECK(cudaFuncSetAttribute(hold<0>, cudaFuncAttributeMaxDynamicSharedMemorySize, 64 * 1024));
    launch(hold<0>, 1, 32, 0, -1, streams_.high, front_.device(), 1ULL, 0);
    CHECK(cudaDeviceSynchronize());
  }

  /// KiB of the largest split whose probe joins SMs that have a block of `kernel` each; 0 if none does.
  double held_by(Hold kernel, int threads, int shared_bytes) {
    double held = 0;
    for (const int step : steps_kib) {
      if (joins(kernel, threads, shared_bytes, step * 1024 / probe_slots - reserve)) {
        held = step;
      }
    }
    return held;
  }

 private:
  bool joins(Hold kernel, int threads, int shared_bytes, int probe_bytes) {
    launch(kernel, sms_, threads, static_cast<size_t>(shared_bytes), -1, streams_.low,
           back_.device(), held_ns, shared_bytes);
    wait_until(host_ns() + before_probe_ns);
    launch(hold<0>, sms_, probe_threads, static_cast<size_t>(probe_bytes), -1, streams_.high,
           front_.device(), probe_ns, probe_bytes);
    CHECK(cudaDeviceSynchronize());
    unsigned long long end = ~0ULL;
    for (const Landing& l : back_.read(static_cast<size_t>(sms_))) {
      end = std::min(end, l.end);
    }
    int joined = 0;
    for (const Landing& l : front_.read(static_cast<size_t>(sms_))) {
      joined += l.start + margin_ns < end ? 1 : 0;
    }
    return joined > sms_ / 2;
  }

  int sms_;
  TwoStreams streams_;
  Landings back_;
  Landings front_;
};

} // namespace

void split_held(Results& results) {
  constexpr Hold kernels[] = {hold<0>, hold<56>, hold<120>, hold<200>};
  constexpr int shared_bytes[] = {0,    16,   256,   1024,  2048,  3072,  4096,
                                  6144, 8192, 12288, 16384, 24576, 32768, 49152};
  Table table{
      "split_held",
      "a kernel of one block on every SM; of kernels of 512 threads, four blocks of which need "
      "just 8, 16, 32, 64, 100, 132, 164, 196 or 228 KiB and which take no place on an SM "
      "whose split is smaller, the largest that joins it. slots: blocks of the kernel that "
      "fit on an SM by threads, registers and block slots; shared_bytes: of a block, without "
      "the 1 KiB that each takes besides",
      3,
      {"registers", "threads", "shared_bytes", "slots", "held_kib"},
      {}};
  Floor floor;
  for (const Hold kernel : kernels) {
    cudaFuncAttributes attributes{};
    CHECK(cudaFuncGetAttributes(&attributes, kernel));
    for (const int threads : {32, 64, 96, 128, 192, 256, 384, 512, 640, 768, 896, 1024}) {
      if (attributes.numRegs * threads > 65536) {
        continue;
      }
      int slots = 0;
      CHECK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&slots, kernel, threads, 0));
      for (const int bytes : shared_bytes) {
        floor.held_by(kernel, threads, bytes); // loads the function
        table.rows.push_back({static_cast<double>(attributes.numRegs), static_cast<double>(threads),
                              static_cast<double>(bytes), static_cast<double>(slots),
                              floor.held_by(kernel, threads, bytes)});
      }
    }
  }
  results.tables.push_back(std::move(table));
}

} // namespace calibrate
