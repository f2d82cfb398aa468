#include "cuda/coordinator/merge_records.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fstream>
#include <string>

#include "base/csv.h"
#include "base/text.h"
#include "cuda/coordinator/host_answer.h"

namespace cotenant::cuda {
namespace {

/// One client's rows, with the next one at hand.
class Rows {
 public:
  explicit Rows(const ClientRows& source) : source_(source), stream_(source.file) {
    next_.client = source.client;
    next_.index = -1;
    if (!stream_) {
      refuse("the host did not write it");
    }
    advance();
  }

  [[nodiscard]] bool at_end() const { return at_end_; }
  [[nodiscard]] const RequestRecord& next() const { return next_; }

  void advance() {
    std::string line;
    if (!std::getline(stream_, line)) {
      at_end_ = true;
      if (next_.index + 1 != source_.expected) {
        refuse(fmt::format("{} rows; the host reported {}", next_.index + 1, source_.expected));
      }
      return;
    }
    std::array<std::int64_t, 4> values{};
    if (split_csv_row(line, fields_) || fields_.size() != values.size()) {
      refuse(fmt::format("{} is no row", quote(line)));
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto value = parse_integer(fields_[i]);
      if (!value) {
        refuse(fmt::format("{} is no row", quote(line)));
      }
      values[i] = *value;
    }
    const RequestRecord row{.client = source_.client,
                            .index = values[0],
                            .arrival = values[1],
                            .start = values[2],
                            .end = values[3]};
    if (row.index != next_.index + 1 || row.arrival > row.start || row.start > row.end ||
        row.end < next_.end) {
      refuse(fmt::format("{} is out of order", quote(line)));
    }
    next_ = row;
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw HostFailure(HostFault::lost, fmt::format("{}: {}", source_.file.string(), why));
  }

  const ClientRows& source_;
  std::ifstream stream_;
  std::vector<std::string> fields_;
  RequestRecord next_;
  bool at_end_ = false;
};

} // namespace

void merge_records(const std::vector<ClientRows>& files, RecordSink& sink) {
  std::vector<Rows> sources;
  sources.reserve(files.size());
  for (const ClientRows& file : files) {
    sources.emplace_back(file);
  }
  for (;;) {
    Rows* earliest = nullptr;
    for (Rows& source : sources) {
      if (!source.at_end() && (earliest == nullptr || source.next().end < earliest->next().end)) {
        earliest = &source;
      }
    }
    if (earliest == nullptr) {
      return;
    }
    sink.request(earliest->next());
    earliest->advance();
  }
}

} // namespace cotenant::cuda
