#include "cuda/coordinator/use_sampler.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <utility>

#include "cuda/coordinator/host_answer.h"
#include "cuda/cuda_device.h"
#include "cuda/driver.h"

namespace cotenant::cuda {
namespace {

/// How often the sampler looks whether the run has begun or ended.
constexpr Nanos kLook = kMillisecond;

/// Samples closer than this may show the same refresh of the counters, and then nothing as the use between them.
constexpr Nanos kSurelyRefreshed = 2 * kShortestUseInterval;

bool is_nothing(const UseRecord& use) {
  return use.sm_busy == 0 && use.occupancy == 0 && use.compute == 0 && use.dram == 0;
}

/// One run's sampling. Of three buffers one holds the beginning of the last row, one its end, and one is to be filled.
class Sampling {
 public:
  Sampling(UseCounters& counters, const SharedRun& shared, const std::atomic<bool>& over,
           Nanos interval, const SamplerClock& clock)
      : counters_(counters), shared_(shared), over_(over), interval_(interval), clock_(clock) {}

  UseSeries run() {
    while (shared_.clock_start == kNever) {
      if (is_over()) {
        return {};
      }
      clock_.sleep(kLook);
    }
    start_ = shared_.clock_start;
    last_ = sample();
    Nanos taken = last_.at;
    while (!is_over()) {
      sleep_until(std::max((taken / interval_ + 1) * interval_, taken + kShortestUseInterval));
      const Sample next = sample();
      taken = next.at;
      add(next);
    }
    if (series_.rows.empty()) {
      throw DeviceError(fmt::format("the run was over {:.1f} ms after the first reading of the "
                                    "GPU's counters, which have to be {} ms apart; expected a "
                                    "longer run, or no plan.utilization_interval_ns",
                                    static_cast<double>(clock_.now() - start_ - last_.at) / 1e6,
                                    kShortestUseInterval / kMillisecond));
    }
    return std::move(series_);
  }

 private:
  struct Sample {
    std::size_t buffer = 0;
    Nanos at = 0; ///< since the clock's start
  };

  [[nodiscard]] bool is_over() const { return over_ || shared_.stop; }

  /// Until `at` (since the clock's start) or the run's end.
  void sleep_until(Nanos at) {
    for (Nanos left = start_ + at - clock_.now(); left > 0 && !is_over();
         left = start_ + at - clock_.now()) {
      clock_.sleep(std::min(left, kLook));
    }
  }

  Sample sample() {
    const std::size_t buffer = free_;
    const Nanos before = clock_.now();
    counters_.sample(buffer);
    const Nanos took = clock_.now() - before;
    ++series_.samples;
    series_.sample_sum += took;
    series_.sample_max = std::max(series_.sample_max, took);
    free_ = (buffer + 1) % UseCounters::kBuffers;
    return {.buffer = buffer, .at = before + took / 2 - start_};
  }

  /// A row up to `now`; where the time since the last sample is too short, the last row is drawn out in its place.
  void add(const Sample& now) {
    const bool short_rest = now.at - last_.at < kShortestUseInterval;
    const Sample from = short_rest ? row_begin_ : last_;
    std::optional<UseRecord> row;
    if (!short_rest || !series_.rows.empty()) {
      row = counters_.between(from.buffer, now.buffer);
    }
    if (row && is_nothing(*row) && now.at - from.at < kSurelyRefreshed) {
      row.reset();
    }
    if (!row) { // The next row is to be longer.
      free_ = now.buffer;
      return;
    }
    row->begin = from.at;
    row->end = now.at;
    if (short_rest) {
      series_.rows.back() = *row;
    } else {
      series_.rows.push_back(*row);
    }
    row_begin_ = from;
    last_ = now;
    for (free_ = 0; free_ == row_begin_.buffer || free_ == last_.buffer;) {
      ++free_;
    }
  }

  UseCounters& counters_;
  const SharedRun& shared_;
  const std::atomic<bool>& over_;
  Nanos interval_;
  const SamplerClock& clock_;
  Nanos start_ = 0;
  std::size_t free_ = 0;
  Sample row_begin_; ///< of the last row
  Sample last_;      ///< its end
  UseSeries series_;
};

} // namespace

SamplerClock SamplerClock::machine() {
  return {.now = monotonic_now, .sleep = [](Nanos duration) {
            std::this_thread::sleep_for(std::chrono::nanoseconds(duration));
          }};
}

UseSeries sample_use(UseCounters& counters, const SharedRun& shared, const std::atomic<bool>& over,
                     Nanos interval, const SamplerClock& clock) {
  return Sampling(counters, shared, over, interval, clock).run();
}

UseSampler::UseSampler(UseCounters& counters, const SharedRun& shared, Nanos interval)
    : thread_([&, interval] {
        try {
          series_ = sample_use(counters, shared, over_, interval, SamplerClock::machine());
        } catch (...) {
          error_ = std::current_exception();
          failed_ = true;
        }
      }) {}

UseSampler::~UseSampler() {
  over_ = true;
}

void UseSampler::check() {
  if (!failed_) {
    return;
  }
  try {
    std::rethrow_exception(error_);
  } catch (const DeviceError& error) {
    throw HostFailure(HostFault::device, error.what());
  }
}

UseSeries UseSampler::finish() {
  over_ = true;
  if (thread_.joinable()) {
    thread_.join();
  }
  check();
  return std::move(series_);
}

} // namespace cotenant::cuda
