// How much of what one op does, and with which numbers a generated kernel does as much.
#pragma once

#include <cstdint>

#include "cuda/synthetic/kernel_source.h"
#include "cuda/synthetic/work.h"
#include "device/gpu_spec.h"
#include "program/op.h"

namespace cotenant::cuda::synthetic {

/// What a recorded kernel asks of the GPU besides its place, in the units of the generated kernels.
struct Demand {
  std::uint64_t blocks = 1;
  std::uint32_t warps = 1;             ///< a block
  std::uint32_t together = 1;          ///< rows in flight a warp
  std::uint32_t row_bytes = kRowBytes; ///< fewer in blocks of less than a warp
  double read_rows = 0;                ///< a block, on average
  double write_rows = 0;
  double rounds = 0; ///< of multiply-adds, a thread
  double waves = 1;  ///< blocks that follow one another on an SM
};

/// Demand of `op` when it runs as `variant` on `gpu`. DRAM traffic is the recorded one; where none
/// was recorded, what the simulator assumes. Multiply-adds fill the recorded share of the SMs'
/// issue slots over the recorded duration.
Demand demand_of(const GpuSpec& gpu, const Op& op, const Variant& variant);

/// One number that makes a kernel longer, from nothing at all to as long as one likes.
///   dial >= 0    all that the op does, and `dial` dependent loads in every block
///   -1 ... 0     all its traffic, 1 + dial of its multiply-adds
///   -2 ... -1    2 + dial of its traffic, no multiply-adds
/// A kernel is made as long as the recorded one with time that needs no resource, if that suffices;
/// only where it is too long without, it does less than the recorded one.
inline constexpr double kLeastDial = -2;

Work work_at(const Demand& demand, double dial);

/// Bytes of DRAM traffic that the kernel asks for at `dial`.
double bytes_asked(const Demand& demand, double dial);

} // namespace cotenant::cuda::synthetic
