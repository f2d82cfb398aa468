// What Orion's clients write when they end: client_N.json.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace cotenant {

/// NumPy's default percentile: linear between order statistics, at rank q × (n − 1). REQUIRES: `sorted` is
/// sorted and not empty.
double percentile(const std::vector<Nanos>& sorted, double q);

/// Latencies of one client in a record file (client,index,arrival_ns,start_ns,end_ns), sorted.
std::vector<Nanos> latencies_of(std::string_view records, std::string_view client);

/// Orion's keys: p50_latency, p95_latency, p99_latency in ms and throughput for inference, throughput for
/// training; throughput per second. Latencies are null when no request was completed.
nlohmann::ordered_json orion_result(bool training, const std::vector<Nanos>& latencies,
                                    double throughput);

} // namespace cotenant
