#include "cli/orion_results.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/csv.h"
#include "base/text.h"
#include "run/summary.h"

namespace cotenant {

double percentile(const std::vector<Nanos>& sorted, double q) {
  const double rank = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(rank));
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double part = rank - std::floor(rank);
  return static_cast<double>(sorted[below]) +
         part * static_cast<double>(sorted[above] - sorted[below]);
}

std::vector<Nanos> latencies_of(std::string_view records, std::string_view client) {
  std::vector<Nanos> latencies;
  std::vector<std::string> fields;
  while (!records.empty()) {
    const std::size_t end = std::min(records.find('\n'), records.size());
    const bool row = !split_csv_row(records.substr(0, end), fields) && fields.size() == 5;
    if (row && fields[0] == client) {
      const auto arrival = parse_integer(fields[2]);
      const auto done = parse_integer(fields[4]);
      if (arrival && done) {
        latencies.push_back(*done - *arrival);
      }
    }
    records.remove_prefix(std::min(end + 1, records.size()));
  }
  std::ranges::sort(latencies);
  return latencies;
}

nlohmann::ordered_json orion_result(bool training, const std::vector<Nanos>& latencies,
                                    double throughput) {
  nlohmann::ordered_json result;
  for (const auto& [key, q] : {std::pair{"p50_latency", 0.50}, std::pair{"p95_latency", 0.95},
                               std::pair{"p99_latency", 0.99}}) {
    if (!training) {
      result[key] = latencies.empty()
                        ? nlohmann::ordered_json(nullptr)
                        : nlohmann::ordered_json(rounded(percentile(latencies, q) / 1e6));
    }
  }
  result["throughput"] = rounded(throughput);
  return result;
}

} // namespace cotenant
