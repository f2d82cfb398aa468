// Recorded programs as generated kernels: for machines with a GPU but without the model's framework.
#pragma once

#include "cuda/driver.h"
#include "cuda/live_program.h"
#include "device/gpu_spec.h"
#include "program/program.h"

namespace cotenant::cuda {

/// Kernels of the same geometry, resources, duration and mix of work as `program`'s, calibrated on
/// the GPU of the current context. Throws Unavailable where kernels cannot be compiled, DeviceError.
LiveProgram make_synthetic(const Driver& driver, const GpuSpec& gpu, const Program& program);

} // namespace cotenant::cuda
