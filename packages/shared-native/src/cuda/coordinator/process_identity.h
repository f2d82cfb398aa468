// A process as something that can be told from a later one with the same number.
#pragma once

#include <optional>
#include <string>
#include <sys/types.h>

namespace cotenant::cuda {

/// Process id and start time (field 22 of /proc/<pid>/stat, in clock ticks since boot). A pid alone
/// may have been given to another process in between; the pair never is.
struct ProcessIdentity {
  pid_t pid = 0;
  unsigned long long start_time = 0;

  /// The identity of a process that runs now; nothing if there is none, or only its zombie.
  static std::optional<ProcessIdentity> of(pid_t pid);

  /// The very process still runs. A zombie does not: it holds nothing but its number.
  [[nodiscard]] bool alive() const;
};

/// The start time in the text of /proc/<pid>/stat, and whether the process is a zombie. The name in
/// parentheses may itself hold spaces and parentheses.
struct ProcessStat {
  char state = '?';
  unsigned long long start_time = 0;
};
std::optional<ProcessStat> parse_process_stat(const std::string& text);

} // namespace cotenant::cuda
