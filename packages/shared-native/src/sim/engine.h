// The simulated SMs: kernels in, completion times out.
//
// An engine runs the kernels that are at the front of their streams. It knows blocks, SM slots, the split of an
// SM's memory, DRAM and issue bandwidth; it knows nothing of hosts, streams' queues or schedulers.
// Two engines implement it:
//   BlockEngine  every block on every SM, one event a block: the oracle, slow and plain
//   WaveEngine   groups of SMs in the same state, a few events a kernel: the one that runs
//
// The model, the same for both; they agree to the tick (sim/ticks.h), which the property tests assert:
//   Placement    Kernels with pending blocks are served by stream priority, then in order of start, whatever context
//                they are of: so do kernels of MPS clients on an H200 (gpus/calibration/h200-sharing.json: beside a
//                client that fills the GPU, a small kernel waits 1.6 ms for its 2 ms kernel, whether its blocks last
//                20 or 500 us; of two that both have blocks waiting, one gets all starts). The next block goes to the
//                SM with the fewest resident threads among those where it fits (the lowest index on a tie). A
//                block fits if threads, registers, block slots and shared memory suffice and the SM's split is at
//                least the kernel's `split`. An SM without blocks takes the split of the first block it gets and
//                keeps it until it has none again. A kernel whose next block fits nowhere keeps those behind it
//                waiting; one that may only go to some SMs (LaunchPart) keeps waiting those that share one with it,
//                and no others. Resident blocks are never evicted, but a kernel may be killed with all its blocks.
//                Freed space is filled at the instant it is freed.
//   Duration     A block in a full wave of its kernel alone takes block_ns, in ticks, rounded down. A kernel that runs
//                alone thus takes exactly `duration` (to the nanosecond up to 16000 waves).
//   Drift        Blocks that do the same work do not end together (sim/drift.h): SMs are of eight classes, of which some are ahead
//                and some behind. A kernel that has the GPU to itself is as long as was recorded, and its waves stay in step. When
//                another starts with two of its waves or more to come, its resident blocks move apart, each once; where one
//                thus would have ended already, the next runs in its place. A kernel of three waves or more that starts
//                beside others moves apart with the blocks of its first wave.
//   Issue        On one SM the `issue` shares that a kernel's resident blocks want add up. Above 1 they share the slots
//                in proportion. A block's recorded speed includes what its own kernel's blocks did to each other, so
//                it runs at max(1, sum alone) / max(1, sum): more quickly where fewer of its own are resident, as in a last wave
//                that does not fill the SMs. Beside other kernels it runs more slowly, most beside blocks that began earlier,
//                and less beside those that began later (sim/contention.h, issue_beside).
//   DRAM         The `dram` shares of all running blocks (scaled by their issue rate) add up over the GPU. Above 1
//                the bandwidth is shared max-min fairly: no block gets more than it asks, those that ask more than
//                the fair share get the fair share. Besides, latency (load_latency): beside kernels that use DRAM, blocks
//                run more slowly by as much as a load takes longer than when their kernel is alone.
//   Rate         rate = min(issue rate, DRAM share) × latency factor; a block's remaining work falls at that rate.
//                Rates change only when a block starts or ends. A block is remembered by its finish time, which
//                moves when its rate changes, rounded up to a tick; a kernel's end rounds up to the nanosecond.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "base/time.h"
#include "device/gpu_spec.h"
#include "program/op.h"
#include "sim/contention.h"

namespace cotenant {

/// What a kernel's loads from DRAM are like when it runs alone.
struct LoadsAlone {
  double in_flight = 0; ///< for each share of the bandwidth that it obtains, ns
  double load_ns = 0;   ///< what one takes
};

/// A kernel as the SMs see it, precomputed once per op and GPU.
struct KernelShape {
  std::uint32_t blocks = 1;        ///< in the grid
  std::uint32_t threads = 32;      ///< per block, whole warps
  std::uint32_t registers = 0;     ///< per block, as allocated
  std::uint32_t shared_memory = 0; ///< bytes per block, reserve included
  std::uint32_t split = 0; ///< bytes of shared memory that the kernel asks an SM to set aside
  std::uint32_t slots_per_sm = 1; ///< blocks that fit on an empty SM
  std::uint32_t waves = 1;        ///< ceil(blocks / (slots_per_sm × SMs))
  Nanos duration = 0;             ///< of the whole kernel, alone
  double block_ns = 0;            ///< of one block of a full wave, alone
  double issue = 0;               ///< share of an SM's issue slots that one resident block wants
  /// What its own warps want besides where they are: few warps do not reach all of an SM's schedulers
  /// and crowd those that they are on.
  double issue_extra = 0;
  /// What is wanted, on the schedulers that have its warps, when it runs alone; at least 1.
  double issue_alone = 1;
  /// Share of an SM's issue slots that one block of a full wave uses when the kernel runs alone.
  double issue_used = 0;
  double dram = 0; ///< share of the GPU's DRAM bandwidth that one running block uses, 0..1
  /// What one of its blocks can have in flight to and from DRAM, ns that moving it takes at full bandwidth.
  double in_flight = 0;
  LoadsAlone alone = {}; ///< loads_alone(), of the GPU that it is for
  /// Part of a block's time, alone, in which it waits for memory.
  double waiting = 1;
  /// Share of the GPU's compute throughput (the counter sm_util) that one block uses when the kernel runs alone: for
  /// counters; what is decided takes issue_used, the same of an SM.
  double compute = 0;

