// From one GPU to another: a wave-aware roofline.
//
// What was recorded on GPU A is split by cause, and every cause is scaled by what it depends on:
//
//   T_A = floor_A + exposed + bound_A          T_B = floor_B + exposed × (clock_A / clock_B) × (waves_B / waves_A)
//                                                  + bound_B
//
//   bound    The time for which the scarcest resource is busy, from the recorded counters:
//              max(one SM's pipes, DRAM).
//            Pipes: a block keeps each pipe of its SM busy for a time that is known from the FLOPs by pipe and
//            from the recorded SM utilisation (the busiest pipe of all, also of those that do no FLOPs). The
//            SM with the most blocks decides: ceil(grid / SMs) of them. FP32 work goes at lanes × clock of
//            the target, tensor work at its tensor peak, everything else at its clock: issue slots,
//            load/store units and shared memory have had the same width per SM from Volta to Hopper.
//            DRAM: recorded bytes over achievable bandwidth.
//   floor    What an empty kernel takes (launch.empty_kernel_ns).
//   exposed  The rest: latency that other warps did not hide, once per wave. It is a number of clock cycles, hence the
//            ratio of clocks. waves = ceil(grid / (blocks per SM × SMs)) counts occupancy and the number of SMs.
//
// So a kernel that fills the GPU scales with rates, one with few blocks with the clock alone, and one
// in between with something in between. On equal GPUs T_B = T_A.
//
// L2: DRAM bytes were recorded with the L2 of A. If B's is smaller and the kernel's compulsory traffic (its inputs
// from cold caches, known from the recorded arithmetic intensity, and what it writes) is more than B's L2
// holds, its inputs cannot be waiting there: that traffic counts instead. Kernels that do no FLOPs have no
// arithmetic intensity; theirs stays as recorded and may be too low.
//
// A kernel whose block needs more shared memory than an SM of B has could not run there; a library would use a
// smaller tile. It is kept as one block per SM with all of the SM's shared memory, and its evidence says so.
//
// Copies over the link: set-up time stays, bytes go at the target's bandwidth. Copies on the device and memsets
// are kernels bound by DRAM. Host work stays as it is: nothing is known of the other host.
//
// Not modelled: L2 bandwidth, other algorithms that a library would choose on B (Winograd, other tiles), clocks that
// sink under load. README.md has the resulting errors.
#include "program/scale.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.h"
#include "program/occupancy.h"

namespace cotenant {

namespace {

constexpr double kNanosPerSecond = 1e9;

double achievable_bandwidth(const GpuSpec& gpu) {
  return gpu.memory.bandwidth * gpu.memory.achievable_fraction;
}

double clock_hz(const GpuSpec& gpu) {
  return gpu.sm.clock_mhz * 1e6;
}

// Rates of one SM, FLOP/s. Tensor work of FP32 programs is TF32; where a GPU has no such unit the
// FP32 lanes do it.
double fp32_rate(const GpuSpec& gpu) {
  return 2.0 * gpu.sm.fp32_lanes * clock_hz(gpu);
}

double tensor_rate(const GpuSpec& gpu, const std::string& precision) {
  const double peak = precision == "bf16" ? gpu.peak.bf16_flops : gpu.peak.tf32_flops;
  return peak > 0 ? peak / gpu.sm.count : fp32_rate(gpu);
}

// FLOP per byte of DRAM traffic from cold caches, as the recorder notes it ("ai=12.3>knee=…").
std::optional<double> recorded_intensity(const Op& op) {
  constexpr std::string_view kMark = "ai=";
  if (op.evidence.rfind(kMark, 0) != 0) {
    return std::nullopt;
  }
  const std::size_t end = op.evidence.find_first_not_of("0123456789.", kMark.size());
  const auto value =
      parse_number(std::string_view(op.evidence).substr(kMark.size(), end - kMark.size()));
  return value && *value > 0 ? value : std::nullopt;
}

double flops(const Op& op) {
  return static_cast<double>(op.flop_fp32) + static_cast<double>(op.flop_fp16) +
         static_cast<double>(op.flop_fp64) + static_cast<double>(op.flop_tensor);
}

std::uint64_t divide_up(std::uint64_t value, std::uint64_t by) {
  return (value + by - 1) / by;
}

std::uint64_t waves(const GpuSpec& gpu, const Op& op) {
  return std::max<std::uint64_t>(
      1, divide_up(op.grid.count(), std::uint64_t{blocks_per_sm(gpu, op)} * gpu.sm.count));
}

/// What a kernel asks of the pipes of an SM and of DRAM.
struct Demand {
  double generic_cycles = 0; ///< per block, on the busiest pipe of one SM
  double flop_fp32 = 0;      ///< per block
  double flop_tensor = 0;    ///< per block
  double read_bytes = 0;     ///< whole kernel
  double write_bytes = 0;

