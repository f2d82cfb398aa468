#include "record/use_log.h"

#include <fmt/format.h>
#include <iterator>
#include <utility>

namespace cotenant {

UseLog::UseLog(std::filesystem::path file) : file_(std::move(file)) {
  file_.write("gpu,begin_ns,end_ns,sm_busy,occupancy,compute,dram\n");
}

void UseLog::use(const UseRecord& record) {
  fmt::memory_buffer row;
  // Six digits: more than any plot shows, and the last bits of sums are nobody's business.
  fmt::format_to(std::back_inserter(row), "{},{},{},{:.6f},{:.6f},{:.6f},{:.6f}\n", record.gpu,
                 record.begin, record.end, record.sm_busy, record.occupancy, record.compute,
                 record.dram);
  file_.write({row.data(), row.size()});

  while (means_.size() <= record.gpu) {
    means_.push_back({.gpu = means_.size(), .begin = record.begin, .end = record.begin});
  }
  UseRecord& mean = means_[record.gpu];
  const auto before = static_cast<double>(mean.end - mean.begin);
  const auto now = static_cast<double>(record.end - record.begin);
  const auto add = [&](double UseRecord::*share) {
    mean.*share = (mean.*share * before + record.*share * now) / (before + now);
  };
  add(&UseRecord::sm_busy);
  add(&UseRecord::occupancy);
  add(&UseRecord::compute);
  add(&UseRecord::dram);
  mean.end = record.end;
}

} // namespace cotenant
