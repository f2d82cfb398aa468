// The executive's view of a real GPU: client streams that ops are put on, and marks behind them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace cotenant::cuda {

/// Not thread-safe: each executive has one of its own. All functions throw DeviceError; a message
/// about an op names the op.
class LiveDevice {
 public:
  LiveDevice() = default;
  virtual ~LiveDevice() = default;
  LiveDevice(const LiveDevice&) = delete;
  LiveDevice& operator=(const LiveDevice&) = delete;

  /// Nanoseconds on a clock that all processes of the machine share.
  [[nodiscard]] virtual Nanos now() = 0;

  /// Puts op `op` of the client's program on the client's stream.
  virtual void launch(std::size_t client, std::uint32_t op) = 0;

  /// Puts a mark behind all that was launched on the client's stream. Marks of a client are numbered
  /// from 0 and pass in order.
  virtual void mark(std::size_t client) = 0;

  /// How many of the client's marks have passed: everything launched before them is complete.
  [[nodiscard]] virtual std::uint64_t passed(std::size_t client) = 0;

  /// Returns when nothing is running any more.
  virtual void drain() = 0;
};

} // namespace cotenant::cuda
