#include "cuda/coordinator/host_answer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <utility>

#include "base/text.h"

namespace cotenant::cuda {
namespace {

using nlohmann::ordered_json;

constexpr int kProtocol = 1;
/// 146 years in nanoseconds; counts stay below it too.
constexpr std::int64_t kLargest = std::int64_t{1} << 62U;

[[noreturn]] void refuse(const std::string& what) {
  throw HostFailure(HostFault::lost, what);
}

HostFault fault_named(const std::string& kind) {
  static constexpr std::array<std::pair<std::string_view, HostFault>, 5> kFaults = {{
      {"input", HostFault::input},
      {"device", HostFault::device},
      {"watchdog", HostFault::watchdog},
      {"interrupted", HostFault::interrupted},
      {"unavailable", HostFault::unavailable},
  }};
  for (const auto& [name, fault] : kFaults) {
    if (kind == name) {
      return fault;
    }
  }
  return HostFault::lost;
}

/// A member of an answer, by name.
const ordered_json& member(const ordered_json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  if (!object.is_object() || found == object.end()) {
    refuse(fmt::format("the answer has no \"{}\"", name));
  }
  return *found;
}

std::string text(const ordered_json& object, const char* name) {
  const ordered_json& value = member(object, name);
  if (!value.is_string()) {
    refuse(fmt::format("the answer's \"{}\" is no text", name));
  }
  return value.get<std::string>();
}

std::int64_t count(const ordered_json& object, const char* name) {
  const ordered_json& value = member(object, name);
  if (value.is_number_unsigned() && value.get<std::uint64_t>() < kLargest) {
    return value.get<std::int64_t>();
  }
  if (value.is_number_integer() && !value.is_number_unsigned() && value.get<std::int64_t>() >= 0) {
    return value.get<std::int64_t>();
  }
  refuse(fmt::format("the answer's \"{}\" is no count", name));
}

double quantity(const ordered_json& object, const char* name) {
  const ordered_json& value = member(object, name);
  if (value.is_number() && std::isfinite(value.get<double>()) && value.get<double>() >= 0) {
    return value.get<double>();
  }
  refuse(fmt::format("the answer's \"{}\" is no quantity", name));
}

HostClient read_client(const ordered_json& value) {
  HostClient client;
  client.client = static_cast<std::size_t>(count(value, "client"));
  client.totals = {.requests = count(value, "requests"),
                   .iterations = quantity(value, "iterations"),
                   .window = count(value, "window_ns"),
                   .ops = static_cast<std::uint64_t>(count(value, "ops"))};
  client.matched = value.value("matched", ordered_json(nullptr));
  if (const auto digest = value.find("output_sha256");
      digest != value.end() && digest->is_string()) {
    client.output_sha256 = digest->get<std::string>();
  }
  return client;
}

} // namespace

std::string on_one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    if (c == '\n') {
      line += "; ";
    } else {
      line += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    }
  }
  return line;
}

ordered_json parse_answer(std::string_view line) {
  ordered_json answer = ordered_json::parse(line, nullptr, false);
  if (!answer.is_object() || !answer.contains("ok") || !answer["ok"].is_boolean()) {
    refuse(fmt::format("it answered {}, which is no answer", quote(line)));
  }
  if (answer["ok"].get<bool>()) {
    return answer;
  }
  throw HostFailure(fault_named(text(answer, "kind")), on_one_line(text(answer, "error")));
}

HostHello read_hello(const ordered_json& answer) {
  const std::int64_t protocol = count(answer, "protocol");
  if (protocol != kProtocol) {
    refuse(fmt::format("it speaks version {} of the protocol; expected {}", protocol, kProtocol));
  }
  HostHello hello;
  hello.gpu = member(answer, "gpu");
  hello.uuid = text(hello.gpu, "uuid");
  hello.software = answer.value("software", ordered_json::object());
  return hello;
}

HostPace read_pace(const ordered_json& answer) {
  const ordered_json& late = member(answer, "late");
  const ordered_json& list = member(answer, "period_ns");
  if (!late.is_boolean() || !list.is_array()) {
    refuse("the answer has no \"late\" that is true or false, or no list \"period_ns\"");
  }
  HostPace pace{.period = {}, .late = late.get<bool>()};
  for (const ordered_json& period : list) {
    if (!period.is_number() || !(period.get<double>() > 0)) {
      refuse("the answer's \"period_ns\" has what is no time");
    }
    pace.period.push_back(period.get<double>());
  }
  return pace;
}

HostRun read_run(const ordered_json& answer, const std::vector<std::size_t>& clients) {
  HostRun run;
  run.duration = count(answer, "duration_ns");
  const ordered_json& list = member(answer, "clients");
  if (!list.is_array() || list.size() != clients.size()) {
    refuse(fmt::format("the answer has {} clients; expected {}", list.size(), clients.size()));
  }
  for (std::size_t i = 0; i < clients.size(); ++i) {
    run.clients.push_back(read_client(list[i]));
    if (run.clients.back().client != clients[i]) {
      refuse(fmt::format("the answer is about client {}; expected {}", run.clients.back().client,
                         clients[i]));
    }
  }
  run.counters = ordered_json::object();
  for (const auto& [name, value] : answer.items()) {
    if (name != "ok" && name != "clients" && name != "duration_ns") {
      run.counters[name] = value;
    }
  }
  return run;
}

} // namespace cotenant::cuda
