// Compiled, never run, where a CUDA toolkit is installed: our declarations against the driver's.
#include <cstddef>
#include <cuda.h>
#include <nvml.h>

#include "cuda/coordinator/nvml.h"
#include "cuda/cuda_abi.h"

namespace cotenant::cuda {
namespace {

#define SAME_SIZE(ours, theirs) static_assert(sizeof(ours) == sizeof(theirs))
#define SAME_PLACE(ours, member, theirs, their_member)                                             \
  static_assert(offsetof(ours, member) == offsetof(theirs, their_member))

SAME_SIZE(LaunchAttributeValue, CUlaunchAttributeValue);
SAME_SIZE(LaunchAttribute, CUlaunchAttribute);
SAME_PLACE(LaunchAttribute, value, CUlaunchAttribute, value);
SAME_SIZE(LaunchConfig, CUlaunchConfig);
SAME_PLACE(LaunchConfig, stream, CUlaunchConfig, hStream);
SAME_PLACE(LaunchConfig, attributes, CUlaunchConfig, attrs);
SAME_SIZE(KernelNodeParams, CUDA_KERNEL_NODE_PARAMS);
SAME_PLACE(KernelNodeParams, params, CUDA_KERNEL_NODE_PARAMS, kernelParams);
SAME_PLACE(KernelNodeParams, kernel, CUDA_KERNEL_NODE_PARAMS, kern);
SAME_SIZE(MemsetNodeParams, CUDA_MEMSET_NODE_PARAMS_v1);
SAME_PLACE(MemsetNodeParams, width, CUDA_MEMSET_NODE_PARAMS_v1, width);
SAME_SIZE(Memcpy3D, CUDA_MEMCPY3D);
SAME_PLACE(Memcpy3D, target_device, CUDA_MEMCPY3D, dstDevice);
SAME_PLACE(Memcpy3D, width, CUDA_MEMCPY3D, WidthInBytes);
SAME_SIZE(EdgeData, CUgraphEdgeData);
SAME_SIZE(Uuid, CUuuid);

static_assert(kSuccess == CUDA_SUCCESS && kNotReady == CUDA_ERROR_NOT_READY &&
              kOutOfMemory == CUDA_ERROR_OUT_OF_MEMORY);
static_assert(int(NodeType::kernel) == CU_GRAPH_NODE_TYPE_KERNEL &&
              int(NodeType::memcpy) == CU_GRAPH_NODE_TYPE_MEMCPY &&
              int(NodeType::memset) == CU_GRAPH_NODE_TYPE_MEMSET &&
              int(NodeType::empty) == CU_GRAPH_NODE_TYPE_EMPTY);
static_assert(int(LaunchAttributeId::cooperative) == CU_LAUNCH_ATTRIBUTE_COOPERATIVE &&
              int(LaunchAttributeId::cluster_dimension) == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION &&
              int(LaunchAttributeId::cluster_scheduling) ==
                  CU_LAUNCH_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE &&
              int(LaunchAttributeId::priority) == CU_LAUNCH_ATTRIBUTE_PRIORITY &&
              int(LaunchAttributeId::mem_sync_domain_map) ==
                  CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP &&
              int(LaunchAttributeId::mem_sync_domain) == CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN &&
              int(LaunchAttributeId::preferred_cluster_dimension) ==
                  CU_LAUNCH_ATTRIBUTE_PREFERRED_CLUSTER_DIMENSION &&
              int(LaunchAttributeId::preferred_shared_memory_carveout) ==
                  CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT);
static_assert(int(MemoryType::host) == CU_MEMORYTYPE_HOST &&
              int(MemoryType::unified) == CU_MEMORYTYPE_UNIFIED);
static_assert(kFunctionSharedBytes == CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES &&
              kFunctionRegisters == CU_FUNC_ATTRIBUTE_NUM_REGS &&
              kFunctionMaxDynamicSharedBytes == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES &&
              kFunctionPreferredCarveout == CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT &&
              kFunctionNonPortableClusters == CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED);
static_assert(kDeviceClockRate == CU_DEVICE_ATTRIBUTE_CLOCK_RATE &&
              kDeviceMultiprocessors == CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT &&
              kDeviceComputeMajor == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR &&
              kDeviceComputeMinor == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
static_assert(kStreamNonBlocking == CU_STREAM_NON_BLOCKING &&
              kEventDisableTiming == CU_EVENT_DISABLE_TIMING);

SAME_SIZE(GpmSupport, nvmlGpmSupport_t);
SAME_PLACE(GpmSupport, supported, nvmlGpmSupport_t, isSupportedDevice);
SAME_SIZE(GpmValue, nvmlGpmMetric_t);
SAME_PLACE(GpmValue, result, nvmlGpmMetric_t, nvmlReturn);
SAME_PLACE(GpmValue, value, nvmlGpmMetric_t, value);
SAME_PLACE(GpmQuery, count, nvmlGpmMetricsGet_t, numMetrics);
SAME_PLACE(GpmQuery, from, nvmlGpmMetricsGet_t, sample1);
SAME_PLACE(GpmQuery, to, nvmlGpmMetricsGet_t, sample2);
SAME_PLACE(GpmQuery, values, nvmlGpmMetricsGet_t, metrics);
static_assert(sizeof(GpmQuery) >= sizeof(nvmlGpmMetricsGet_t));
static_assert(GpmQuery{}.version == 1 && NVML_GPM_METRICS_GET_VERSION == 1 &&
              GpmSupport{}.version == NVML_GPM_SUPPORT_VERSION);
static_assert(kNvmlSuccess == NVML_SUCCESS && kNvmlNotSupported == NVML_ERROR_NOT_SUPPORTED &&
              kNvmlNoPermission == NVML_ERROR_NO_PERMISSION &&
              kNvmlNotFound == NVML_ERROR_NOT_FOUND);
static_assert(int(GpmCounter::sm) == NVML_GPM_METRIC_SM_UTIL &&
              int(GpmCounter::occupancy) == NVML_GPM_METRIC_SM_OCCUPANCY &&
              int(GpmCounter::tensor) == NVML_GPM_METRIC_ANY_TENSOR_UTIL &&
              int(GpmCounter::dram) == NVML_GPM_METRIC_DRAM_BW_UTIL &&
              int(GpmCounter::fp64) == NVML_GPM_METRIC_FP64_UTIL &&
              int(GpmCounter::fp32) == NVML_GPM_METRIC_FP32_UTIL &&
              int(GpmCounter::fp16) == NVML_GPM_METRIC_FP16_UTIL);

} // namespace
} // namespace cotenant::cuda
