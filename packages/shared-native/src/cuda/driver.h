// The CUDA driver, loaded at run time.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "cuda/cuda_abi.h"

namespace cotenant::cuda {

/// There is no usable GPU here: no driver library, no device. Exit code 69 (unavailable).
class Unavailable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The GPU or the driver refused something while it ran. After an error inside a kernel the context
/// is lost for good, and with it the process.
class DeviceError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The functions that we call, by our names. Members are in the driver's calling convention and
/// return its result codes; call_driver() turns a failure into DeviceError. Tests fill the table
/// with functions of their own.
struct Driver {
  // Device, context
  Result (*init)(unsigned int flags) = nullptr;
  Result (*driver_version)(int* version) = nullptr;
  Result (*error_name)(Result error, const char** text) = nullptr;
  Result (*error_string)(Result error, const char** text) = nullptr;
  Result (*device_get)(Device* device, int ordinal) = nullptr;
  Result (*device_name)(char* name, int length, Device device) = nullptr;
  Result (*device_uuid)(Uuid* uuid, Device device) = nullptr;
  Result (*device_attribute)(int* value, int attribute, Device device) = nullptr;
  Result (*device_memory)(std::size_t* bytes, Device device) = nullptr;
  Result (*context_retain_primary)(Context* context, Device device) = nullptr;
  Result (*context_set_current)(Context context) = nullptr;
  Result (*context_get_current)(Context* context) = nullptr;
  Result (*context_get_device)(Device* device) = nullptr;
  Result (*context_synchronize)() = nullptr;
  Result (*context_priority_range)(int* least, int* greatest) = nullptr;

  // Streams, events
  Result (*stream_create)(Stream* stream, unsigned int flags, int priority) = nullptr;
  Result (*stream_destroy)(Stream stream) = nullptr;
  Result (*stream_synchronize)(Stream stream) = nullptr;
  Result (*event_create)(Event* event, unsigned int flags) = nullptr;
  Result (*event_destroy)(Event event) = nullptr;
  Result (*event_record)(Event event, Stream stream) = nullptr;
  Result (*event_query)(Event event) = nullptr;
  Result (*event_synchronize)(Event event) = nullptr;
  Result (*event_elapsed_ms)(float* milliseconds, Event start, Event end) = nullptr;

  // Work
  Result (*launch_kernel)(const LaunchConfig* config, Function function, void** params,
                          void** extra) = nullptr;
  Result (*memcpy_3d)(const Memcpy3D* copy, Stream stream) = nullptr;
  Result (*memcpy_async)(DevicePointer target, DevicePointer source, std::size_t bytes,
                         Stream stream) = nullptr;
  Result (*memcpy_to_device)(DevicePointer target, const void* source, std::size_t bytes) = nullptr;
  Result (*memcpy_to_host)(void* target, DevicePointer source, std::size_t bytes) = nullptr;
  Result (*memset_8)(DevicePointer target, unsigned char value, std::size_t count,
                     Stream stream) = nullptr;
  Result (*memset_16)(DevicePointer target, unsigned short value, std::size_t count,
                      Stream stream) = nullptr;
  Result (*memset_32)(DevicePointer target, unsigned int value, std::size_t count,
                      Stream stream) = nullptr;
  Result (*memset_2d_8)(DevicePointer target, std::size_t pitch, unsigned char value,
                        std::size_t width, std::size_t height, Stream stream) = nullptr;
  Result (*memset_2d_16)(DevicePointer target, std::size_t pitch, unsigned short value,
                         std::size_t width, std::size_t height, Stream stream) = nullptr;
  Result (*memset_2d_32)(DevicePointer target, std::size_t pitch, unsigned int value,
                         std::size_t width, std::size_t height, Stream stream) = nullptr;

  Result (*launch_host_function)(Stream stream, void (*function)(void*), void* data) = nullptr;

  // Memory, modules
  Result (*memory_alloc)(DevicePointer* pointer, std::size_t bytes) = nullptr;
  Result (*memory_free)(DevicePointer pointer) = nullptr;
  Result (*host_alloc)(void** pointer, std::size_t bytes, unsigned int flags) = nullptr;
  Result (*host_free)(void* pointer) = nullptr;
  Result (*module_load)(Module* module, const void* image) = nullptr;
  Result (*module_unload)(Module module) = nullptr;
  Result (*module_function)(Function* function, Module module, const char* name) = nullptr;
  Result (*function_attribute)(int* value, int attribute, Function function) = nullptr;
  Result (*function_set_attribute)(Function function, int attribute, int value) = nullptr;
  Result (*function_name)(const char** name, Function function) = nullptr;
  Result (*kernel_function)(Function* function, Kernel kernel) = nullptr;
  Result (*occupancy_blocks)(int* blocks, Function function, int threads,
                             std::size_t shared_bytes) = nullptr;

  // Graphs
  Result (*graph_nodes)(Graph graph, GraphNode* nodes, std::size_t* count) = nullptr;
  Result (*graph_edges)(Graph graph, GraphNode* from, GraphNode* to, EdgeData* data,
                        std::size_t* count) = nullptr;
  Result (*graph_node_type)(GraphNode node, NodeType* type) = nullptr;
  Result (*graph_kernel_params)(GraphNode node, KernelNodeParams* params) = nullptr;
  Result (*graph_kernel_attribute)(GraphNode node, LaunchAttributeId id,
                                   LaunchAttributeValue* value) = nullptr;
  Result (*graph_memcpy_params)(GraphNode node, Memcpy3D* params) = nullptr;
  Result (*graph_memset_params)(GraphNode node, MemsetNodeParams* params) = nullptr;
  Result (*graph_instantiate)(GraphExec* exec, Graph graph, unsigned long long flags) = nullptr;
  Result (*graph_launch)(GraphExec exec, Stream stream) = nullptr;
  Result (*graph_exec_destroy)(GraphExec exec) = nullptr;
};

/// Loads libcuda.so.1 and initialises it, once. Throws Unavailable with the reason.
const Driver& driver();

/// "cuLaunchKernelEx: CUDA_ERROR_ILLEGAL_ADDRESS (an illegal memory access was encountered)"
std::string describe(const Driver& driver, Result result, std::string_view what);

/// Throws DeviceError unless `result` is success. `what` names the call.
inline void check(const Driver& driver, Result result, std::string_view what) {
  if (result != kSuccess) {
    throw DeviceError(describe(driver, result, what));
  }
}

/// From one event to the other, both complete, on the GPU's clock (resolution half a microsecond). Throws DeviceError.
inline double elapsed_ns(const Driver& driver, Event start, Event end) {
  float milliseconds = 0;
  check(driver, driver.event_elapsed_ms(&milliseconds, start, end), "cuEventElapsedTime");
  return static_cast<double>(milliseconds) * 1e6;
}

} // namespace cotenant::cuda
