// Two processes under MPS: how long the kernel of one waits for a place while the other fills the
// GPU, and how their blocks take turns. Run it through mps.sh, which owns a daemon of its own.
#include <random>

#include "two_clients.h"

namespace calibrate {
namespace {

constexpr double lengths_us[] = {20, 100, 500};
constexpr int samples = 100;
constexpr int most_starts = 60'000;
constexpr unsigned long long share_block_ns = 50'000;
constexpr double share_ns = 10e6;

/// What the two processes share. Stages count up; an odd one means "under way".
struct Board {
  std::atomic<int> front{0};
  std::atomic<int> back{0};
  std::atomic<double> start_at{0};
  double first_p50[3];
  double first_p99[3];
  int count[2];
  unsigned long long starts[2][most_starts];
};

__global__ void fill(unsigned long long ns, unsigned long long* starts) {
  const unsigned long long start = gpu_ns();
  const unsigned long long time = ns + (blockIdx.x * 2654435769u) % (ns / 10 + 1);
  if (starts != nullptr && threadIdx.x == 0) {
    starts[blockIdx.x] = start;
  }
  while (gpu_ns() - start < time) {
  }
}

__global__ void arrive(unsigned long long* start) {
  if (threadIdx.x == 0) {
    *start = gpu_ns();
  }
}

/// Both processes at once: blocks of one length, more than fit.
void share(Board& board, int who) {
  const int blocks =
      std::min(most_starts, static_cast<int>(2 * sm_count() * share_ns / share_block_ns));
  unsigned long long* starts = nullptr;
  CHECK(cudaMalloc(&starts, static_cast<size_t>(blocks) * sizeof *starts));
  std::atomic<int>& mine = who == 0 ? board.front : board.back;
  std::atomic<int>& other = who == 0 ? board.back : board.front;
  const int ready = 2 * static_cast<int>(std::size(lengths_us)) + 1;
  mine = ready;
  await(other, ready);
  if (who == 0) {
    board.start_at = host_ns() + 5e6;
    mine = ready + 1;
  } else {
    await(other, ready + 1);
  }
  wait_until(board.start_at);
  fill<<<blocks, 1024>>>(share_block_ns, starts);
  CHECK(cudaDeviceSynchronize());
  CHECK(cudaMemcpy(board.starts[who], starts, static_cast<size_t>(blocks) * sizeof *starts,
                   cudaMemcpyDeviceToHost));
  board.count[who] = blocks;
}

void background(Board& board) {
  const int wave = 2 * sm_count();
  for (int stage = 0; stage < static_cast<int>(std::size(lengths_us)); ++stage) {
    const double ns = lengths_us[stage] * 1e3;
    const int waves = static_cast<int>(std::max(2.0, 2e6 / ns));
    await(board.front, 2 * stage + 1);
    keep_two_queued(
        nullptr, [&] { return board.front.load() < 2 * stage + 2; },
        [&] {
          fill<<<wave * waves, 1024>>>(static_cast<unsigned long long>(ns), nullptr);
          board.back = 2 * stage + 1;
        });
    board.back = 2 * stage + 2;
  }
  share(board, 1);
}

void foreground(Board& board) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> pause(100e3, 900e3);
  unsigned long long* start = nullptr;
  CHECK(cudaMalloc(&start, sizeof *start));
  arrive<<<1, 128>>>(start);
  CHECK(cudaDeviceSynchronize());
  for (int stage = 0; stage < static_cast<int>(std::size(lengths_us)); ++stage) {
    const ClockOffset clock = clock_offset();
    board.front = 2 * stage + 1;
    await(board.back, 2 * stage + 1);
    wait_until(host_ns() + 5e6);
    std::vector<double> waits;
    for (int i = 0; i < samples; ++i) {
      wait_until(host_ns() + pause(random));
      const double launched = host_ns() + clock.offset_ns;
      arrive<<<1, 128>>>(start);
      CHECK(cudaDeviceSynchronize());
      unsigned long long at = 0;
      CHECK(cudaMemcpy(&at, start, sizeof at, cudaMemcpyDeviceToHost));
      waits.push_back(static_cast<double>(at) - launched);
    }
    board.first_p50[stage] = percentile(waits, 0.5);
    board.first_p99[stage] = percentile(waits, 0.99);
    board.front = 2 * stage + 2;
    await(board.back, 2 * stage + 2);
  }
  share(board, 0);
}

void report(Results& results, const Board& board, const std::string& mode) {
  for (size_t i = 0; i < std::size(lengths_us); ++i) {
    const std::string us = std::to_string(static_cast<int>(lengths_us[i]));
    const std::string how =
        "launch of a small kernel to its first instruction while another MPS client fills the GPU "
        "with blocks of " +
        us + " us, " + (mode == "mps" ? "equal priorities" : "it below normal");
    results.add({mode + "_takeover_" + us + "us_p50_ns", board.first_p50[i], "ns",
                 how + ", median of 100"});
    results.add({mode + "_takeover_" + us + "us_p99_ns", board.first_p99[i], "ns",
                 how + ", 99th percentile"});
  }
  // Turns while both have blocks waiting: from the later first start to the earlier last start.
  std::vector<std::pair<unsigned long long, int>> starts;
  unsigned long long from = 0;
  unsigned long long to = ~0ULL;
  for (int who = 0; who < 2; ++who) {
    const auto* begin = board.starts[who];
    const auto [first, last] = std::minmax_element(begin, begin + board.count[who]);
    from = std::max(from, *first);
    to = std::min(to, *last);
    for (int i = 0; i < board.count[who]; ++i) {
      starts.emplace_back(begin[i], who);
    }
  }
  std::sort(starts.begin(), starts.end());
  double mine = 0;
  double all = 0;
  double turns = 0;
  int last = -1;
  for (const auto& [at, who] : starts) {
    if (at >= from && at <= to) {
      all += 1;
      mine += who == 0 ? 1 : 0;
      turns += last >= 0 && last != who ? 1 : 0;
      last = who;
    }
  }
  results.add({mode + "_block_share", all > 0 ? mine / all : 0.0, "ratio",
               "share of the block starts that the first client gets while both have blocks of "
               "50 us waiting"});
  results.add({mode + "_block_run", turns > 0 ? all / (turns + 1) : all, "blocks",
               "blocks of one client that start in a row meanwhile, mean"});
}

} // namespace

void mps_pair(Results& results) {
  require_mps();
  for (const std::string mode : {"mps", "mps_priority"}) {
    const Shared<Board> board;
    if (run_both(foreground, background, *board, mode == "mps" ? "0" : "1")) {
      report(results, *board, mode);
    }
  }
}

} // namespace calibrate