  /// Blocks that run at a time, averaged over the life of the kernel alone, each counted by how fast it runs.
  [[nodiscard]] double blocks_at_once() const {
    return blocks * block_ns / static_cast<double>(duration);
  }

  /// What it has in flight when it has `sms` SMs to itself, ns.
  [[nodiscard]] double in_flight_alone(const GpuSpec::Contention& contention,
                                       std::uint32_t sms) const {
    const double at_once = most_at_once(sms);
    return cotenant::in_flight_alone(contention, dram * at_once, in_flight * at_once);
  }

  [[nodiscard]] LoadsAlone loads_alone(const GpuSpec& gpu) const {
    const double all = in_flight_alone(gpu.contention, gpu.sm.count);
    return {.in_flight = all > 0 ? all / (dram * most_at_once(gpu.sm.count)) : 0,
            .load_ns = load_latency(gpu.contention, all)};
  }

  /// Blocks that run at a time, at most, when it has `sms` SMs to itself.
  [[nodiscard]] double most_at_once(std::uint32_t sms) const {
    return static_cast<double>(std::min<std::uint64_t>(blocks, std::uint64_t{slots_per_sm} * sms));
  }

  // INVARIANT: `issue` and `dram` are multiples of 2^-40 (sim/ticks.h). The kernel alone never asks for
  // more than 1 of DRAM, and no SM for more than `issue_alone` of its issue slots. Just
  // `slots_per_sm` blocks fit on an SM whose split is `split` or more.
};

/// Shape of `op` on `gpu`, launched with that carve-out preference if any. See shape.cpp for how demands follow from the recorded counters.
KernelShape kernel_shape(const GpuSpec& gpu, const Op& op, std::optional<int> carveout = {});

/// Use of the SMs and of DRAM; divide by duration (and SM count) for shares.
struct EngineCounters {
  double sm_busy_ns = 0; ///< Σ over SMs of time with at least one resident block
  double dram_busy_ns =
      0; ///< time that DRAM at full bandwidth needs for the kernels that have ended; of one that
         ///< was killed, for the blocks that had
  std::uint64_t events = 0;
  // Only while watched (Engine::watch_use). A block uses compute throughput and bandwidth in proportion to how fast its
  // work falls, so that a kernel's use is the same however long it takes.
  double thread_ns = 0;  ///< Σ over resident threads of their time
  double compute_ns = 0; ///< time that the GPU's whole compute throughput needs for what was done
  double dram_ns = 0;    ///< the same of its bandwidth; unlike dram_busy_ns, of what runs as well
};

/// What of a kernel one launch runs, and where. By default all of it, on any SM.
struct LaunchPart {
  static constexpr std::uint32_t kAll = std::numeric_limits<std::uint32_t>::max();

  std::uint32_t blocks = kAll; ///< at most as many as the grid has
  std::uint32_t first_sm = 0;  ///< its blocks go to SMs first_sm .. end_sm - 1
  std::uint32_t end_sm = kAll; ///< at most as many as there are
};

class Engine {
 public:
  Engine() = default;
  virtual ~Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// A kernel reaches the front of stream `stream` (at most one at a time per stream) at `now`, its
  /// blocks pending. `shape` must outlive the kernel. Larger `priority` goes first. REQUIRES:
  /// next() > now, here and in pause(): what is due is taken by advance() first.
  void start(std::uint32_t stream, const KernelShape& shape, int priority, Nanos now) {
    start_part(stream, shape, {}, priority, now);
  }

  /// The same for a part of a kernel: it is complete when the part's blocks are. REQUIRES: the part
  /// has a block, and an SM.
  virtual void start_part(std::uint32_t stream, const KernelShape& shape, const LaunchPart& part,
                          int priority, Nanos now) = 0;

  /// The kernel of `stream` is no more: its blocks leave their SMs, those that ran as those that
  /// waited, and it does not complete. What they free is filled at once. REQUIRES: it runs, and
  /// next() > now.
  virtual void kill(std::uint32_t stream, Nanos now) = 0;

  /// Time of the next internal event, kNever when nothing runs or the engine is paused.
  [[nodiscard]] virtual Nanos next() const = 0;

  /// Processes all internal events due at or before `now`, in time order; appends the streams whose
  /// kernels completed, in order of completion (of start, in the same tick). Never called with a
  /// `now` past next().
  virtual void advance(Nanos now, std::vector<std::uint32_t>& finished) = 0;

  /// Freezes everything that runs (the context is switched out) and thaws it again. A kernel that
  /// starts in between keeps its blocks pending.
  virtual void pause(Nanos now) = 0;
  virtual void resume(Nanos now) = 0;

  /// Threads resident per SM averaged over SMs for stream `stream`, 0..1 of capacity: for
  /// timelines. Of a kernel that runs alone, those of its first wave.
  [[nodiscard]] virtual double resident_share(std::uint32_t stream) const = 0;

  /// From now on counters() also says what is used. REQUIRES: nothing has started yet.
  virtual void watch_use() = 0;

  [[nodiscard]] virtual EngineCounters counters(Nanos now) const = 0;
};

/// `streams` is an upper bound on stream ids + 1.
std::unique_ptr<Engine> make_block_engine(const GpuSpec& gpu, std::uint32_t streams);
std::unique_ptr<Engine> make_wave_engine(const GpuSpec& gpu, std::uint32_t streams);

} // namespace cotenant
