// Which kernels can share an SM: the SM's memory is split between L1 and shared memory, the split is
// fixed while any block is resident, and kernels ask for different ones.
#include "joining.h"

namespace calibrate {
namespace {

constexpr unsigned long long back_ns = 1'500'000;
constexpr unsigned long long front_ns = 20'000;
constexpr double later_ns = 200e3;
constexpr int front_blocks = 128;
constexpr int front_kib[] = {0, 1, 4, 8, 16, 32, 64, 100, 128, 160, 200, 227};

} // namespace

void split_rule(Results& results) {
  const int sms = sm_count();
  Joining joining(std::max(sms, front_blocks));
  joining.prepare(hold<0>);
  const int most = most_shared_bytes();

  Table table{
      "split_rule",
      "background: one block a SM that sleeps 1.5 ms; foreground: 128 blocks in a stream of higher "
      "priority, 0.2 ms later. joins_<n>_kib: share of the foreground's blocks, n KiB of shared "
      "memory each, that start before the background ends (-1: cannot be launched). carveout: "
      "preference in percent, -1 none",
      5,
      {"background_threads", "background_carveout", "background_kib", "carveout", "threads"},
      {}};
  for (const int kib : front_kib) {
    table.columns.push_back("joins_" + std::to_string(kib) + "_kib");
  }
  for (const int back_threads : {512, 1024}) {
    for (const int back_carveout : {-1, 0, 100}) {
      for (const int back_kib : {0, 32, 100}) {
        const Sleeper back{hold<0>, sms, back_threads, back_kib * 1024, back_carveout, back_ns};
        for (const int carveout : {-1, 100}) {
          for (const int threads : {128, 512}) {
            std::vector<double> row{static_cast<double>(back_threads),
                                    static_cast<double>(back_carveout),
                                    static_cast<double>(back_kib), static_cast<double>(carveout),
                                    static_cast<double>(threads)};
            for (const int kib : front_kib) {
              const Sleeper front{hold<0>, front_blocks, threads, kib * 1024, carveout, front_ns};
              row.push_back(kib * 1024 > most ? -1 : joining.share(back, front, later_ns));
            }
            table.rows.push_back(std::move(row));
          }
        }
      }
    }
  }
  results.tables.push_back(std::move(table));
}

} // namespace calibrate
