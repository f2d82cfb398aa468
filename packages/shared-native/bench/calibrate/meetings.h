// Blocks of one kind beside blocks of another, as a table: what `tiles` and `pauses` have in common.
#pragma once

#include "labour.h"

namespace calibrate {

inline constexpr int back_threads[] = {128, 256, 512};

/// One row for every kind in blocks of `front_threads` in front of every kind in blocks of `back_threads`, where `wanted` says so
/// of the two kinds.
template <typename Wanted>
Table meetings(const char* name, const std::string& method, const std::vector<Work>& works,
               const std::vector<int>& front_threads, const Wanted& wanted) {
  Table table{name,
              method + " Work: " + numbered(work_names),
              4,
              {"work", "threads", "neighbour", "neighbour_threads", "per_cycle",
               "neighbour_per_cycle", "slowdown", "neighbour_slowdown"},
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
  for (const Work work : works) {
    for (const int threads : back_threads) {
      neighbours.push_back(floor.sized(work, threads, back_ns));
    }
  }
  for (const Work work : works) {
    for (const int threads : front_threads) {
      const Job front = floor.sized(work, threads, front_ns);
      for (const Job& back : neighbours) {
        if (wanted(work, back.work)) {
          const Meeting met = floor.beside(front, back);
          table.rows.push_back({static_cast<double>(work), static_cast<double>(threads),
                                static_cast<double>(back.work), static_cast<double>(back.threads),
                                per_cycle(front), per_cycle(back), met.slowdown,
                                met.back_slowdown});
        }
      }
    }
  }
  return table;
}

} // namespace calibrate
