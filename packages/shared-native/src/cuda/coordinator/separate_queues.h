// Before two clients run together: streams for them that do not share a hardware queue of the GPU.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>

#include "cuda/client_streams.h"
#include "cuda/coordinator/host_process.h"

namespace cotenant::cuda {

/// A client that will run, and where.
struct QueueUser {
  HostProcess* host = nullptr;
  StreamKey stream;
};

struct QueueChoice {
  std::size_t spare = 0; ///< which stream the first of the two should have (cuda/client_streams.h)
  double alone_ns = 0;   ///< how soon small ops follow each other in it
  double beside_ns = 0;  ///< … while the other's does the same
  bool shared = false;   ///< no stream was found that has another queue

  [[nodiscard]] nlohmann::ordered_json summary() const;
};

/// Which queue a stream has is the driver's choice. It differs from one process to the next, and is another after other
/// streams were used; sharing one costs each kernel of both clients 1.3 to 1.8 us on an H200 (gpus/calibration/h200-queues.json). So a
/// result would depend on luck. This has small ops run in both streams at once and looks whether they hold up each
/// other; if so, it tries another stream for the first of the two. Throws HostFailure; `tick` as in await_replies.
[[nodiscard]] QueueChoice separate_queues(const std::array<QueueUser, 2>& users,
                                          const std::function<void()>& tick);

} // namespace cotenant::cuda
