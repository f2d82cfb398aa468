// The synthetic lane: a recorded program as generated kernels, without the framework and the model
// that it was recorded from.
//
// Every kernel op becomes a launch of the same grid, block, cluster and shared memory, with as many
// registers and as many blocks on an SM as can be had, which moves as many bytes through DRAM,
// issues as much arithmetic and takes as long; copies and memsets move as many bytes. What the
// kernels compute means nothing. Tensor cores are not used: their time shows as arithmetic of the
// same share of the SMs.
#pragma once

#include "cuda/driver.h"
#include "cuda/live_program.h"
#include "cuda/synthetic/nvrtc.h"
#include "device/gpu_spec.h"
#include "program/program.h"

namespace cotenant::cuda {

struct SyntheticOptions {
  synthetic::Compiler compile = synthetic::compile_with_nvrtc;
};

/// `program` in the current context, calibrated on its GPU, which must be idle meanwhile; `gpu` says
/// what the recorded numbers mean. Takes a few seconds. The evidence says how well each kind of
/// number matches. Throws Unavailable without the run-time compiler, DeviceError, InputError for an
/// op that has no counterpart on a GPU.
LiveProgram make_synthetic(const Driver& driver, const GpuSpec& gpu, const Program& program,
                           const SyntheticOptions& options = {});

} // namespace cotenant::cuda
