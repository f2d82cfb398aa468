// Device memory over time as CSV (gpu,client,begin_ns,end_ns,live_mean,live_max,held_max,budget), streamed, and a
// summary of the run. Bytes; an empty client stands for all of the GPU together, whose peaks need not come at
// the same time.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"
#include "record/sink.h"

namespace cotenant {

/// As RequestLog: rows as they come, the file under its name in commit().
class MemoryLog {
 public:
  MemoryLog(std::filesystem::path file, std::vector<std::string> client_names);

  void memory(const MemoryRecord& record);
  void commit() { file_.commit(); }

  /// Of a GPU, over all that was reported.
  struct Total {
    double live_mean = 0;
    std::int64_t live_max = 0;
    std::int64_t held_max = 0;
    Nanos over_budget = 0;
    Nanos time = 0;
  };
  [[nodiscard]] const std::vector<Total>& totals() const { return totals_; }

 private:
  AtomicFile file_;
  std::vector<std::string> client_names_;
  std::vector<Total> totals_; ///< by GPU
};

} // namespace cotenant
