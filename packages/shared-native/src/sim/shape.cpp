// From a recorded op to what the SMs see of it.
#include <algorithm>
#include <limits>

#include "base/portable_math.h"
#include "program/occupancy.h"
#include "sim/contention.h"
#include "sim/engine.h"
#include "sim/ticks.h"

namespace cotenant {

namespace {

/// Shares of the GPU that a kernel uses over its life, 0..1.
struct Utilisation {
  double sm = 0;
  double dram = 0;
};

/// For kernels without counters (imported ones, mostly): Orion's classes as numbers. Two kernels of
/// one class then ask for about twice what there is, two of opposite classes for about what there
/// is, and an unknown one disturbs little. An imported program is labelled as such wherever it is
/// shown.
Utilisation assumed(Boundness boundness) {
  switch (boundness) {
  case Boundness::compute:
    return {.sm = 0.60, .dram = 0.20};
  case Boundness::memory:
    return {.sm = 0.15, .dram = 0.80};
  case Boundness::unknown:
    break;
  }
  return {.sm = 0.30, .dram = 0.30};
}

/// Bandwidth that the memory can deliver, bytes per second.
double achievable_bandwidth(const GpuSpec& gpu) {
  return gpu.memory.bandwidth * gpu.memory.achievable_fraction;
}

Utilisation utilisation(const GpuSpec& gpu, const Op& op) {
  Utilisation use = assumed(op.boundness);
  if (op.sm_util >= 0) {
    use.sm = std::min(op.sm_util, 1.0);
  }
  // Counters give shares of the data sheet's bandwidth, of which no kernel obtains everything: what
  // is shared is what can be had.
  if (op.dram_util >= 0) {
    use.dram = op.dram_util / gpu.memory.achievable_fraction;
  } else if (op.dram_read_bytes >= 0 && op.dram_write_bytes >= 0 && op.duration > 0) {
    const auto bytes = static_cast<double>(op.dram_read_bytes + op.dram_write_bytes);
    use.dram = bytes / (static_cast<double>(op.duration) * 1e-9 * achievable_bandwidth(gpu));
  }
  use.dram = std::min(use.dram, 1.0);
  return use;
}

/// The split that the driver chooses for a kernel without a preference: the smallest step with room
/// for all the blocks that threads, registers and block slots allow, else the largest. Inferred
/// from launches on an H200 (shape_test.cpp has the observations).
std::uint32_t split_request(const GpuSpec& gpu, const BlockFootprint& block, std::uint32_t slots) {
  const std::uint64_t wanted = std::uint64_t{block.shared_memory} * slots;
  for (const std::uint32_t step : gpu.sm.shared_memory_splits) {
    if (step >= wanted) {
      return step;
    }
  }
  return gpu.sm.shared_memory;
}

/// The split that a preference of `percent` gets: the smallest step that is at least so much of the
/// largest, and has room for one block.
std::uint32_t preferred_split(const GpuSpec& gpu, const BlockFootprint& block, int percent) {
  const std::uint64_t preferred =
      std::uint64_t{gpu.sm.shared_memory} * static_cast<std::uint64_t>(percent);
  for (const std::uint32_t step : gpu.sm.shared_memory_splits) {
    if (std::uint64_t{step} * 100 >= preferred && step >= block.shared_memory) {
      return step;
    }
  }
  return gpu.sm.shared_memory;
}

/// Blocks per SM if shared memory were plentiful.
std::uint32_t slots_without_shared_memory(const GpuSpec& gpu, const BlockFootprint& block) {
  std::uint32_t slots = std::min(gpu.sm.blocks, gpu.sm.threads / block.threads);
  if (block.registers > 0) {
    slots = std::min(slots, gpu.sm.registers / block.registers);
  }
  return slots;
}

/// What a kernel's warps want of the issue slots of an SM.
struct IssueDemand {
  double block = 0; ///< one block, of all schedulers
  double extra = 0;
  double alone = 1;
};

/// `used`: share of an SM's issue slots that one of `blocks` blocks on it got when the kernel ran alone.
///
/// A counter says what warps got, not what they wanted: those of a kernel that keeps an SM busy wait for
/// each other. Taken as independent, each ready in a share p of the cycles, W warps of a scheduler
/// keep it busy for 1 − (1 − p)^W. This gives p, and W × p is what they want: up to several times what there is.
/// What that means for warps of one code was measured (gpus/calibration/h200-sharing.json, pairs): a computing kernel of 2
/// warps a scheduler takes 1.23, 2.19 and 4.12 times as long beside 1, 4 and 8 warps of its own kind, so that
/// slots are shared in proportion to what is wanted. Of two codes, the warps that were there first go first
/// (h200-tiles.json): sim/contention.h, issue_beside.
IssueDemand issue_demand(double used, std::uint32_t blocks, std::uint32_t warps_per_block) {
  constexpr double schedulers = 4; // of an SM, since Volta
  const double warps = static_cast<double>(blocks) * warps_per_block;
  const double crowding = std::max(1.0, schedulers / warps);
  const double warps_per_scheduler = std::max(1.0, warps / schedulers);
  const double busy = std::min(used * blocks * crowding, kMostBusy);
  const double ready = 1 - portable_exp(portable_log(1 - busy) / warps_per_scheduler);
  const double wanted = warps_per_scheduler * ready; // on the schedulers that have its warps
  IssueDemand demand;
  demand.block = round_share(wanted / crowding / blocks);
  demand.extra = round_share(wanted - wanted / crowding);
  demand.alone = std::max(1.0, demand.block * blocks + demand.extra);
  return demand;
}

/// What a thread has in flight at most, bytes: as much as in the elementwise kernels that were measured
/// (gpus/calibration/h200-streams.json, add: two vectors of each of two operands, and of the result), which have all that
/// they move in flight at once. A kernel that loops goes over its bytes in rounds.
constexpr double kBytesInFlight = 96;

/// What a block of `threads` can have in flight, ns that moving it takes. `bytes_ns`: of all that the block moves.
double block_in_flight(const GpuSpec& gpu, const Op& op, double bytes_ns, std::uint32_t threads) {
  const double most_ns = threads * kBytesInFlight / achievable_bandwidth(gpu) * 1e9;
  double loads = 0.5; // of the bytes, if that is not known
  if (const auto bytes = static_cast<double>(op.dram_read_bytes + op.dram_write_bytes);
      op.dram_read_bytes >= 0 && op.dram_write_bytes >= 0 && bytes > 0) {
    loads = static_cast<double>(op.dram_read_bytes) / bytes;
  }
  const GpuSpec::Contention& contention = gpu.contention;
  return std::min(bytes_ns, most_ns) *
         (loads * contention.dram_loads_in_flight + (1 - loads) * contention.dram_stores_in_flight);
}

/// What a kernel alone may ask of DRAM: so much less than 1 that rounding a faster last wave's shares takes nothing from it.
constexpr double kAllBandwidth = 1 - 0x1p-20;

/// How long a kernel lasts alone, in times of a block in its full waves: one a wave, but for the last, whose blocks are
/// as much quicker as fewer of them share an SM's issue slots. How much they want follows from the use of
/// one block (`demand_if`), and that from how long the kernel lasts: found by bisection.
template <typename DemandIf>
double life_in_blocks(const KernelShape& shape, std::uint64_t slots, std::uint32_t sms,
                      const DemandIf& demand_if) {
  const double full = shape.waves - 1;
  const std::uint64_t last = shape.blocks - (shape.waves - 1) * slots;
  const auto most_in_last = static_cast<double>((last - 1) / sms + 1);
  const auto last_wave = [&](double lasts) {
    const IssueDemand demand = demand_if(lasts);
    return 1 / issue_rate(demand.block * most_in_last, demand.extra, demand.alone);
  };
  // The longer the last wave, the more its blocks want, and the quicker they are in it.
  double low = full;
  double high = full + 1;
  if (last_wave(high) == 1) {
    return high; // most kernels: nothing is short, or the last wave is as crowded as the others
  }
  for (int halving = 0; halving < 48; ++halving) {
    const double middle = (low + high) / 2;
    (full + last_wave(middle) > middle ? low : high) = middle;
  }
  return full + last_wave(high);
}

/// Blocks of a kernel of one wave, each counted by how fast it runs: where an SM has fewer than others, they are quicker.
double first_wave_blocks(std::uint32_t blocks, std::uint32_t sms, const IssueDemand& demand) {
  const auto on_each = [&](std::uint32_t each) {
    return each * issue_rate(demand.block * each, demand.extra, demand.alone);
  };
  const std::uint32_t more = blocks % sms;
  return more * on_each(blocks / sms + 1) + (sms - more) * on_each(blocks / sms);
}

/// Of one block at full speed. With more than one wave, less by what rounding up the last one's end to a tick takes.
double block_time(Nanos duration, double lasts) {
  constexpr double tick = 1.0 / static_cast<double>(kTicksPerNano);
  const double whole = static_cast<double>(duration);
  return lasts > 1 ? std::max((whole - 2 * tick) / lasts, tick) : whole;
}

} // namespace

KernelShape kernel_shape(const GpuSpec& gpu, const Op& op, std::optional<int> carveout) {
  const BlockFootprint block = block_footprint(gpu, op);
  const std::uint32_t sms = gpu.sm.count;

  KernelShape shape;
  shape.blocks = static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(op.grid.count(), 1, std::numeric_limits<std::uint32_t>::max()));
  shape.threads = block.threads;
  shape.registers = block.registers;
  shape.shared_memory = block.shared_memory;

