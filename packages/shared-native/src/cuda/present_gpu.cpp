#include "cuda/present_gpu.h"

#include <algorithm>
#include <array>
#include <dlfcn.h>
#include <fmt/format.h>
#include <fstream>
#include <iterator>

namespace cotenant::cuda {
namespace {

/// The management library knows the version where /proc does not show it.
std::string version_from_nvml() {
  void* const library = dlopen("libnvidia-ml.so.1", RTLD_LAZY | RTLD_LOCAL);
  if (library == nullptr) {
    return "";
  }
  const auto init = reinterpret_cast<int (*)()>(dlsym(library, "nvmlInit_v2"));
  const auto version =
      reinterpret_cast<int (*)(char*, unsigned)>(dlsym(library, "nvmlSystemGetDriverVersion"));
  const auto shut_down = reinterpret_cast<int (*)()>(dlsym(library, "nvmlShutdown"));
  std::array<char, 80> text{};
  if (init != nullptr && version != nullptr && shut_down != nullptr && init() == 0) {
    if (version(text.data(), static_cast<unsigned>(text.size())) != 0) {
      text[0] = '\0';
    }
    shut_down();
  }
  dlclose(library);
  return text.data();
}

} // namespace

std::string uuid_text(const Uuid& uuid) {
  std::string text = "GPU-";
  for (std::size_t i = 0; i < std::size(uuid.bytes); ++i) {
    text +=
        fmt::format("{}{:02x}", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid.bytes[i]);
  }
  return text;
}

std::string find_driver_version(const std::string& text) {
  constexpr std::string_view kVersion = "0123456789.";
  std::size_t at = 0;
  while ((at = text.find_first_of("0123456789", at)) != std::string::npos) {
    const std::size_t end = std::min(text.find_first_not_of(kVersion, at), text.size());
    const bool whole_word = at == 0 || text[at - 1] == ' ';
    const std::string word = text.substr(at, end - at);
    if (whole_word && word.find('.') != std::string::npos && word.back() != '.' &&
        (end == text.size() || std::isspace(static_cast<unsigned char>(text[end])) != 0)) {
      return word;
    }
    at = end;
  }
  return "";
}

std::string driver_version() {
  std::ifstream file("/proc/driver/nvidia/version");
  std::string line;
  std::getline(file, line);
  const std::string found = find_driver_version(line);
  return found.empty() ? version_from_nvml() : found;
}

nlohmann::ordered_json describe_gpu(const Driver& driver, Device device) {
  std::array<char, 256> name{};
  check(driver, driver.device_name(name.data(), static_cast<int>(name.size() - 1), device),
        "cuDeviceGetName");
  Uuid uuid{};
  check(driver, driver.device_uuid(&uuid, device), "cuDeviceGetUuid");
  std::size_t memory = 0;
  check(driver, driver.device_memory(&memory, device), "cuDeviceTotalMem");
  int api = 0;
  check(driver, driver.driver_version(&api), "cuDriverGetVersion");
  const auto attribute = [&](int which) {
    int value = 0;
    check(driver, driver.device_attribute(&value, which, device), "cuDeviceGetAttribute");
    return value;
  };
  return {{"name", name.data()},
          {"uuid", uuid_text(uuid)},
          {"compute_capability",
           fmt::format("{}.{}", attribute(kDeviceComputeMajor), attribute(kDeviceComputeMinor))},
          {"sms", attribute(kDeviceMultiprocessors)},
          {"memory_bytes", memory},
          {"driver", driver_version()},
          {"driver_api", api},
          {"clock_sm_khz", attribute(kDeviceClockRate)},
          {"pci", fmt::format("{:04x}:{:02x}:{:02x}.0", attribute(kDevicePciDomain),
                              attribute(kDevicePciBus), attribute(kDevicePciDevice))}};
}

bool is_gpu_of(const std::string& name, const GpuSpec& spec) {
  return !name.empty() && (" " + spec.name + " ").find(" " + name + " ") != std::string::npos;
}

} // namespace cotenant::cuda
