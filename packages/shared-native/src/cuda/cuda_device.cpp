#include "cuda/cuda_device.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <fmt/format.h>

namespace cotenant::cuda {
namespace {

constexpr std::size_t kEvents = 2048; ///< marks of a client that can be pending; a power of two

} // namespace

Nanos monotonic_now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<Nanos>(time.tv_sec) * kSecond + time.tv_nsec;
}

/// A client's prepared launches and its marks.
class CudaDevice::Lane {
 public:
  Lane(const Driver& driver, const ClientStream& client, std::optional<int> carveout)
      : driver_(driver), program_(*client.program), stream_(client.stream),
        launches_(driver, program_, stream_, carveout), ends_(client.timed_launches) {
    for (Event& event : events_) {
      check(driver, driver.event_create(&event, kEventDisableTiming), "cuEventCreate");
    }
    for (Event& event : ends_) {
      check(driver, driver.event_create(&event, kEventDefault), "cuEventCreate");
    }
  }

  ~Lane() {
    const auto destroy = [&](Event event) {
      if (event != nullptr) {
        driver_.event_destroy(event);
      }
    };
    std::ranges::for_each(events_, destroy);
    std::ranges::for_each(ends_, destroy);
  }
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  void launch(std::uint32_t op) {
    launches_.launch(op);
    if (timed_ < ends_.size()) {
      check(driver_, driver_.event_record(ends_[timed_++], stream_), "cuEventRecord");
    }
  }

  void mark() {
    if (recorded_ - passed_ == kEvents) {
      throw DeviceError(fmt::format("{}: more than {} marks are pending", program_.id, kEvents));
    }
    check(driver_, driver_.event_record(events_[recorded_ % kEvents], stream_), "cuEventRecord");
    ++recorded_;
  }

  std::uint64_t passed() {
    while (passed_ < recorded_) {
      const Result result = driver_.event_query(events_[passed_ % kEvents]);
      if (result == kNotReady) {
        break;
      }
      check(driver_, result, program_.id);
      ++passed_;
    }
    return passed_;
  }

  void drain() {
    check(driver_, driver_.stream_synchronize(stream_), program_.id);
    passed_ = recorded_;
  }

  [[nodiscard]] std::vector<Nanos> timed() const {
    std::vector<Nanos> times;
    for (std::size_t i = 1; i < timed_; ++i) {
      times.push_back(static_cast<Nanos>(elapsed_ns(driver_, ends_[i - 1], ends_[i])));
    }
    return times;
  }

 private:
  const Driver& driver_;
  const LiveProgram& program_;
  Stream stream_;
  Launches launches_;
  std::array<Event, kEvents> events_{};
  std::vector<Event> ends_; ///< of timed launches
  std::size_t timed_ = 0;
  std::uint64_t recorded_ = 0;
  std::uint64_t passed_ = 0;
};

CudaDevice::CudaDevice(const Driver& driver, const std::vector<ClientStream>& clients,
                       std::optional<int> carveout) {
  for (const ClientStream& client : clients) {
    lanes_.push_back(client.program == nullptr ? nullptr
                                               : std::make_unique<Lane>(driver, client, carveout));
  }
}

CudaDevice::~CudaDevice() = default;

Nanos CudaDevice::now() {
  return monotonic_now();
}

void CudaDevice::launch(std::size_t client, std::uint32_t op) {
  lanes_[client]->launch(op);
}

void CudaDevice::mark(std::size_t client) {
  lanes_[client]->mark();
}

std::uint64_t CudaDevice::passed(std::size_t client) {
  return lanes_[client]->passed();
}

void CudaDevice::drain() {
  for (const auto& lane : lanes_) {
    if (lane) {
      lane->drain();
    }
  }
}

std::vector<Nanos> CudaDevice::timed(std::size_t client) const {
  return lanes_[client]->timed();
}

} // namespace cotenant::cuda
