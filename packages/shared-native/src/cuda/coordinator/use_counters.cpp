#include "cuda/coordinator/use_counters.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "cuda/driver.h"

namespace cotenant::cuda {
namespace {

/// In the order in which between() reads them.
constexpr std::array kCounters = {GpmCounter::sm,    GpmCounter::occupancy, GpmCounter::dram,
                                  GpmCounter::fp32,  GpmCounter::fp16,      GpmCounter::fp64,
                                  GpmCounter::tensor};

std::string hint(NvmlResult result) {
  switch (result) {
  case kNvmlNotSupported:
    return "; expected a GPU of the Hopper generation or later";
  case kNvmlNoPermission:
    return "; expected a user who may read the GPU's counters";
  case kNvmlNotFound:
    return "; expected a whole GPU, not a part of one (MIG)";
  default:
    return "";
  }
}

} // namespace

UseCounters::UseCounters(const Nvml& library, const std::string& gpu_uuid) : nvml_(library) {
  const auto need = [&](NvmlResult result, const char* what) {
    if (result != kNvmlSuccess) {
      free_samples();
      throw Unavailable(fmt::format("the use of {} cannot be counted: {}{}", gpu_uuid,
                                    describe(nvml_, result, what), hint(result)));
    }
  };
  need(nvml_.device_by_uuid(gpu_uuid.c_str(), &device_), "nvmlDeviceGetHandleByUUID");
  GpmSupport support;
  need(nvml_.gpm_support(device_, &support), "nvmlGpmQueryDeviceSupport");
  need(support.supported != 0 ? kNvmlSuccess : kNvmlNotSupported, "nvmlGpmQueryDeviceSupport");
  for (GpmSample& sample : samples_) {
    need(nvml_.gpm_sample_alloc(&sample), "nvmlGpmSampleAlloc");
  }
  need(nvml_.gpm_sample_get(device_, samples_.front()), "nvmlGpmSampleGet");
}

UseCounters::~UseCounters() {
  free_samples();
}

void UseCounters::free_samples() {
  for (GpmSample& sample : samples_) {
    if (sample != nullptr) {
      nvml_.gpm_sample_free(sample);
      sample = nullptr;
    }
  }
}

void UseCounters::sample(std::size_t buffer) {
  const NvmlResult result = nvml_.gpm_sample_get(device_, samples_.at(buffer));
  if (result != kNvmlSuccess) {
    throw DeviceError("reading the GPU's counters: " + describe(nvml_, result, "nvmlGpmSampleGet"));
  }
}

std::optional<UseRecord> UseCounters::between(std::size_t from, std::size_t to) {
  const auto check = [&](NvmlResult result, const std::string& what) {
    if (result != kNvmlSuccess) {
      throw DeviceError("reading the GPU's counters: " + describe(nvml_, result, what));
    }
  };
  query_.version = 1;
  query_.count = kCounters.size();
  query_.from = samples_.at(from);
  query_.to = samples_.at(to);
  for (std::size_t i = 0; i < kCounters.size(); ++i) {
    query_.values[i] = {.counter = kCounters[i]};
  }
  check(nvml_.gpm_metrics_get(&query_), "nvmlGpmMetricsGet");
  std::array<double, kCounters.size()> shares{};
  for (std::size_t i = 0; i < kCounters.size(); ++i) {
    const GpmValue& value = query_.values[i];
    check(value.result,
          fmt::format("nvmlGpmMetricsGet, metric {}", static_cast<unsigned>(value.counter)));
    if (!std::isfinite(value.value)) { // no cycles to divide by
      return std::nullopt;
    }
    // Counts and cycles are not read at the very same moment: a little beyond the ends is rounding.
    shares[i] = std::clamp(value.value / 100, 0.0, 1.0);
  }
  const auto [sm, occupancy, dram, fp32, fp16, fp64, tensor] = shares;
  return UseRecord{.sm_busy = sm,
                   .occupancy = occupancy,
                   .compute = std::max({fp32, fp16, fp64, tensor}),
                   .dram = dram};
}

} // namespace cotenant::cuda
