// A program that can be launched: the recorded ops with what the driver needs to run each.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cuda/cuda_abi.h"
#include "program/op.h"

namespace cotenant::cuda {

/// One op as the driver takes it. Which members count follows from `kind`.
struct LiveOp {
  OpKind kind = OpKind::kernel;
  std::string name; ///< for messages and for binding to the recorded op

  // kernel
  Function function = nullptr;
  Dim3 grid;
  Dim3 block;
  unsigned int shared_bytes = 0;
  // Arguments: one pointer each, or (as some libraries pass them) a packed buffer. The memory is
  // the captured graph's, or `keeper`'s of the program.
  void** params = nullptr;
  void** extra = nullptr;
  std::vector<LaunchAttribute> attributes;

  Memcpy3D copy{};         ///< copy_*
  MemsetNodeParams fill{}; ///< memset
};

/// All ops of one request, in launch order. Belongs to the context that was current when it was
/// made, and is launched only while that one is current.
struct LiveProgram {
  std::string id;               ///< as plans name it, e.g. h200/resnet50-inference-b4-fp32
  bool synthetic = false;       ///< generated kernels in place of the model's own
  std::vector<LiveOp> ops;      ///< the same number and order as the recorded program's
  std::string evidence;         ///< JSON: how well synthetic kernels match; empty for live ones
  Graph graph = nullptr;        ///< the captured graph that ops point into; null for synthetic ones
  std::shared_ptr<void> keeper; ///< frees what params and buffers point to
};

} // namespace cotenant::cuda
