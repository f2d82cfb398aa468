// What the GPU is used for while clients run: a thread that reads its counters now and then.
#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <thread>
#include <vector>

#include "cuda/coordinator/use_counters.h"
#include "cuda/shared_run.h"
#include "record/sink.h"

namespace cotenant::cuda {

/// Rows without gaps, from the first sample after the clock's start to the first after the run's end.
struct UseSeries {
  std::vector<UseRecord> rows; ///< begin and end count from the clock's start
  std::int64_t samples = 0;
  Nanos sample_sum = 0; ///< time that all calls for a sample took
  Nanos sample_max = 0;
};

/// The time that sampling goes by, which tests put in place of the machine's.
struct SamplerClock {
  std::function<Nanos()> now;
  std::function<void(Nanos duration)> sleep;

  static SamplerClock machine();
};

/// Samples at the clock's start, then at every multiple of `interval` after it, and at the run's end: `over`, or what
/// `shared` says. Two samples are never closer than kShortestUseInterval; so one that comes late delays the next where
/// the interval is no longer than that, and what is left at the end and is shorter goes to the last row. A row goes on to
/// the next sample where the GPU may not have refreshed its counters. Rows bear the times at which samples were really
/// taken. Nothing if the clock does not start. Throws DeviceError, also for a run that
/// is over before there are two samples.
UseSeries sample_use(UseCounters& counters, const SharedRun& shared, const std::atomic<bool>& over,
                     Nanos interval, const SamplerClock& clock);

/// sample_use() in a thread of its own. The thread sleeps between samples, and looks once a millisecond whether the run
/// has begun or ended; each sample is one call into the driver, which lasts as long as the series says, and takes no
/// memory but a row. Clients launch in other processes on processors of their own, so it does not hold them up.
class UseSampler {
 public:
  UseSampler(UseCounters& counters, const SharedRun& shared, Nanos interval);
  ~UseSampler();
  UseSampler(const UseSampler&) = delete;
  UseSampler& operator=(const UseSampler&) = delete;

  /// Throws HostFailure (device) if sampling has failed: the run need not go on.
  void check();

  /// Ends sampling, if it has not, and gives what came of it. Throws as check().
  UseSeries finish();

 private:
  std::atomic<bool> over_{false};
  std::atomic<bool> failed_{false}; ///< then error_ is set for good
  std::exception_ptr error_;
  UseSeries series_;
  std::jthread thread_; ///< last: it uses the others
};

} // namespace cotenant::cuda
