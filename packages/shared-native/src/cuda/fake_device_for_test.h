// A GPU for the executive's tests: streams that run their ops one after the other, in virtual time.
#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cuda/driver.h"
#include "cuda/live_device.h"

namespace cotenant::cuda {

class FakeDevice final : public LiveDevice {
 public:
  struct Launched {
    std::size_t client = 0;
    std::uint32_t op = 0;
    Nanos at = 0;
    Nanos end = 0;
  };

  /// `durations[client][op]`; clients do not slow each other down.
  explicit FakeDevice(std::vector<std::vector<Nanos>> durations)
      : durations_(std::move(durations)), streams_(durations_.size()) {}

  [[nodiscard]] Nanos now() override { return time_ += 30; }

  void launch(std::size_t client, std::uint32_t op) override {
    time_ += 2'500;
    if (fail_at && fail_at->first == client && fail_at->second == op) {
      throw DeviceError("op " + std::to_string(op) + ": CUDA_ERROR_ILLEGAL_ADDRESS");
    }
    Stream& stream = streams_[client];
    const Nanos begin = std::max(stream.free_at, time_ + 3'000);
    stream.free_at = hang_at && hang_at->first == client && hang_at->second == op
                         ? kNever / 2
                         : begin + durations_[client][op];
    log.push_back({.client = client, .op = op, .at = time_, .end = stream.free_at});
  }

  void mark(std::size_t client) override {
    time_ += 700;
    streams_[client].marks.push_back(streams_[client].free_at);
    ++marks;
  }

  [[nodiscard]] std::uint64_t passed(std::size_t client) override {
    time_ += 300;
    Stream& stream = streams_[client];
    while (!stream.marks.empty() && stream.marks.front() <= time_) {
      stream.marks.pop_front();
      ++stream.passed;
    }
    return stream.passed;
  }

  void drain() override { drained = true; }

  std::vector<Launched> log;
  std::size_t marks = 0;
  bool drained = false;
  std::optional<std::pair<std::size_t, std::uint32_t>> hang_at; ///< this op never completes
  std::optional<std::pair<std::size_t, std::uint32_t>> fail_at; ///< this one cannot be launched

 private:
  struct Stream {
    Nanos free_at = 0;
    std::deque<Nanos> marks;
    std::uint64_t passed = 0;
  };
  std::vector<std::vector<Nanos>> durations_;
  std::vector<Stream> streams_;
  Nanos time_ = 1'000'000;
};

} // namespace cotenant::cuda
