// A program recorded on one GPU, derived for another.
#pragma once

#include "device/gpu_spec.h"
#include "program/program.h"

namespace cotenant {

/// Derives `program` (recorded on `from`) for `to` by a wave-aware roofline: each kernel takes the
/// longest of its compute, its memory and its latency part on the target, above the launch floor.
/// The result is labelled derived. Equal GPUs return the program unchanged.
Program scale_program(const Program& program, const GpuSpec& from, const GpuSpec& to);

} // namespace cotenant
