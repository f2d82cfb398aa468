// Programs made up for benchmarks of preemption: kernels of one length that hold whole SMs.
#pragma once

#include <cstdint>
#include <string>

#include "device/gpu_spec.h"
#include "program/program.h"

namespace cotenant {

/// The kernel that a spin program repeats. As it is by default, one block takes all registers of an
/// SM of a data-centre GPU: while it runs, no other kernel gets onto that SM.
struct SpinKernel {
  Nanos duration = 100 * kMicrosecond;
  std::uint32_t blocks = 0; ///< 0: one a SM
  std::uint32_t threads = 1024;
  std::uint32_t registers = 64;
};

/// A program of `ops` such kernels for `gpu`, labelled `derived`: nobody recorded it. Throws
/// InputError if a block does not fit on an SM or a value is out of range.
Program spin_program(const GpuSpec& gpu, const SpinKernel& kernel, std::uint32_t ops,
                     const std::string& name = "");

} // namespace cotenant
