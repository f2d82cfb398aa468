// Request records as CSV (client,index,arrival_ns,start_ns,end_ns), streamed.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"
#include "record/sink.h"

namespace cotenant {

/// Writes rows as they come; the file appears under its name in commit(). A log that is destroyed
/// without commit() leaves nothing behind. Throws IoError (full disk, unwritable folder).
class RequestLog final : public RecordSink {
 public:
  RequestLog(std::filesystem::path file, std::vector<std::string> client_names);

  void request(const RequestRecord& record) override;
  void commit() { file_.commit(); }

 private:
  AtomicFile file_;
  std::vector<std::string> client_names_;
};

} // namespace cotenant
