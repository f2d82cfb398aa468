#include "cuda/coordinator/process_identity.h"

#include <cctype>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <sstream>

namespace cotenant::cuda {
namespace {

std::optional<ProcessStat> stat_of(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return parse_process_stat(text);
}

bool is_gone(char state) {
  return state == 'Z' || state == 'X';
}

} // namespace

std::optional<ProcessStat> parse_process_stat(const std::string& text) {
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) {
    return std::nullopt;
  }
  std::istringstream fields(text.substr(name_end + 1));
  ProcessStat stat;
  if (!(fields >> stat.state)) {
    return std::nullopt;
  }
  std::string skipped;
  for (int field = 4; field < 22; ++field) { // state was field 3
    fields >> skipped;
  }
  return fields >> stat.start_time ? std::optional(stat) : std::nullopt;
}

std::optional<ProcessIdentity> ProcessIdentity::of(pid_t pid) {
  const auto stat = stat_of(pid);
  if (!stat || is_gone(stat->state)) {
    return std::nullopt;
  }
  return ProcessIdentity{.pid = pid, .start_time = stat->start_time};
}

bool ProcessIdentity::alive() const {
  const auto stat = stat_of(pid);
  return stat && !is_gone(stat->state) && stat->start_time == start_time;
}

} // namespace cotenant::cuda
