#include "cuda/present_host.h"

#include <fmt/format.h>
#include <fstream>
#include <optional>
#include <sched.h>

#include "base/text.h"

namespace cotenant::cuda {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

/// Enough for any machine that runs Linux.
constexpr int kNodes = 1024;

ordered_json cpu_name(const fs::path& root) {
  std::ifstream file(root / "proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) {
      return line.substr(colon + 2);
    }
  }
  return nullptr;
}

/// Of the CPUs that the calling thread may run on.
ordered_json numa_nodes(const fs::path& root, const cpu_set_t& usable) {
  ordered_json nodes = ordered_json::array();
  std::error_code failed;
  for (int node = 0; node < kNodes; ++node) {
    const fs::path folder = root / fmt::format("sys/devices/system/node/node{}", node);
    if (!fs::is_directory(folder, failed)) {
      continue;
    }
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &usable) && fs::exists(folder / fmt::format("cpu{}", cpu), failed)) {
        nodes.push_back(node);
        break;
      }
    }
  }
  return nodes.empty() ? ordered_json(nullptr) : nodes;
}

ordered_json gpu_node(const std::string& pci, const fs::path& root) {
  std::ifstream file(root / "sys/bus/pci/devices" / pci / "numa_node");
  std::string line;
  if (pci.empty() || !std::getline(file, line)) {
    return nullptr;
  }
  // The kernel writes -1 where the machine has no nodes to tell apart.
  const std::optional<std::int64_t> node = parse_integer(line);
  return node && *node >= 0 ? ordered_json(*node) : ordered_json(nullptr);
}

} // namespace

ordered_json describe_host(const std::string& pci, const fs::path& root) {
  cpu_set_t usable;
  CPU_ZERO(&usable);
  const bool known = sched_getaffinity(0, sizeof usable, &usable) == 0;
  return {{"cpu", cpu_name(root)},
          {"cpus", known ? ordered_json(CPU_COUNT(&usable)) : ordered_json(nullptr)},
          {"numa_nodes", numa_nodes(root, usable)},
          {"gpu_numa_node", gpu_node(pci, root)}};
}

} // namespace cotenant::cuda
