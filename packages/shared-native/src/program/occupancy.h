// How many blocks of a kernel fit on one SM, and how many SMs a kernel needs.
#pragma once

#include <cstdint>

#include "device/gpu_spec.h"
#include "program/op.h"

namespace cotenant {

/// What one block takes of an SM, rounded to allocation units.
struct BlockFootprint {
  std::uint32_t threads = 0;
  std::uint32_t registers = 0;
  std::uint32_t shared_memory = 0; ///< static + dynamic + what the system reserves
};

BlockFootprint block_footprint(const GpuSpec& gpu, const Op& op);

/// Blocks of `op` that fit on an empty SM of `gpu`, at least 1 for any launchable kernel.
/// Throws InputError if not even one fits.
std::uint32_t blocks_per_sm(const GpuSpec& gpu, const Op& op);

/// SMs that the kernel needs to be resident at once, ceil(grid / blocks per SM); unbounded above,
/// as in Orion's profile column. 0 for ops that use no SM.
std::uint32_t sm_needed(const GpuSpec& gpu, const Op& op);

/// The published artifact's arithmetic, kept for its test vectors: ceil instead of floor, static
/// shared memory only, no limit on blocks per SM (Orion's get_num_blocks.py on its V100 defaults).
std::uint32_t sm_needed_orion_2024(const Op& op);

} // namespace cotenant
