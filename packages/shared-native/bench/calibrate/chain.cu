// What a neighbour adds to a chain of small kernels in a stream of higher priority: to starting and
// ending them, which it costs even where it leaves room and resources, and to what they do.
#include "chain.h"

namespace calibrate {

void chain_beside(Results& results) {
  Table table{"chain_beside",
              "a chain of 40 kernels of 128 threads a block, queued ahead in a stream of higher "
              "priority, beside a neighbour on all SMs: period of the chain, percentiles of " +
                  std::to_string(chain_repeats) +
                  "; extra_ns: of the median over that with no neighbour. Neighbours: " +
                  numbered(neighbour_names) +
                  ". What a thread of the chain does: " + numbered(link_names),
              3,
              {"neighbour", "work", "blocks", "period_p10_ns", "period_p50_ns", "period_p90_ns",
               "extra_ns"},
              {}};
  Chains chains;
  const int sms = sm_count();
  for (const Link what : {Link::nothing, Link::hand_on, Link::chase}) {
    for (const int blocks : {1, sms, 4 * sms, 16 * sms}) {
      double alone = 0;
      for (size_t n = 0; n < std::size(neighbour_names); ++n) {
        const std::vector<double> periods =
            chains.periods(static_cast<Neighbour>(n), what, std::min(blocks, most_chain_blocks));
        const double middle = median(periods);
        alone = n == 0 ? middle : alone;
        table.rows.push_back({static_cast<double>(n), static_cast<double>(what),
                              static_cast<double>(blocks), percentile(periods, 0.1), middle,
                              percentile(periods, 0.9), middle - alone});
      }
    }
  }
  results.tables.push_back(std::move(table));
}

} // namespace calibrate
