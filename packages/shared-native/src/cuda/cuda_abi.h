// The parts of the CUDA driver's binary interface that the real-GPU lane uses, in our own words, so
// that nothing of CUDA is needed to build. The layouts are part of the driver's stable interface;
// test/cuda_abi_check.cpp compares them with cuda.h wherever a toolkit is installed.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cotenant::cuda {

using Result = int;
inline constexpr Result kSuccess = 0;
inline constexpr Result kNotReady = 600;
inline constexpr Result kOutOfMemory = 2;

using Device = int;
using DevicePointer = std::uint64_t;
using Context = struct OpaqueContext*;
using Module = struct OpaqueModule*;
using Function = struct OpaqueFunction*;
using Kernel = struct OpaqueKernel*;
using Stream = struct OpaqueStream*;
using Event = struct OpaqueEvent*;
using Graph = struct OpaqueGraph*;
using GraphNode = struct OpaqueGraphNode*;
using GraphExec = struct OpaqueGraphExec*;

/// CUgraphNodeType
enum class NodeType : int { kernel = 0, memcpy = 1, memset = 2, host = 3, graph = 4, empty = 5 };

/// CUlaunchAttributeID: those that a captured kernel can carry and that change how it runs.
enum class LaunchAttributeId : int {
  cooperative = 2,
  cluster_dimension = 4,
  cluster_scheduling = 5,
  priority = 8,
  mem_sync_domain_map = 9,
  mem_sync_domain = 10,
  preferred_cluster_dimension = 11,
  preferred_shared_memory_carveout = 14,
};

/// CUlaunchAttributeValue: 64 bytes, read according to the id.
union LaunchAttributeValue {
  char pad[64];
  int number;
  unsigned int dimension[3];
};

/// CUlaunchAttribute
struct LaunchAttribute {
  LaunchAttributeId id;
  char pad[4];
  LaunchAttributeValue value;
};

/// CUlaunchConfig
struct LaunchConfig {
  unsigned int grid[3];
  unsigned int block[3];
  unsigned int shared_bytes;
  Stream stream;
  LaunchAttribute* attributes;
  unsigned int attribute_count;
};

/// CUDA_KERNEL_NODE_PARAMS_v2
struct KernelNodeParams {
  Function function;
  unsigned int grid[3];
  unsigned int block[3];
  unsigned int shared_bytes;
  void** params;
  void** extra;
  Kernel kernel;
  Context context;
};

/// CUDA_MEMSET_NODE_PARAMS_v1
struct MemsetNodeParams {
  DevicePointer destination;
  std::size_t pitch;
  unsigned int value;
  unsigned int element_size;
  std::size_t width;
  std::size_t height;
};

/// CUmemorytype
enum class MemoryType : unsigned int { host = 1, device = 2, array = 3, unified = 4 };

/// CUDA_MEMCPY3D_v2
struct Memcpy3D {
  std::size_t source_x, source_y, source_z, source_lod;
  MemoryType source_type;
  const void* source_host;
  DevicePointer source_device;
  void* source_array;
  void* reserved0;
  std::size_t source_pitch, source_height;

  std::size_t target_x, target_y, target_z, target_lod;
  MemoryType target_type;
  void* target_host;
  DevicePointer target_device;
  void* target_array;
  void* reserved1;
  std::size_t target_pitch, target_height;

  std::size_t width, height, depth;
};

/// CUgraphEdgeData
struct EdgeData {
  unsigned char from_port, to_port, type, reserved[5];
};

/// CUuuid
struct Uuid {
  unsigned char bytes[16];
};

// CUfunction_attribute
inline constexpr int kFunctionSharedBytes = 1;
inline constexpr int kFunctionRegisters = 4;
inline constexpr int kFunctionMaxDynamicSharedBytes = 8;
inline constexpr int kFunctionPreferredCarveout = 9;
inline constexpr int kFunctionNonPortableClusters = 14;

// CUdevice_attribute
inline constexpr int kDeviceClockRate = 13;
inline constexpr int kDeviceMultiprocessors = 16;
inline constexpr int kDevicePciBus = 33;
inline constexpr int kDevicePciDevice = 34;
inline constexpr int kDevicePciDomain = 50;
inline constexpr int kDeviceComputeMajor = 75;
inline constexpr int kDeviceComputeMinor = 76;

// CUstream_flags, CUevent_flags
inline constexpr unsigned int kStreamNonBlocking = 1;
inline constexpr unsigned int kEventDisableTiming = 2;
inline constexpr unsigned int kEventDefault = 0;

} // namespace cotenant::cuda
