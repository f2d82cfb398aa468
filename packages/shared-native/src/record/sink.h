// Where a run's records go.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace cotenant {

/// One completed request. Times count from the start of the clock.
struct RequestRecord {
  std::size_t client = 0;
  std::int64_t index = 0; ///< among the client's measured requests
  Nanos arrival = 0;      ///< scheduled arrival; for closed traffic, when the client began it
  Nanos start = 0;        ///< its first op was launched
  Nanos end = 0;          ///< its client saw it complete
};

/// What of a GPU was used from `begin` to `end`: means over that time, exact and not sampled. Shares, 0..1.
struct UseRecord {
  std::size_t gpu = 0; ///< clients that run isolated have a GPU each
  Nanos begin = 0;
  Nanos end = 0;
  double sm_busy = 0;   ///< of the SMs, those with a resident block
  double occupancy = 0; ///< of the SMs' room for threads, what is taken
  double compute = 0;   ///< of the peak compute throughput
  double dram = 0;      ///< of the peak DRAM bandwidth
};

/// Device memory from `begin` to `end`, as the GPU uses it: a tensor is live from the start of the first op behind
/// its allocation to the completion of the last before its free. Bytes.
struct MemoryRecord {
  static constexpr std::size_t kAll = static_cast<std::size_t>(-1);

  std::size_t gpu = 0;       ///< clients that run isolated have a GPU each
  std::size_t client = kAll; ///< or all of the GPU's together
  Nanos begin = 0;
  Nanos end = 0;
  double live_mean = 0;
  std::int64_t live_max = 0;
  /// Most that no other client could have: of a client whose system does not share memory out, its peak, which
  /// its caching allocator keeps.
  std::int64_t held_max = 0;
  std::int64_t budget = 0; ///< at the end; 0: the system knows none
  Nanos over_budget = 0;   ///< time in which all clients together held more than the budget
};

/// Receives records in the order in which they happen. The default implementation drops them.
class RecordSink {
 public:
  RecordSink() = default;
  virtual ~RecordSink() = default;
  RecordSink(const RecordSink&) = delete;
  RecordSink& operator=(const RecordSink&) = delete;

  virtual void request(const RequestRecord& /*record*/) {}
  /// In order of time, then of GPU; the last ones of a run may be shorter.
  virtual void use(const UseRecord& /*record*/) {}
  /// In order of time; per interval each GPU's clients, then all of it.
  virtual void memory(const MemoryRecord& /*record*/) {}
};

/// Finer detail, for timelines. Times count from the start of the run, warm-up included.
class DetailSink {
 public:
  DetailSink() = default;
  virtual ~DetailSink() = default;
  DetailSink(const DetailSink&) = delete;
  DetailSink& operator=(const DetailSink&) = delete;

  /// `index` counts all requests of the client, warm-up included.
  virtual void request(std::size_t client, std::int64_t index, Nanos arrival, Nanos start,
                       Nanos end) = 0;
  /// Op `op` of the client's program, or a part of it, was on the device.
  virtual void op(std::size_t client, std::uint32_t op, Nanos begin, Nanos end) = 0;
  /// The scheduler let an op go.
  virtual void launch(std::size_t client, std::uint32_t op, Nanos at) = 0;
  /// The scheduler saw an op and did not let it go; once per op.
  virtual void hold(std::size_t client, std::uint32_t op, Nanos at) = 0;
  /// The scheduler had all ended that the client had on the device, to go on from op `op`.
  virtual void reset(std::size_t client, std::uint32_t op, Nanos at) = 0;
  /// Share of the GPU's thread slots that the client's blocks hold from now on.
  virtual void sm_share(std::size_t client, double share, Nanos at) = 0;
};

} // namespace cotenant