  shape.slots_per_sm = blocks_per_sm(gpu, op);
  if (carveout) {
    shape.split = preferred_split(gpu, block, *carveout);
    if (block.shared_memory > 0) {
      shape.slots_per_sm = std::min(shape.slots_per_sm, shape.split / block.shared_memory);
    }
  } else {
    shape.split = split_request(gpu, block, slots_without_shared_memory(gpu, block));
  }

  const std::uint64_t slots = std::uint64_t{shape.slots_per_sm} * sms;
  shape.waves = static_cast<std::uint32_t>((shape.blocks + slots - 1) / slots);
  shape.duration = std::max<Nanos>(op.duration, 1);

  // A kernel keeps `blocks` blocks busy for block_ns each in a life of `lasts` × block_ns: its average use is the use
  // of one block × blocks / lasts. The limits say that recorded times already include what a kernel's blocks do to each
  // other.
  const Utilisation use = utilisation(gpu, op);
  const std::uint32_t most_on_one_sm = std::min(shape.slots_per_sm, (shape.blocks - 1) / sms + 1);
  const auto demand_if = [&](double lasts) {
    return issue_demand(use.sm * sms * lasts / shape.blocks, most_on_one_sm, block.threads / 32);
  };
  const double lasts = life_in_blocks(shape, slots, sms, demand_if);
  const IssueDemand demand = demand_if(lasts);
  const double blocks_at_once = shape.blocks / lasts;
  const double most =
      shape.waves > 1 ? static_cast<double>(slots) : first_wave_blocks(shape.blocks, sms, demand);
  shape.block_ns = block_time(shape.duration, lasts);
  shape.issue = demand.block;
  shape.issue_extra = demand.extra;
  shape.issue_alone = demand.alone;
  shape.dram = floor_share(std::min(use.dram / blocks_at_once, kAllBandwidth / most));
  shape.in_flight = block_in_flight(
      gpu, op, use.dram * static_cast<double>(shape.duration) / shape.blocks, shape.threads);
  shape.alone = shape.loads_alone(gpu);
  shape.compute = use.sm / blocks_at_once;
  shape.issue_used = shape.compute * sms;
  shape.waiting = 1 - std::min(1.0, std::max(shape.issue_used * most_on_one_sm, use.dram));
  return shape;
}

} // namespace cotenant
