// The GPU of this machine as results name it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cuda/driver.h"
#include "device/gpu_spec.h"

namespace cotenant::cuda {

/// Name, UUID, size, driver, clock and PCI address of a GPU. Makes no context. Throws DeviceError, and Unavailable
/// if there is no such GPU.
nlohmann::ordered_json describe_gpu(const Driver& driver, Device device);

/// "GPU-…", as nvidia-smi writes it.
std::string uuid_text(const Uuid& uuid);

/// The version of the kernel driver, such as 580.159.04; empty if it cannot be told.
std::string driver_version();

/// The first version number in the text of /proc/driver/nvidia/version.
std::string find_driver_version(const std::string& text);

/// The GPU that a specification describes goes by this name: the driver says "NVIDIA H200", the
/// specification "NVIDIA H200 SXM 141GB".
bool is_gpu_of(const std::string& name, const GpuSpec& spec);

} // namespace cotenant::cuda
