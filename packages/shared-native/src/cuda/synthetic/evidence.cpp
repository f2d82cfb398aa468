#include "cuda/synthetic/evidence.h"

#include <algorithm>
#include <cmath>

namespace cotenant::cuda::synthetic {
namespace {

using nlohmann::ordered_json;

constexpr double kClose = 0.03;
constexpr double kNear = 0.10;
constexpr double kCloseNs = 300; ///< of short kernels, what events can tell apart with confidence
constexpr double kSumBound = 0.05;
constexpr std::size_t kWorst = 5;

double off_ns(const Match& m) {
  return std::abs(m.achieved_ns - m.recorded_ns);
}
double off(const Match& m) {
  return off_ns(m) / std::max(m.recorded_ns, 1.0);
}

/// Three significant decimals are plenty.
double rounded(double share) {
  return std::round(share * 1e4) / 1e4;
}

double ratio_error(double value, double reference) {
  return reference > 0 ? rounded(value / reference - 1) : 0.0;
}

double median(std::vector<double> values) {
  if (values.empty()) {
    return 0;
  }
  std::ranges::sort(values);
  return values[values.size() / 2];
}

ordered_json row(const Match& m) {
  ordered_json json{{"op", m.op},
                    {"name", m.name.substr(0, 120)},
                    {"recorded_ns", std::llround(m.recorded_ns)},
                    {"achieved_ns", std::llround(m.achieved_ns)}};
  if (m.kernel) {
    json["registers"] = {m.registers_recorded, m.registers};
    json["blocks_per_sm"] = {m.blocks_per_sm_recorded, m.blocks_per_sm};
    json["dram_bytes"] = {std::llround(m.dram_bytes_recorded), std::llround(m.dram_bytes)};
  }
  return json;
}

} // namespace

ordered_json summarize(const std::vector<Match>& matches, const Replay& replay) {
  std::vector<const Match*> kernels;
  double recorded = 0;
  double achieved = 0;
  for (const Match& m : matches) {
    recorded += m.recorded_ns;
    achieved += m.achieved_ns;
    if (m.kernel) {
      kernels.push_back(&m);
    }
  }
  const auto count = [&](auto&& holds) {
    return std::ranges::count_if(kernels, [&](const Match* m) { return holds(*m); });
  };
  const auto values = [&](auto&& of) {
    std::vector<double> all;
    for (const Match* m : kernels) {
      all.push_back(of(*m));
    }
    return all;
  };
  const auto largest = [](const std::vector<double>& all) {
    return all.empty() ? 0.0 : std::ranges::max(all);
  };
  const auto total = [&](double Match::*member) {
    double sum = 0;
    for (const Match* m : kernels) {
      sum += m->*member;
    }
    return sum;
  };
  const std::vector<double> errors = values([](const Match& m) { return off(m); });
  const std::vector<double> registers = values([](const Match& m) {
    return std::abs(static_cast<double>(m.registers) - m.registers_recorded);
  });
  const double sum_error = achieved / std::max(recorded, 1.0) - 1;

  ordered_json json{
      {"label", "synthetic"},
      {"kernels", kernels.size()},
      {"duration",
       {{"within_3_percent_or_300_ns",
         count([](const Match& m) { return off(m) <= kClose || off_ns(m) <= kCloseNs; })},
        {"within_3_percent", count([](const Match& m) { return off(m) <= kClose; })},
        {"within_10_percent", count([](const Match& m) { return off(m) <= kNear; })},
        {"median_error", rounded(median(errors))},
        {"max_error", rounded(largest(errors))}}},
      {"op_sum",
       {{"recorded_ns", std::llround(recorded)},
        {"achieved_ns", std::llround(achieved)},
        {"error", rounded(sum_error)},
        {"within_5_percent", std::abs(sum_error) <= kSumBound}}},
      {"stream_replay",
       {{"expected_ns", std::llround(replay.expected_ns)},
        {"achieved_ns", std::llround(replay.stream_ns)},
        {"error", ratio_error(replay.stream_ns, replay.expected_ns)}}},
      {"occupancy",
       {{"recorded", count([](const Match& m) { return m.blocks_per_sm_recorded != 0; })},
        {"equal", count([](const Match& m) {
           return m.blocks_per_sm_recorded != 0 && m.blocks_per_sm == m.blocks_per_sm_recorded;
         })}}},
      {"registers",
       {{"median_difference", median(registers)}, {"max_difference", largest(registers)}}},
      {"clusters_differ", count([](const Match& m) { return m.cluster != m.cluster_recorded; })},
      {"dram_bytes",
       {{"recorded", std::llround(total(&Match::dram_bytes_recorded))},
        {"asked", std::llround(total(&Match::dram_bytes))}}}};

  std::vector<const Match*> order;
  for (const Match& m : matches) {
    order.push_back(&m);
  }
  std::ranges::stable_sort(order, [](auto* a, auto* b) { return off_ns(*a) > off_ns(*b); });
  order.resize(std::min(order.size(), kWorst));
  json["worst"] = ordered_json::array();
  for (const Match* m : order) {
    json["worst"].push_back(row(*m));
  }
  return json;
}

} // namespace cotenant::cuda::synthetic
