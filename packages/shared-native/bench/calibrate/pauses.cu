// What it costs warps that issue little, because they wait for loads most of the time, to be beside warps that keep an SM's
// schedulers busy; and what it costs those.
#include "meetings.h"

namespace calibrate {

void pauses(Results& results) {
  const auto waits = [](Work work) { return work >= Work::pauses_8; };
  results.tables.push_back(meetings(
      "pauses", "as in tiles, without the pairs that are there.",
      {Work::arithmetic, Work::short_runs, Work::long_runs, Work::pauses_8, Work::pauses_32,
       Work::pauses_128},
      {64, 128, 256, 512}, [&](Work front, Work back) { return waits(front) || waits(back); }));
}

} // namespace calibrate
