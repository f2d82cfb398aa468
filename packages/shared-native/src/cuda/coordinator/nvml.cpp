#include "cuda/coordinator/nvml.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include "cuda/driver.h"

namespace cotenant::cuda {
namespace {

Nvml load() {
  void* const library = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    throw Unavailable(fmt::format("no management library of the GPU's driver here: {}", dlerror()));
  }
  const Nvml found = find_nvml([&](const char* name) { return dlsym(library, name); });
  if (const NvmlResult result = found.init(); result != kNvmlSuccess) {
    throw Unavailable(describe(found, result, "no usable GPU: nvmlInit"));
  }
  return found;
}

} // namespace

Nvml find_nvml(const std::function<void*(const char* name)>& symbol) {
  Nvml library;
  const auto find = [&]<typename F>(const char* name, F*& entry) {
    void* const address = symbol(name);
    if (address == nullptr) {
      throw Unavailable(fmt::format("libnvidia-ml.so.1 has no {}, which reads the "
                                    "GPU's counters; expected the driver of CUDA 12 or later",
                                    name));
    }
    entry = reinterpret_cast<F*>(address);
  };
  find("nvmlInit_v2", library.init);
  find("nvmlErrorString", library.error_string);
  find("nvmlDeviceGetHandleByUUID", library.device_by_uuid);
  find("nvmlGpmQueryDeviceSupport", library.gpm_support);
  find("nvmlGpmSampleAlloc", library.gpm_sample_alloc);
  find("nvmlGpmSampleFree", library.gpm_sample_free);
  find("nvmlGpmSampleGet", library.gpm_sample_get);
  find("nvmlGpmMetricsGet", library.gpm_metrics_get);
  return library;
}

const Nvml& nvml() {
  static const Nvml loaded = load();
  return loaded;
}

std::string describe(const Nvml& library, NvmlResult result, std::string_view what) {
  const char* const text = library.error_string(result);
  return fmt::format("{}: {}", what, text != nullptr ? text : fmt::format("error {}", result));
}

} // namespace cotenant::cuda
