// Who comes first: clients by priority, for systems that know one high-priority client.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "scheduler/scheduler.h"

namespace cotenant {

/// Indices of clients: the high-priority one and, in the plan's order, the best-effort ones.
struct Roles {
  std::size_t high = 0;
  std::vector<std::size_t> best_effort;
};

/// Throws InputError naming the clients and their fields unless exactly one has high priority.
Roles one_high_priority(std::span<const ClientInfo> clients, std::string_view system);

} // namespace cotenant
