#include "cuda/pace.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>

#include "cuda/cuda_device.h"

namespace cotenant::cuda {
namespace {

constexpr std::size_t kFillBytes = 64 << 10; ///< so much that the driver fills by a kernel

/// Memory and events of one stream, given back whatever happens, and not before the stream is done with them.
class Lane {
 public:
  Lane(const Driver& driver, const PacedStream& paced) : driver_(driver), paced_(paced) {
    check(driver, driver.memory_alloc(&memory_, kFillBytes), "cuMemAlloc");
    for (Event& event : ends_) {
      check(driver, driver.event_create(&event, kEventDefault), "cuEventCreate");
    }
  }
  ~Lane() {
    driver_.stream_synchronize(paced_.stream);
    for (const Event event : ends_) {
      if (event != nullptr) {
        driver_.event_destroy(event);
      }
    }
    if (memory_ != 0) {
      driver_.memory_free(memory_);
    }
  }
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  /// REQUIRES: `at` outlives this.
  void queue(Nanos& at) {
    const auto wait = [](void* until) {
      while (monotonic_now() < *static_cast<const Nanos*>(until)) {
      }
    };
    check(driver_, driver_.launch_host_function(paced_.stream, wait, &at), "cuLaunchHostFunc");
    for (std::size_t i = 0; i < paced_.ops; ++i) {
      check(driver_, driver_.memset_8(memory_, 0, kFillBytes, paced_.stream), "cuMemsetD8Async");
      if (i == 0) {
        check(driver_, driver_.event_record(ends_[0], paced_.stream), "cuEventRecord");
      }
    }
    check(driver_, driver_.event_record(ends_[1], paced_.stream), "cuEventRecord");
  }

  [[nodiscard]] double period() const {
    check(driver_, driver_.event_synchronize(ends_[1]), "cuEventSynchronize");
    return elapsed_ns(driver_, ends_[0], ends_[1]) / static_cast<double>(paced_.ops - 1);
  }

 private:
  const Driver& driver_;
  PacedStream paced_;
  DevicePointer memory_ = 0;
  std::array<Event, 2> ends_{};
};

} // namespace

Pace pace_of(const Driver& driver, const std::vector<PacedStream>& streams, Nanos at) {
  std::vector<std::unique_ptr<Lane>> lanes;
  for (const PacedStream& stream : streams) {
    lanes.push_back(std::make_unique<Lane>(driver, stream));
  }
  for (const auto& lane : lanes) {
    lane->queue(at);
  }
  Pace pace{.period = {}, .late = monotonic_now() >= at};
  std::ranges::transform(lanes, std::back_inserter(pace.period),
                         [](const auto& lane) { return lane->period(); });
  return pace;
}

} // namespace cotenant::cuda
