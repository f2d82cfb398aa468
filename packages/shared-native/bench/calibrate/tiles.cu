// How warps of two kernels share the schedulers of an SM, by what they do between waits: long or short runs of
// arithmetic, loads from shared memory, loops that are small or longer than the instruction caches.
#include "meetings.h"

namespace calibrate {

void tiles(Results& results) {
  results.tables.push_back(meetings(
      "tiles",
      "one block of each kernel on every SM, the foreground 200 us of work in the middle of "
      "the neighbour's 2 ms: how much longer the foreground's blocks take, and how much "
      "less the neighbour gets done while they run, each over alone, medians. "
      "*_per_cycle: multiply-adds of a warp that its kernel alone issues a cycle and "
      "scheduler.",
      {Work::arithmetic, Work::short_runs, Work::long_runs, Work::long_code, Work::loads,
       Work::chain},
      {64, 128, 256}, [](Work, Work) { return true; }));
}

} // namespace calibrate
