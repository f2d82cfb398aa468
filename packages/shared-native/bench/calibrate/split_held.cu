// How much shared memory an SM sets aside for a kernel that came to it first, as kernels see it that would join.
#include "joining.h"

namespace calibrate {
namespace {

constexpr int probe_threads = 512; ///< four of a probe's blocks would fill an SM
constexpr int probe_slots = 4;
constexpr int reserve = 1024; ///< that every block takes besides what it asks for
/// The splits of an SM of compute capability 9.0 but 0, KiB. Four of a probe's blocks fill each just.
constexpr int steps_kib[] = {8, 16, 32, 64, 100, 132, 164, 196, 228};
constexpr unsigned long long held_ns = 600'000; ///< by the kernel
constexpr unsigned long long probe_ns = 10'000;
constexpr double later_ns = 100e3;

/// KiB of the largest split whose probe joins SMs that have a block of `kernel` each; 0 if none does.
double held_by(Joining& joining, const Sleeper& kernel) {
  double held = 0;
  for (const int step : steps_kib) {
    const int probe_bytes = step * 1024 / probe_slots - reserve;
    const Sleeper probe{hold<0>, kernel.blocks, probe_threads, probe_bytes, -1, probe_ns};
    if (joining.share(kernel, probe, later_ns) > 0.5) {
      held = step;
    }
  }
  return held;
}

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
  const int sms = sm_count();
  Joining joining(sms);
  for (const Hold kernel : kernels) {
    joining.prepare(kernel);
    cudaFuncAttributes attributes{};
    CHECK(cudaFuncGetAttributes(&attributes, kernel));
    for (const int threads : {32, 64, 96, 128, 192, 256, 384, 512, 640, 768, 896, 1024}) {
      int slots = 0;
      CHECK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&slots, kernel, threads, 0));
      if (slots == 0) {
        continue; // more registers than an SM has
      }
      for (const int bytes : shared_bytes) {
        const Sleeper sleeper{kernel, sms, threads, bytes, -1, held_ns};
        table.rows.push_back({static_cast<double>(attributes.numRegs), static_cast<double>(threads),
                              static_cast<double>(bytes), static_cast<double>(slots),
                              held_by(joining, sleeper)});
      }
    }
  }
  results.tables.push_back(std::move(table));
}

} // namespace calibrate
