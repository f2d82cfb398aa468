// What the GPUs were used for as CSV (gpu,begin_ns,end_ns,sm_busy,occupancy,compute,dram), streamed, and the means
// over the run.
#pragma once

#include <filesystem>
#include <vector>

#include "base/file.h"
#include "record/sink.h"

namespace cotenant {

/// As RequestLog: rows as they come, the file under its name in commit().
class UseLog {
 public:
  explicit UseLog(std::filesystem::path file);

  void use(const UseRecord& record);
  void commit() { file_.commit(); }

  /// One record a GPU over all that was reported.
  [[nodiscard]] const std::vector<UseRecord>& means() const { return means_; }

 private:
  AtomicFile file_;
  std::vector<UseRecord> means_;
};

} // namespace cotenant
