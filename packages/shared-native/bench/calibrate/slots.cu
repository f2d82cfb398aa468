// Who of two kernels on an SM goes first: who was there first, or who has the lower warp slots? A foreground that comes later gets
// the higher ones, unless somebody has held the lowest until before it came.
#include "labour.h"

namespace calibrate {

void slots(Results& results) {
  constexpr Work fronts[] = {Work::arithmetic, Work::long_runs, Work::chain};
  constexpr Work backs[] = {Work::arithmetic, Work::short_runs, Work::long_runs};
  Table table{"slots",
              "as in tiles, with `held` threads of every SM taken when the neighbour comes, and "
              "free before the foreground does. *_slot: of a block's first warp. Work: " +
                  numbered(work_names),
              5,
              {"work", "threads", "neighbour", "neighbour_threads", "held", "slot",
               "neighbour_slot", "slowdown", "neighbour_slowdown"},
              {}};
  Floor floor;
  for (const Work work : fronts) {
    for (const int threads : {64, 128}) {
      const Job front = floor.sized(work, threads, front_ns);
      for (const Work other : backs) {
        for (const int other_threads : {128, 256}) {
          const Job back = floor.sized(other, other_threads, back_ns);
          for (const int held : {0, 128, 256}) {
            const Meeting met = floor.beside(front, back, held);
            table.rows.push_back({static_cast<double>(work), static_cast<double>(threads),
                                  static_cast<double>(other), static_cast<double>(other_threads),
                                  static_cast<double>(held), met.front_slot, met.back_slot,
                                  met.slowdown, met.back_slowdown});
          }
        }
      }
    }
  }
  results.tables.push_back(std::move(table));
}

} // namespace calibrate
