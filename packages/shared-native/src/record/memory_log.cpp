#include "record/memory_log.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <utility>

namespace cotenant {

MemoryLog::MemoryLog(std::filesystem::path file, std::vector<std::string> client_names)
    : file_(std::move(file)), client_names_(std::move(client_names)) {
  file_.write("gpu,client,begin_ns,end_ns,live_mean,live_max,held_max,budget\n");
}

void MemoryLog::memory(const MemoryRecord& record) {
  const bool all = record.client == MemoryRecord::kAll;
  fmt::memory_buffer row;
  // Whole bytes: a mean's fraction of a byte is nobody's business.
  fmt::format_to(std::back_inserter(row), "{},{},{},{},{:.0f},{},{},", record.gpu,
                 all ? "" : client_names_[record.client], record.begin, record.end,
                 record.live_mean, record.live_max, record.held_max);
  if (all && record.budget > 0) {
    fmt::format_to(std::back_inserter(row), "{}", record.budget);
  }
  row.push_back('\n');
  file_.write({row.data(), row.size()});
  if (!all) {
    return;
  }
  if (totals_.size() <= record.gpu) {
    totals_.resize(record.gpu + 1);
  }
  Total& total = totals_[record.gpu];
  const auto before = static_cast<double>(total.time);
  total.time += record.end - record.begin;
  total.live_mean = (total.live_mean * before +
                     record.live_mean * static_cast<double>(record.end - record.begin)) /
                    static_cast<double>(total.time);
  total.live_max = std::max(total.live_max, record.live_max);
  total.held_max = std::max(total.held_max, record.held_max);
  total.over_budget += record.over_budget;
}

} // namespace cotenant
