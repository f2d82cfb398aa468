// The scheduler of systems that leave sharing to the device: whatever is ready goes.
#pragma once

#include <memory>

#include "scheduler/scheduler.h"
#include "scheduler/system.h"

namespace cotenant {

/// Launches every head as soon as it is there, in the plan's order of clients. It also stands in
/// for a gating scheduler when there is only one client and so nothing to gate.
class PassThrough final : public Scheduler {
 public:
  void decide(Gate& gate) override {
    for (std::size_t c = 0; c < gate.clients(); ++c) {
      if (gate.client(c).head_ready) {
        gate.launch(c);
      }
    }
  }
};

inline SystemInstance pass_through(SystemMode mode) {
  return {.mode = mode, .scheduler = std::make_unique<PassThrough>()};
}

} // namespace cotenant
