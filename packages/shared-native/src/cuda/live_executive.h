// The loop of a run on a real GPU: requests arrive, a system's scheduler gates their ops, the
// device's marks say what is complete. It is to LiveDevice what sim/simulation.h is to the engines,
// and it drives the same scheduler objects.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <vector>

#include "cuda/live_device.h"
#include "cuda/shared_run.h"
#include "record/sink.h"
#include "run/client.h"
#include "scheduler/system.h"

namespace cotenant::cuda {

/// Something on the GPU or in a scheduler did not move on for too long. The message names it.
class Stuck : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct LiveOptions {
  /// A client's head waits while so many ops are in flight on its stream. Below the depth of the
  /// driver's launch queue (about 1020, and a mark may take a place too), where a launch would block the loop.
  std::uint32_t max_in_flight = 512;
  /// The same of a stream that all clients have: with few marks in it, it may be nearly as full as a
  /// framework's own would be.
  std::uint32_t max_in_one_stream = 960;
  /// Ops launched without a mark behind them, at most: bounds how late their completion is seen.
  std::uint32_t max_unmarked = 64;
  /// While there is something to launch, completions are looked for this often only: asking costs
  /// about as much as a third of a launch.
  Nanos busy_poll = 3 * kMicrosecond;
  Nanos watchdog = 20 * kSecond;
  Nanos time_limit = kNever; ///< from the start of the clock
};

/// Clients that one executive drives, among all of a run. In a system whose clients launch for
/// themselves each has an executive, and with it a thread or a process, of its own.
struct LiveRun {
  std::vector<RunClient>* clients = nullptr;
  std::vector<std::size_t> driven;
  std::vector<std::size_t> waited_for; ///< the run ends when these have done their requests
  SystemInstance* system = nullptr;
  LiveOptions options;
  std::vector<Nanos>* launch_times = nullptr; ///< if given, the time of every launch is appended
};

/// What calls of the driver cost a launching thread: each kStride-th of a kind is timed, up to kMost of them.
class SampledCost {
 public:
  static constexpr std::uint64_t kStride =
      61; ///< a prime, so that each op of a request has its turn
  static constexpr std::size_t kMost = 10'000;

  SampledCost() { costs_.reserve(kMost); }

  /// Whether the call that follows is to be timed.
  bool due() { return calls_++ % kStride == 0 && costs_.size() < kMost; }
  void add(Nanos cost) { costs_.push_back(cost); }
  [[nodiscard]] const std::vector<Nanos>& costs() const { return costs_; }

 private:
  std::uint64_t calls_ = 0;
  std::vector<Nanos> costs_;
};

struct LiveTotals {
  Nanos duration = 0;
  std::vector<ClientTotals> clients; ///< in the order of `driven`
  std::vector<Nanos> launch_costs;   ///< of timed calls: to launch an op,
  std::vector<Nanos> mark_costs;     ///< to have completion marked,
  std::vector<Nanos> query_costs;    ///< to find one mark passed
};

/// Runs until the shared run stops, then waits for the device. Records go to `sink` as they
/// complete, with times from the start of the clock. Throws Stuck, DeviceError, and what the sink
/// throws; `shared` is stopped in each case, so that others do not wait.
LiveTotals run_live(const LiveRun& run, LiveDevice& device, SharedRun& shared, RecordSink& sink);

} // namespace cotenant::cuda
