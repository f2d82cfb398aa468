// How warps of two kernels share the schedulers of an SM, by what they do between waits: long or short runs of
// arithmetic, loads from shared memory, loops that are small or longer than the instruction caches.
#include "labour.h"

namespace calibrate {

void tiles(Results& results) {
  constexpr Work works[] = {Work::arithmetic, Work::short_runs, Work::long_runs,
                            Work::long_code,  Work::loads,      Work::chain};
  Table table{
      "tiles",
      "one block of each kernel on every SM, the foreground 200 us of work in the middle of "
      "the neighbour's 2 ms: how much longer the foreground's blocks take, and how much "
      "less the neighbour gets done while they run, each over alone, medians. "
      "*_per_cycle: multiply-adds of a warp that its kernel alone issues a cycle and "
      "scheduler. Work: " +
          numbered(work_names),
      4,
      {"work", "threads", "neighbour", "neighbour_threads", "per_cycle", "neighbour_per_cycle",
       "slowdown", "neighbour_slowdown"},
      {}};
  Floor floor;
  std::vector<Job> neighbours;
  for (const Work work : works) {
    for (const int threads : {128, 256, 512}) {
      neighbours.push_back(floor.sized(work, threads, back_ns));
    }
  }
  for (const Work work : works) {
    for (const int threads : {64, 128, 256}) {
      const Job front = floor.sized(work, threads, front_ns);
      for (const Job& back : neighbours) {
        const Meeting met = floor.beside(front, back);
        table.rows.push_back({static_cast<double>(work), static_cast<double>(threads),
                              static_cast<double>(back.work), static_cast<double>(back.threads),
                              front.per_cycle(), back.per_cycle(), met.slowdown,
                              met.back_slowdown});
      }
    }
  }
  results.tables.push_back(std::move(table));
}

} // namespace calibrate
