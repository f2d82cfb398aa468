#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "scheduler/system.h"

namespace cotenant {
namespace {

/// Filled before main() by the systems' own files, in whatever order they were linked. A function's
/// static, because it must exist before the first of them runs.
std::vector<SystemInfo>& registry() {
  static std::vector<SystemInfo> systems;
  return systems;
}

bool by_name(const SystemInfo& a, const SystemInfo& b) {
  return a.name < b.name;
}

[[noreturn]] void defect(const std::string& what) {
  fmt::print(stderr, "cotenant: {}\n", what);
  std::abort();
}

} // namespace

RegisterSystem::RegisterSystem(SystemInfo info) {
  if (info.make == nullptr) {
    defect(fmt::format("system {} cannot be made", info.name));
  }
  // A default must pass its own check, or leaving a parameter out would differ from writing its
  // default down.
  std::vector<std::pair<std::string, ParamValue>> defaults;
  for (const ParamSpec& spec : info.params) {
    defaults.emplace_back(spec.name, spec.default_value);
  }
  try {
    Params::checked(info.params, defaults, info.name);
  } catch (const InputError& error) {
    defect(fmt::format("default of {}", error.what()));
  }
  auto& systems = registry();
  const auto at = std::lower_bound(systems.begin(), systems.end(), info, by_name);
  if (at != systems.end() && at->name == info.name) {
    defect(fmt::format("two systems are called {}", info.name));
  }
  systems.insert(at, std::move(info));
}

const std::vector<SystemInfo>& all_systems() {
  return registry();
}

const SystemInfo& find_system(const std::string& name) {
  std::vector<std::string> names;
  for (const SystemInfo& system : all_systems()) {
    if (system.name == name) {
      return system;
    }
    names.push_back(system.name);
  }
  throw InputError(fmt::format("unknown system {}{}", quote(name), did_you_mean(name, names)));
}

} // namespace cotenant
