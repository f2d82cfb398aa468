// The driver's management library (NVML), loaded at run time: of it, what reads a GPU's own counters (GPM, Hopper and
// later). It makes no CUDA context, so the coordinator may use it.
#pragma once

#include <array>
#include <functional>
#include <string>
#include <string_view>

namespace cotenant::cuda {

// NVML's declarations by our names; test/cuda_abi_check.cpp compares them with nvml.h.

using NvmlResult = int;
inline constexpr NvmlResult kNvmlSuccess = 0;
inline constexpr NvmlResult kNvmlNotSupported = 3;
inline constexpr NvmlResult kNvmlNoPermission = 4;
inline constexpr NvmlResult kNvmlNotFound = 6;

struct NvmlDeviceObject;
using NvmlDevice = NvmlDeviceObject*;
struct GpmSampleObject;
using GpmSample = GpmSampleObject*;

/// Counters that can be asked for; means between two samples, in percent.
enum class GpmCounter : unsigned {
  sm = 2,        ///< SMs that were busy
  occupancy = 3, ///< active warps, of the most that there could be
  tensor = 5,    ///< time in which SMs did tensor operations of any kind
  dram = 10,     ///< DRAM bandwidth, of the theoretical maximum
  fp64 = 11,     ///< time in which SMs did FP64 operations
  fp32 = 12,     ///< … FP32
  fp16 = 13,     ///< … FP16
};

struct GpmSupport {
  unsigned version = 1;
  unsigned supported = 0;
};

struct GpmValue {
  GpmCounter counter = GpmCounter::sm;
  NvmlResult result = kNvmlSuccess;
  double value = 0;
  std::array<const char*, 3> texts{}; ///< short name, long name, unit
};

struct GpmQuery {
  unsigned version = 1;
  unsigned count = 0;
  GpmSample from = nullptr;
  GpmSample to = nullptr;
  /// nvml.h's array has grown from 98 to 333 without a new version. The driver touches `count` entries; room for more
  /// than any header's costs nothing.
  std::array<GpmValue, 512> values{};
};

/// The functions that we call. Tests fill the table with functions of their own.
struct Nvml {
  NvmlResult (*init)() = nullptr;
  const char* (*error_string)(NvmlResult result) = nullptr;
  NvmlResult (*device_by_uuid)(const char* uuid, NvmlDevice* device) = nullptr;
  NvmlResult (*gpm_support)(NvmlDevice device, GpmSupport* support) = nullptr;
  NvmlResult (*gpm_sample_alloc)(GpmSample* sample) = nullptr;
  NvmlResult (*gpm_sample_free)(GpmSample sample) = nullptr;
  NvmlResult (*gpm_sample_get)(NvmlDevice device, GpmSample sample) = nullptr;
  NvmlResult (*gpm_metrics_get)(GpmQuery* query) = nullptr;
};

/// Fills the table; `symbol` gives the address of a name, or null. Throws Unavailable for a name that is not there.
Nvml find_nvml(const std::function<void*(const char* name)>& symbol);

/// Loads libnvidia-ml.so.1 and initialises it, once. Throws Unavailable with the reason.
const Nvml& nvml();

/// "nvmlGpmSampleGet: Insufficient Permissions"
std::string describe(const Nvml& library, NvmlResult result, std::string_view what);

} // namespace cotenant::cuda
