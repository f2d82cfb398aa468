#include "scheduler/roles.h"

#include <fmt/format.h>
#include <string>

#include "base/error.h"
#include "base/text.h"

namespace cotenant {

Roles one_high_priority(std::span<const ClientInfo> clients, std::string_view system) {
  Roles roles;
  std::vector<std::size_t> high;
  for (std::size_t c = 0; c < clients.size(); ++c) {
    (clients[c].priority == Priority::high ? high : roles.best_effort).push_back(c);
  }
  if (high.size() == 1) {
    roles.high = high.front();
    return roles;
  }
  std::vector<std::string> found;
  for (const std::size_t c : high) {
    found.push_back(fmt::format("clients[{}].priority of {}", c, quote(clients[c].name)));
  }
  throw InputError(
      fmt::format("{} serves one high-priority client among several, but {}; expected priority "
                  "\"high\" for exactly one",
                  system,
                  high.empty() ? "every clients[].priority is \"best-effort\""
                               : joined(found) + " are \"high\""));
}

} // namespace cotenant
