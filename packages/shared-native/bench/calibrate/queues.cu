// Which streams of a process share a hardware queue, and what that costs their kernels.
#include <atomic>
#include <thread>

#include "queues.h"

namespace calibrate {

void queues(Results& results) {
  const QueueStreams streams;
  QueuePeriods periods{};
  for (int i = 0; i < queue_streams; ++i) {
    periods[i][queue_streams] = streams.periods(i);
    for (int j = 0; j < queue_streams; ++j) {
      if (i == j) {
        continue;
      }
      std::atomic<bool> goes_on{true};
      std::thread neighbour([&] { streams.keep_busy(j, [&] { return goes_on.load(); }); });
      wait_until(host_ns() + 2e6);
      periods[i][j] = streams.periods(i);
      goes_on = false;
      neighbour.join();
    }
  }
  results.tables.push_back(queue_table("queues", "the same process", periods));
}

} // namespace calibrate
