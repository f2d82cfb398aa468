#include "cuda/driver.h"

#include <dlfcn.h>
#include <fmt/format.h>

namespace cotenant::cuda {
namespace {

/// Fills one entry of the table. The driver's functions are found under their versioned names.
template <typename F> void resolve(void* library, const char* name, F*& entry) {
  void* const symbol = dlsym(library, name);
  if (symbol == nullptr) {
    throw Unavailable(fmt::format(
        "libcuda.so.1 has no {}; expected the driver of CUDA 12.3 or later (545 and up)", name));
  }
  entry = reinterpret_cast<F*>(symbol);
}

Driver load() {
  void* const library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL);
  if (library == nullptr) {
    throw Unavailable(fmt::format("no CUDA driver here: {}", dlerror()));
  }
  Driver d;
  resolve(library, "cuInit", d.init);
  resolve(library, "cuDriverGetVersion", d.driver_version);
  resolve(library, "cuGetErrorName", d.error_name);
  resolve(library, "cuGetErrorString", d.error_string);
  resolve(library, "cuDeviceGet", d.device_get);
  resolve(library, "cuDeviceGetName", d.device_name);
  resolve(library, "cuDeviceGetUuid_v2", d.device_uuid);
  resolve(library, "cuDeviceGetAttribute", d.device_attribute);
  resolve(library, "cuDeviceTotalMem_v2", d.device_memory);
  resolve(library, "cuDevicePrimaryCtxRetain", d.context_retain_primary);
  resolve(library, "cuCtxSetCurrent", d.context_set_current);
  resolve(library, "cuCtxGetCurrent", d.context_get_current);
  resolve(library, "cuCtxGetDevice", d.context_get_device);
  resolve(library, "cuCtxSynchronize", d.context_synchronize);
  resolve(library, "cuCtxGetStreamPriorityRange", d.context_priority_range);
  resolve(library, "cuStreamCreateWithPriority", d.stream_create);
  resolve(library, "cuStreamDestroy_v2", d.stream_destroy);
  resolve(library, "cuStreamSynchronize", d.stream_synchronize);
  resolve(library, "cuEventCreate", d.event_create);
  resolve(library, "cuEventDestroy_v2", d.event_destroy);
  resolve(library, "cuEventRecord", d.event_record);
  resolve(library, "cuEventQuery", d.event_query);
  resolve(library, "cuEventSynchronize", d.event_synchronize);
  resolve(library, "cuEventElapsedTime", d.event_elapsed_ms);
  resolve(library, "cuLaunchKernelEx", d.launch_kernel);
  resolve(library, "cuMemcpy3DAsync_v2", d.memcpy_3d);
  resolve(library, "cuMemcpyAsync", d.memcpy_async);
  resolve(library, "cuMemcpyHtoD_v2", d.memcpy_to_device);
  resolve(library, "cuMemcpyDtoH_v2", d.memcpy_to_host);
  resolve(library, "cuMemsetD8Async", d.memset_8);
  resolve(library, "cuMemsetD16Async", d.memset_16);
  resolve(library, "cuMemsetD32Async", d.memset_32);
  resolve(library, "cuMemsetD2D8Async", d.memset_2d_8);
  resolve(library, "cuMemsetD2D16Async", d.memset_2d_16);
  resolve(library, "cuMemsetD2D32Async", d.memset_2d_32);
  resolve(library, "cuLaunchHostFunc", d.launch_host_function);
  resolve(library, "cuMemAlloc_v2", d.memory_alloc);
  resolve(library, "cuMemFree_v2", d.memory_free);
  resolve(library, "cuMemHostAlloc", d.host_alloc);
  resolve(library, "cuMemFreeHost", d.host_free);
  resolve(library, "cuModuleLoadData", d.module_load);
  resolve(library, "cuModuleUnload", d.module_unload);
  resolve(library, "cuModuleGetFunction", d.module_function);
  resolve(library, "cuFuncGetAttribute", d.function_attribute);
  resolve(library, "cuFuncSetAttribute", d.function_set_attribute);
  resolve(library, "cuFuncGetName", d.function_name);
  resolve(library, "cuKernelGetFunction", d.kernel_function);
  resolve(library, "cuOccupancyMaxActiveBlocksPerMultiprocessor", d.occupancy_blocks);
  resolve(library, "cuGraphGetNodes", d.graph_nodes);
  resolve(library, "cuGraphGetEdges_v2", d.graph_edges);
  resolve(library, "cuGraphNodeGetType", d.graph_node_type);
  resolve(library, "cuGraphKernelNodeGetParams_v2", d.graph_kernel_params);
  resolve(library, "cuGraphKernelNodeGetAttribute", d.graph_kernel_attribute);
  resolve(library, "cuGraphMemcpyNodeGetParams", d.graph_memcpy_params);
  resolve(library, "cuGraphMemsetNodeGetParams", d.graph_memset_params);
  resolve(library, "cuGraphInstantiateWithFlags", d.graph_instantiate);
  resolve(library, "cuGraphLaunch", d.graph_launch);
  resolve(library, "cuGraphExecDestroy", d.graph_exec_destroy);
  const Result result = d.init(0);
  if (result != kSuccess) {
    throw Unavailable(describe(d, result, "no usable GPU: cuInit"));
  }
  return d;
}

} // namespace

const Driver& driver() {
  static const Driver loaded = load();
  return loaded;
}

std::string describe(const Driver& driver, Result result, std::string_view what) {
  const char* name = nullptr;
  const char* text = nullptr;
  if (driver.error_name != nullptr) {
    driver.error_name(result, &name);
  }
  if (driver.error_string != nullptr) {
    driver.error_string(result, &text);
  }
  return fmt::format("{}: {}{}", what, name != nullptr ? name : fmt::format("error {}", result),
                     text != nullptr ? fmt::format(" ({})", text) : "");
}

} // namespace cotenant::cuda
