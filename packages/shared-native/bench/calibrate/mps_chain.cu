// What a neighbour in another process adds to each of many small kernels, both clients of MPS: to be held against the
// same in one process (chain.cu). Run it through mps.sh.
#include "chain.h"
#include "two_clients.h"

namespace calibrate {
namespace {

constexpr int most_cases = 128;

/// A case of the table: the neighbour, the chain's work, its blocks.
struct Case {
  Neighbour neighbour;
  Link what;
  int blocks;
};

struct Board {
  std::atomic<int> front{0}; ///< cases that the foreground has begun, twice; odd: measuring
  std::atomic<int> back{0};  ///< cases whose neighbour runs
  double p10[most_cases];
  double p50[most_cases];
  double p90[most_cases];
};

/// The same in both processes; the number of SMs is that of the GPU, asked for after the fork.
std::vector<Case> cases(int sms) {
  std::vector<Case> all;
  for (const Link what : {Link::nothing, Link::hand_on, Link::chase}) {
    for (const int blocks : {1, sms, 4 * sms}) {
      for (size_t n = 0; n < std::size(neighbour_names); ++n) {
        all.push_back({static_cast<Neighbour>(n), what, blocks});
      }
    }
  }
  return all;
}

void background(Board& board) {
  Chains chains;
  const std::vector<Case> all = cases(sm_count());
  for (size_t i = 0; i < all.size(); ++i) {
    const int measuring = static_cast<int>(2 * i + 1);
    await(board.front, measuring);
    board.back = static_cast<int>(i + 1);
    if (all[i].neighbour != Neighbour::none) {
      chains.keep_neighbour(all[i].neighbour, board.front, measuring + 1);
    } else {
      await(board.front, measuring + 1);
    }
  }
}

void foreground(Board& board) {
  Chains chains;
  const std::vector<Case> all = cases(sm_count());
  for (size_t i = 0; i < all.size(); ++i) {
    const int measuring = static_cast<int>(2 * i + 1);
    board.front = measuring;
    await(board.back, static_cast<int>(i + 1));
    wait_until(host_ns() + 5e6);
    const std::vector<double> periods = chains.periods(Neighbour::none, all[i].what, all[i].blocks);
    board.p10[i] = percentile(periods, 0.1);
    board.p50[i] = median(periods);
    board.p90[i] = percentile(periods, 0.9);
    board.front = measuring + 1;
  }
}

} // namespace

void mps_chain(Results& results) {
  require_mps();
  const Shared<Board> shared;
  Board& board = *shared;
  if (!run_both(foreground, background, board, "1")) {
    return;
  }
  Table table{"mps_chain_beside",
              "chain_beside with the neighbour in another process, both clients of MPS, the "
              "neighbour below normal priority. "
              "Neighbours: " +
                  numbered(neighbour_names) +
                  ". What a thread of the chain does: " + numbered(link_names),
              3,
              {"neighbour", "work", "blocks", "period_p10_ns", "period_p50_ns", "period_p90_ns",
               "extra_ns"},
              {}};
  double alone = 0;
  const std::vector<Case> all = cases(sm_count());
  for (size_t i = 0; i < all.size(); ++i) {
    alone = all[i].neighbour == Neighbour::none ? board.p50[i] : alone;
    table.rows.push_back({static_cast<double>(all[i].neighbour), static_cast<double>(all[i].what),
                          static_cast<double>(all[i].blocks), board.p10[i], board.p50[i],
                          board.p90[i], board.p50[i] - alone});
  }
  results.tables.push_back(std::move(table));
}

} // namespace calibrate
