// One thing a job asks of a device.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"

namespace cotenant {

enum class OpKind : std::uint8_t { kernel, copy_h2d, copy_d2h, copy_d2d, memset, host, marker };

/// Part of a training iteration that an op belongs to; inference is all forward.
enum class Phase : std::uint8_t { forward, backward, update };

/// What limits a kernel when it runs alone. The values are those of Orion's profile column.
enum class Boundness : std::int8_t { unknown = -1, memory = 0, compute = 1 };

struct Dim3 {
  std::uint32_t x = 1;
  std::uint32_t y = 1;
  std::uint32_t z = 1;

  [[nodiscard]] std::uint64_t count() const { return std::uint64_t{x} * y * z; }
  bool operator==(const Dim3&) const = default;
};

/// A value that the recorder could not take (counters of a copy, say).
inline constexpr double kUnknown = -1.0;

/// One row of a program. Geometry and counters are those of the GPU that the program names.
struct Op {
  OpKind kind = OpKind::kernel;
  Phase phase = Phase::forward;
  Boundness boundness = Boundness::unknown;
  std::string name;
  Dim3 grid;                       ///< blocks
  Dim3 block;                      ///< threads
  std::uint32_t registers = 0;     ///< per thread
  std::uint32_t smem_static = 0;   ///< bytes per block
  std::uint32_t smem_dynamic = 0;  ///< bytes per block
  std::uint32_t cluster = 1;       ///< blocks per cluster
  std::uint32_t blocks_per_sm = 0; ///< occupancy that the driver reported, 0 = not recorded
  Nanos duration = 0;              ///< median, running alone
  Nanos duration_p25 = 0;
  Nanos duration_p75 = 0;
  Nanos host_gap = 0;     ///< eager framework: time between the previous launch call and this one
  std::int64_t bytes = 0; ///< moved by a copy or written by a memset
  std::int64_t dram_read_bytes = -1; ///< -1 = not recorded
  std::int64_t dram_write_bytes = -1;
  double sm_util = kUnknown;   ///< 0..1 of peak sustained SM throughput over the kernel's life
  double dram_util = kUnknown; ///< 0..1 of peak DRAM throughput over the kernel's life
  std::int64_t flop_fp32 = 0;
  std::int64_t flop_fp16 = 0;
  std::int64_t flop_fp64 = 0;
  std::int64_t flop_tensor = 0;
  std::string evidence; ///< why `boundness` is what it is

  [[nodiscard]] bool is_copy() const {
    return kind == OpKind::copy_h2d || kind == OpKind::copy_d2h || kind == OpKind::copy_d2d;
  }
};

} // namespace cotenant
