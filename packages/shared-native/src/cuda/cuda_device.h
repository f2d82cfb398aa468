// The real GPU behind LiveDevice: every launch prepared in advance.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "cuda/driver.h"
#include "cuda/launches.h"
#include "cuda/live_device.h"
#include "cuda/live_program.h"

namespace cotenant::cuda {

/// What a client launches, and where. REQUIRES: both outlive the device.
struct ClientStream {
  const LiveProgram* program = nullptr; ///< null: another device drives this client
  Stream stream = nullptr;
  /// Launches of which the time on the GPU is taken, from the first one on. Each then has an event
  /// of its own behind it, which costs a launch about a third more.
  std::size_t timed_launches = 0;
};

class CudaDevice final : public LiveDevice {
 public:
  /// Indices of `clients` are those of the plan. `carveout`: see Launches. Throws DeviceError.
  CudaDevice(const Driver& driver, const std::vector<ClientStream>& clients,
             std::optional<int> carveout = {});
  ~CudaDevice() override;

  [[nodiscard]] Nanos now() override;
  void launch(std::size_t client, std::uint32_t op) override;
  void mark(std::size_t client) override;
  [[nodiscard]] std::uint64_t passed(std::size_t client) override;
  void drain() override;

  /// For each timed launch but the first: nanoseconds from the end of the one before it to its own
  /// end, on the GPU's clock (resolution half a microsecond). REQUIRES: drained.
  [[nodiscard]] std::vector<Nanos> timed(std::size_t client) const;

 private:
  class Lane;
  std::vector<std::unique_ptr<Lane>> lanes_; ///< by client; null where another device drives it
};

/// Nanoseconds of CLOCK_MONOTONIC, the clock that all processes share.
Nanos monotonic_now();

} // namespace cotenant::cuda
