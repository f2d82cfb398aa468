// Generated kernels, compiled and loaded.
#pragma once

#include <span>
#include <vector>

#include "cuda/driver.h"
#include "cuda/synthetic/kernel_source.h"
#include "cuda/synthetic/nvrtc.h"
#include "cuda/synthetic/stopwatch.h"
#include "program/op.h"

namespace cotenant::cuda::synthetic {

struct CompiledKernel {
  Variant variant;
  Function function = nullptr;
  std::uint32_t registers = 0; ///< a thread, as compiled
};

/// A kernel and how many of its blocks fit on an SM when launched as an op is.
struct KernelChoice {
  const CompiledKernel* kernel = nullptr;
  std::uint32_t blocks_per_sm = 0; ///< as the driver says
};

class Kernels {
 public:
  /// Compiles all that `ops` need, in one translation unit, for the current context's device.
  Kernels(const Driver& driver, std::span<const Op> ops, const Compiler& compile);
  ~Kernels();
  Kernels(const Kernels&) = delete;
  Kernels& operator=(const Kernels&) = delete;

  /// Of the kernels with the op's static shared memory, the one with the nearest number of registers
  /// among those whose occupancy is the recorded one, or among all if none has it.
  [[nodiscard]] KernelChoice choose(const Op& op) const;

  [[nodiscard]] const HelperKernels& helpers() const { return helpers_; }
  [[nodiscard]] std::size_t count() const { return kernels_.size(); }

 private:
  Function function(const char* name) const;

  const Driver& driver_;
  Module module_ = nullptr;
  HelperKernels helpers_;
  std::vector<CompiledKernel> kernels_; ///< sorted by variant
};

} // namespace cotenant::cuda::synthetic
