// Which streams of two clients of MPS share a hardware queue, and what that costs their kernels: to be held against the
// same in one process (queues.cu). Run it through mps.sh.
#include "queues.h"
#include "two_clients.h"

namespace calibrate {
namespace {

/// Stages count up; an odd one of the foreground's means "measuring".
struct Board {
  std::atomic<int> front{0};
  std::atomic<int> back{0};
  QueuePeriods periods;
};

constexpr int stages = queue_streams * queue_streams;

void background(Board& board) {
  const QueueStreams streams;
  for (int stage = 0; stage < stages; ++stage) {
    const int measuring = 2 * stage + 1;
    await(board.front, measuring);
    board.back = stage + 1;
    streams.keep_busy(stage % queue_streams, [&] { return board.front.load() <= measuring; });
  }
}

void foreground(Board& board) {
  const QueueStreams streams;
  for (int stage = 0; stage < stages; ++stage) {
    const int i = stage / queue_streams;
    const int j = stage % queue_streams;
    if (j == 0) {
      board.periods[i][queue_streams] = streams.periods(i);
    }
    board.front = 2 * stage + 1;
    await(board.back, stage + 1);
    wait_until(host_ns() + 2e6);
    board.periods[i][j] = streams.periods(i);
    board.front = 2 * stage + 2;
    wait_until(host_ns() + 3e6); // until the neighbour's last kernels have ended
  }
}

} // namespace

void mps_queues(Results& results) {
  require_mps();
  const Shared<Board> shared;
  Board& board = *shared;
  if (run_both(foreground, background, board, "0")) {
    results.tables.push_back(
        queue_table("mps_queues", "another process, both clients of MPS", board.periods));
  }
}

} // namespace calibrate
