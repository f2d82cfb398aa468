// The host beside the GPU as results name it: what a launch costs is its doing, not the GPU's.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace cotenant::cuda {

/// {"cpu", "cpus", "numa_nodes", "gpu_numa_node"}: the processor's name, how many of its CPUs this process
/// may use and on which NUMA nodes they are, and the node that the GPU at PCI address `pci` is attached to.
/// What the system does not tell, or not in a form that we know, is null. `root` is for tests.
nlohmann::ordered_json describe_host(const std::string& pci,
                                     const std::filesystem::path& root = "/");

} // namespace cotenant::cuda
