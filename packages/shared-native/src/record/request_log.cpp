#include "record/request_log.h"

#include <fmt/format.h>
#include <iterator>
#include <utility>

namespace cotenant {

RequestLog::RequestLog(std::filesystem::path file, std::vector<std::string> client_names)
    : file_(std::move(file)), client_names_(std::move(client_names)) {
  file_.write("client,index,arrival_ns,start_ns,end_ns\n");
}

void RequestLog::request(const RequestRecord& record) {
  fmt::memory_buffer row;
  fmt::format_to(std::back_inserter(row), "{},{},{},{},{}\n", client_names_[record.client],
                 record.index, record.arrival, record.start, record.end);
  file_.write({row.data(), row.size()});
}

} // namespace cotenant