  // Time for which the pipes of one SM are busy with one block, seconds.
  [[nodiscard]] double block_seconds(const GpuSpec& gpu, const std::string& precision) const {
    return std::max({generic_cycles / clock_hz(gpu), flop_fp32 / fp32_rate(gpu),
                     flop_tensor / tensor_rate(gpu, precision)});
  }

  [[nodiscard]] double pipe_nanos(const GpuSpec& gpu, const Op& op,
                                  const std::string& precision) const {
    const auto blocks_on_one = static_cast<double>(divide_up(op.grid.count(), gpu.sm.count));
    return block_seconds(gpu, precision) * blocks_on_one * kNanosPerSecond;
  }

  [[nodiscard]] double dram_nanos(const GpuSpec& gpu) const {
    return (read_bytes + write_bytes) / achievable_bandwidth(gpu) * kNanosPerSecond;
  }
};

Demand kernel_demand(const GpuSpec& gpu, const Op& op) {
  // Without counters a class is all there is: its resource is taken to be busy all the time.
  const double sm = op.sm_util >= 0 ? op.sm_util : (op.boundness == Boundness::compute ? 1.0 : 0.0);
  const auto duration = static_cast<double>(op.duration);
  const auto blocks = static_cast<double>(op.grid.count());
  Demand demand;
  demand.generic_cycles = sm * duration / kNanosPerSecond * clock_hz(gpu) * gpu.sm.count / blocks;
  demand.flop_fp32 = static_cast<double>(op.flop_fp32) / blocks;
  demand.flop_tensor = static_cast<double>(op.flop_tensor) / blocks;
  if (op.dram_read_bytes >= 0 && op.dram_write_bytes >= 0) {
    demand.read_bytes = static_cast<double>(op.dram_read_bytes);
    demand.write_bytes = static_cast<double>(op.dram_write_bytes);
  } else {
    const double share = op.dram_util >= 0 ? op.dram_util / gpu.memory.achievable_fraction
                                           : (op.boundness == Boundness::memory ? 1.0 : 0.0);
    demand.read_bytes = share * achievable_bandwidth(gpu) * duration / kNanosPerSecond;
  }
  return demand;
}

void lose_l2(Demand& demand, const Op& op, const GpuSpec& from, const GpuSpec& to) {
  const auto intensity = recorded_intensity(op);
  if (!intensity || to.memory.l2_bytes >= from.memory.l2_bytes) {
    return;
  }
  const double inputs = flops(op) / *intensity;
  if (inputs + demand.write_bytes > static_cast<double>(to.memory.l2_bytes)) {
    demand.read_bytes = std::max(demand.read_bytes, inputs);
  }
}

// Makes a block that is too large for an SM of `to` the largest that fits; returns a note if it
// did.
std::string fit_block(Op& op, const GpuSpec& to) {
  std::string note;
  const std::uint32_t unit = std::max(to.sm.shared_memory_unit, 1U);
  const std::uint32_t most = (to.sm.shared_memory / unit * unit) - to.sm.shared_memory_reserved;
  const std::uint64_t asked = std::uint64_t{op.smem_static} + op.smem_dynamic;
  if (asked > most) {
    op.smem_static = std::min(op.smem_static, most);
    op.smem_dynamic = most - op.smem_static;
    note = fmt::format("smem {}>{}: as one block per SM", asked, most);
  }
  constexpr std::int64_t kFirstWithClusters = 90;
  const auto capability =
      parse_integer(std::string_view(to.architecture).substr(to.architecture.find('_') + 1));
  if (capability && *capability < kFirstWithClusters) {
    op.cluster = 1;
  }
  return note;
}

double share(double part, double whole) {
  return whole > 0 ? std::clamp(part / whole, 0.0, 1.0) : 0.0;
}

void set_duration(Op& op, double nanos) {
  const double ratio = op.duration > 0 ? nanos / static_cast<double>(op.duration) : 1.0;
  op.duration_p25 = std::llround(static_cast<double>(op.duration_p25) * ratio);
  op.duration_p75 = std::llround(static_cast<double>(op.duration_p75) * ratio);
  op.duration = std::llround(nanos);
  op.duration_p25 = std::min(op.duration_p25, op.duration);
  op.duration_p75 = std::max(op.duration_p75, op.duration);
}

// T_B from T_A and the two bounds. A recorded bound beyond the recorded time (counters and
// durations come from different runs) is a fault of the scale of both bounds, so both shrink alike.
double scaled_nanos(double recorded, double bound_from, double bound_to, const GpuSpec& from,
                    const GpuSpec& to, double waves_ratio) {
  if (bound_from > recorded) {
    bound_to *= recorded / bound_from;
    bound_from = recorded;
  }
  const auto floor_from = static_cast<double>(from.launch.empty_kernel);
  const auto floor_to = static_cast<double>(to.launch.empty_kernel);
  const double rest = recorded - bound_from;
  const double floor = std::min(rest, floor_from);
  const double floor_ratio = floor_from > 0 ? floor_to / floor_from : 1.0;
  return floor * floor_ratio + (rest - floor) * from.sm.clock_mhz / to.sm.clock_mhz * waves_ratio +
         bound_to;
}

// The recorder's roofline test with the target's knee; without an arithmetic intensity, its
// utilisation test. Kernels without counters keep their class.
void classify(Op& op, const GpuSpec& to, const std::string& precision) {
  constexpr double kThreshold = 0.60;
  const double seconds_at_peak =
      (static_cast<double>(op.flop_fp32) / fp32_rate(to) +
       static_cast<double>(op.flop_fp16) / (2 * fp32_rate(to)) +
       static_cast<double>(op.flop_fp64) / (0.5 * fp32_rate(to)) +
       static_cast<double>(op.flop_tensor) / tensor_rate(to, precision)) /
      to.sm.count;
  if (const auto intensity = recorded_intensity(op); intensity && seconds_at_peak > 0) {
    const double knee = flops(op) / seconds_at_peak / to.memory.bandwidth;
    op.boundness = *intensity > knee ? Boundness::compute : Boundness::memory;
    op.evidence =
        fmt::format("ai={:.2f}{}knee={:.2f}", *intensity, *intensity > knee ? ">" : "<=", knee);
  } else if (op.sm_util >= 0 && op.dram_util >= 0) {
    op.boundness = op.sm_util >= kThreshold     ? Boundness::compute
                   : op.dram_util >= kThreshold ? Boundness::memory
                                                : Boundness::unknown;
    op.evidence =
        fmt::format("sm={:.2f} dram={:.2f} of {:.2f}", op.sm_util, op.dram_util, kThreshold);
  }
}

void scale_kernel(Op& op, const GpuSpec& from, const GpuSpec& to, const std::string& precision) {
  const std::uint64_t waves_from = waves(from, op);
  const bool counted = op.sm_util >= 0 && op.dram_util >= 0;
  Demand demand = kernel_demand(from, op);
  const double bound_from =
      std::max(demand.pipe_nanos(from, op, precision), demand.dram_nanos(from));
  lose_l2(demand, op, from, to);
  const std::string note = fit_block(op, to);
  const double bound_to = std::max(demand.pipe_nanos(to, op, precision), demand.dram_nanos(to));
  const double waves_ratio = static_cast<double>(waves(to, op)) / static_cast<double>(waves_from);
  set_duration(op, scaled_nanos(static_cast<double>(op.duration), bound_from, bound_to, from, to,
                                waves_ratio));
  op.blocks_per_sm = blocks_per_sm(to, op);
  if (op.dram_read_bytes >= 0) {
    op.dram_read_bytes = std::llround(demand.read_bytes);
  }
  if (counted) {
    const double seconds = static_cast<double>(op.duration) / kNanosPerSecond;
    op.sm_util = share(demand.block_seconds(to, precision) * static_cast<double>(op.grid.count()),
                       seconds * to.sm.count);
    op.dram_util = share(demand.read_bytes + demand.write_bytes, seconds * to.memory.bandwidth);
  }
  classify(op, to, precision);
  if (!note.empty()) {
    op.evidence += (op.evidence.empty() ? "" : "; ") + note;
  }
}

void scale_link_copy(Op& op, double bandwidth_from, double bandwidth_to) {
  const double moving = std::min(static_cast<double>(op.duration),
                                 static_cast<double>(op.bytes) / bandwidth_from * kNanosPerSecond);
  set_duration(op,
               static_cast<double>(op.duration) - moving + moving * bandwidth_from / bandwidth_to);
}

void scale_device_copy(Op& op, const GpuSpec& from, const GpuSpec& to) {
  Demand demand;
  demand.write_bytes = static_cast<double>(op.bytes);
  demand.read_bytes = op.kind == OpKind::copy_d2d ? static_cast<double>(op.bytes) : 0.0;
  set_duration(op, scaled_nanos(static_cast<double>(op.duration), demand.dram_nanos(from),
                                demand.dram_nanos(to), from, to, 1.0));
}

std::string derived_header(const Program& program, const std::string& from) {
  using Json = nlohmann::ordered_json;
  Json header = program.header_json.empty() ? Json::object() : Json::parse(program.header_json);
  Json origin = Json::object();
  origin["gpu"] = from;
  origin["method"] = "wave-aware roofline 1";
  origin["solo"] = header.contains("solo") ? header["solo"] : Json::object();
  // What was measured on the other GPU must not look as if it had been measured on this one.
  header["solo"] = Json::object();
  if (!header["provenance"].is_object()) {
    header["provenance"] = Json::object();
  }
  header["provenance"]["derived_from"] = std::move(origin);
  return header.dump(-1, ' ', false, Json::error_handler_t::replace);
}

} // namespace

Program scale_program(const Program& program, const GpuSpec& from, const GpuSpec& to) {
  if (from.id == to.id) {
    return program;
  }
  Program out = program;
  for (Op& op : out.ops) {
    switch (op.kind) {
    case OpKind::kernel:
      scale_kernel(op, from, to, program.precision);
      break;
    case OpKind::copy_h2d:
      scale_link_copy(op, from.link.h2d_bandwidth, to.link.h2d_bandwidth);
      break;
    case OpKind::copy_d2h:
      scale_link_copy(op, from.link.d2h_bandwidth, to.link.d2h_bandwidth);
      break;
    case OpKind::copy_d2d:
    case OpKind::memset:
      scale_device_copy(op, from, to);
      break;
    case OpKind::host:
    case OpKind::marker:
      break;
    }
  }
  out.gpu = to.id;
  out.label = Label::derived;
  out.solo_latency = 0;
  out.solo_busy = 0;
  out.dependent_gap = to.launch.dependent_gap;
  out.header_json = derived_header(program, from.id);
  return out;
}

} // namespace cotenant
