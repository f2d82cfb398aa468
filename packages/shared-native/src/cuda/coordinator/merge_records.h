// The clients' own rows as one record file, in the order in which requests completed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "record/sink.h"

namespace cotenant::cuda {

/// A file of rows "index,arrival_ns,start_ns,end_ns" that a host wrote for one client.
struct ClientRows {
  std::size_t client = 0;
  std::filesystem::path file;
  std::int64_t expected = 0; ///< rows, as the host reported
};

/// Hands all rows to `sink` by end time, then client. Memory does not grow with their number. Throws
/// HostFailure (lost) for files that are not what the host said: rows that are no numbers, out of order
/// or of another number than expected.
void merge_records(const std::vector<ClientRows>& files, RecordSink& sink);

} // namespace cotenant::cuda
