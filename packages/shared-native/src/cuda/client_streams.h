// The streams that the clients of a process launch to.
#pragma once

#include <compare>
#include <cstddef>
#include <map>
#include <vector>

#include "cuda/driver.h"
#include "run/plan.h"
#include "scheduler/system.h"

namespace cotenant::cuda {

/// Which of a process's streams: clients of one process have different ones, with and without stream priorities.
struct StreamKey {
  std::size_t lane = 0;  ///< of the client, among those of the process
  bool first = false;    ///< of the highest stream priority; others of the lowest
  std::size_t spare = 0; ///< 0, or another stream in its place

  auto operator<=>(const StreamKey&) const = default;
};

/// The stream of `clients[lane]`, where these clients of the plan run in one process; where all share one stream, that.
StreamKey stream_of(const Plan& plan, const SystemMode& mode,
                    const std::vector<std::size_t>& clients, std::size_t lane,
                    std::size_t spare = 0);

/// Made when they are first asked for, and kept. For it matters which stream a client has: a GPU takes launches
/// from several hardware queues, and the driver decides which of them a stream has. Of two clients on an H200 that have the same
/// one, each kernel of either takes 1.3 to 1.8 us longer (gpus/calibration/h200-queues.json). What is found out about a stream
/// (cuda/coordinator/separate_queues.h) thus has to be used with the same one.
class ClientStreams {
 public:
  explicit ClientStreams(const Driver& driver) : driver_(driver) {}
  ~ClientStreams();
  ClientStreams(const ClientStreams&) = delete;
  ClientStreams& operator=(const ClientStreams&) = delete;

  /// In the current context, which must be the same each time. Throws DeviceError.
  [[nodiscard]] Stream of(const StreamKey& key);

 private:
  const Driver& driver_;
  std::map<StreamKey, Stream> streams_;
};

} // namespace cotenant::cuda
