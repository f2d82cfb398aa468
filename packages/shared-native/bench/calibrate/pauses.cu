// What it costs warps that issue little, because they wait for loads most of the time, to be beside warps that keep an SM's
// schedulers busy; and what it costs those.
#include "labour.h"

namespace calibrate {

void pauses(Results& results) {
  constexpr Work works[] = {Work::arithmetic, Work::short_runs, Work::long_runs,
                            Work::pauses_8,   Work::pauses_32,  Work::pauses_128};
  Table table{"pauses",
              "as in tiles, without the pairs that are there. Work: " + numbered(work_names),
              4,
              {"work", "threads", "neighbour", "neighbour_threads", "per_cycle",
               "neighbour_per_cycle", "slowdown", "neighbour_slowdown"},
              {}};
  const auto waits = [](Work work) { return work >= Work::pauses_8; };
  Floor floor;
  std::vector<Job> neighbours;
  for (const Work work : works) {
    for (const int threads : {128, 256, 512}) {
      neighbours.push_back(floor.sized(work, threads, back_ns));
    }
  }
  for (const Work work : works) {
    for (const int threads : {64, 128, 256, 512}) {
      const Job front = floor.sized(work, threads, front_ns);
      for (const Job& back : neighbours) {
        if (waits(front.work) || waits(back.work)) {
          const Meeting met = floor.beside(front, back);
          table.rows.push_back({static_cast<double>(work), static_cast<double>(threads),
                                static_cast<double>(back.work), static_cast<double>(back.threads),
                                front.per_cycle(), back.per_cycle(), met.slowdown,
                                met.back_slowdown});
        }
      }
    }
  }
  results.tables.push_back(std::move(table));
}

} // namespace calibrate
