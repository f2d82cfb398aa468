// What memory management knows of a job before it runs: its trace, classed and cut in regions.
#pragma once

#include <cstdint>
#include <vector>

#include "memory/demand_curve.h"
#include "memory/region_uses.h"
#include "scheduler/scheduler.h"

namespace cotenant {

struct RegionOptions {
  std::int64_t region_bytes = 64 << 20;
  // Short-lived are tensors that live through at most so many ops and are no larger.
  std::uint32_t short_ops = 4;
  std::int64_t short_bytes = 8 << 20;
  std::uint32_t ahead = 8; ///< ops that a job has in flight at most
};

struct JobMemory {
  std::int64_t persistent_bytes = 0;
  std::int64_t short_bytes = 0; ///< private pool of short-lived tensors
  std::int64_t peak_bytes = 0;  ///< what a caching allocator of the job's own would come to hold
  RegionUses uses;              ///< of the long-lived tensors
  /// Per op, and 0 behind the last: the most regions held from the time at which it is the first op that is not
  /// complete.
  std::vector<std::int64_t> most_from;
  DemandCurve demand;
  std::vector<Nanos> progress; ///< per op: durations of those before it; last, of all

  [[nodiscard]] std::int64_t private_bytes() const { return persistent_bytes + short_bytes; }
};

/// Throws InputError, naming the client, for a trace that cannot be.
JobMemory job_memory(const ClientInfo& client, const RegionOptions& options);

} // namespace cotenant
