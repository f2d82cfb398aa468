#include "record/timeline.h"

#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <utility>

namespace cotenant {
namespace {

constexpr std::size_t kBuffer = std::size_t{1} << 16U;

// Track numbers within a client's process.
constexpr int kRequests = 1;
constexpr int kStream = 2;
constexpr int kDecisions = 3;

std::string json_string(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

} // namespace

Timeline::Timeline(std::filesystem::path file, const std::vector<Track>& tracks)
    : file_(std::move(file)), last_share_(tracks.size(), -1) {
  buffer_.reserve(kBuffer + 4096);
  append("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n");
  const char* separator = "";
  for (std::size_t c = 0; c < tracks.size(); ++c) {
    const auto meta = [&](const char* kind, int track, const std::string& name) {
      buffer_ += fmt::format(
          "{}{{\"ph\":\"M\",\"pid\":{},\"tid\":{},\"name\":\"{}\",\"args\":{{\"name\":{}}}}}",
          separator, c + 1, track, kind, json_string(name));
      separator = ",\n";
    };
    meta("process_name", 0, "client " + tracks[c].client);
    meta("thread_name", kRequests, "requests");
    meta("thread_name", kStream, "stream");
    meta("thread_name", kDecisions, "scheduler decisions");
    counter_names_.push_back(json_string("SM share " + tracks[c].client));
    std::vector<std::string> names;
    for (const Op& op : tracks[c].program->ops) {
      names.push_back(json_string(op.name));
    }
    op_names_.push_back(std::move(names));
  }
}

void Timeline::append(std::int64_t number) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  buffer_.append(digits, end);
}

/// Nanoseconds as microseconds with three decimals.
void Timeline::append_time(Nanos time) {
  append(time / kMicrosecond);
  const auto rest = static_cast<int>(time % kMicrosecond);
  const char fraction[4] = {'.', static_cast<char>('0' + rest / 100),
                            static_cast<char>('0' + rest / 10 % 10),
                            static_cast<char>('0' + rest % 10)};
  buffer_.append(fraction, sizeof fraction);
}

void Timeline::begin_event(char phase, std::size_t client, int track, Nanos at) {
  append(",\n{\"ph\":\"");
  buffer_.push_back(phase);
  append("\",\"pid\":");
  append(static_cast<std::int64_t>(client + 1));
  append(",\"tid\":");
  append(std::int64_t{track});
  append(",\"ts\":");
  append_time(at);
}

void Timeline::end_event() {
  buffer_.push_back('}');
  if (buffer_.size() >= kBuffer) {
    flush();
  }
}

void Timeline::request(std::size_t client, std::int64_t index, Nanos arrival, Nanos start,
                       Nanos end) {
  begin_event('X', client, kRequests, start);
  append(",\"dur\":");
  append_time(end - start);
  append(",\"name\":\"request ");
  append(index);
  append("\",\"args\":{\"queued_us\":");
  append_time(start - arrival);
  append("}");
  end_event();
}

void Timeline::op(std::size_t client, std::uint32_t op, Nanos begin, Nanos end) {
  begin_event('X', client, kStream, begin);
  append(",\"dur\":");
  append_time(end - begin);
  append(",\"name\":");
  append(op_names_[client][op]);
  append(",\"args\":{\"op\":");
  append(std::int64_t{op});
  append("}");
  end_event();
}

void Timeline::decision(std::string_view what, std::size_t client, std::uint32_t op, Nanos at) {
  begin_event('i', client, kDecisions, at);
  append(",\"s\":\"t\",\"name\":\"");
  append(what);
  append("\",\"args\":{\"op\":");
  append(std::int64_t{op});
  append("}");
  end_event();
}

void Timeline::launch(std::size_t client, std::uint32_t op, Nanos at) {
  decision("launch", client, op, at);
}

void Timeline::hold(std::size_t client, std::uint32_t op, Nanos at) {
  decision("hold", client, op, at);
}

void Timeline::reset(std::size_t client, std::uint32_t op, Nanos at) {
  decision("reset", client, op, at);
}

void Timeline::sm_share(std::size_t client, double share, Nanos at) {
  const int thousandths = static_cast<int>(std::lround(share * 1000));
  if (thousandths == last_share_[client]) {
    return;
  }
  last_share_[client] = thousandths;
  begin_event('C', client, 0, at);
  append(",\"name\":");
  append(counter_names_[client]);
  append(",\"args\":{\"share\":");
  append_time(thousandths); // thousandths print like nanoseconds: three decimals
  append("}");
  end_event();
}

void Timeline::flush() {
  file_.write(buffer_);
  buffer_.clear();
}

void Timeline::commit() {
  append("\n]}\n");
  flush();
  file_.commit();
}

} // namespace cotenant
