// One request at a time: temporal sharing at the granularity of requests.
//
// Orion's repository ships this policy with a flag that is never set, so that it stops for good
// after the warm-up; a later revision sets it. This is the policy as mended. It is not the
// "Sequential" of Orion's separate baselines tool, which puts all clients on one stream and so
// interleaves their kernels.
//
// Choices that the publication leaves open:
//   - a request is open from its first launched op, whatever its kind (there, from its first
//     kernel: a copy did not keep others out, and two requests could open at once);
//   - best-effort clients that wait take turns (there, the first in the list always won);
//   - any number of high-priority clients: they go in the plan's order.
#include <algorithm>

#include "scheduler/system.h"

namespace cotenant {
namespace {

class Sequential final : public Scheduler {
 public:
  /// `high_first`: whether priorities count.
  Sequential(std::span<const ClientInfo> clients, bool high_first) {
    for (std::size_t c = 0; c < clients.size(); ++c) {
      order_.push_back(c);
    }
    const auto is_high = [&](std::size_t c) {
      return high_first && clients[c].priority == Priority::high;
    };
    first_best_effort_ = std::stable_partition(order_.begin(), order_.end(), is_high);
  }

  /// Only the owner's request can end: no other client has launched anything.
  void on_request_finished(std::size_t /*client*/, Nanos /*duration*/, Gate& /*gate*/) override {
    owner_ = kNobody;
  }

  void decide(Gate& gate) override {
    if (owner_ == kNobody) {
      const auto next = std::find_if(order_.begin(), order_.end(),
                                     [&](std::size_t c) { return gate.client(c).head_ready; });
      if (next == order_.end()) {
        return;
      }
      owner_ = *next;
      if (next >= first_best_effort_) { // to the back of the line
        std::rotate(next, next + 1, order_.end());
      }
    }
    if (gate.client(owner_).head_ready) {
      gate.launch(owner_);
    }
  }

 private:
  static constexpr std::size_t kNobody = static_cast<std::size_t>(-1);

  std::vector<std::size_t> order_; ///< high priority first, then best effort, longest wait first
  std::vector<std::size_t>::iterator first_best_effort_;
  std::size_t owner_ = kNobody; ///< client whose request is open
};

const RegisterSystem registered{{
    .name = "sequential",
    .title = "One request at a time",
    .summary =
        "Temporal sharing: while a request of one client is open, no other client launches; the "
        "high-priority client is asked first. Orion's 'sequential' policy (EuroSys'24) with its "
        "deadlock mended.",
    .params =
        {{.name = "high_first",
          .default_value = true,
          .min = {},
          .max = {},
          .unit = "",
          .doc = "Ask high-priority clients first; otherwise all take turns. In a closed loop the "
                 "first ones leave nothing to the others."}},
    .make =
        [](const Params& params, const Setup& setup) {
          return SystemInstance{
              .mode = {.contexts = ContextMode::shared,
                       .launcher = Launcher::single,
                       .stream_priorities = false},
              .scheduler = std::make_unique<Sequential>(setup.clients, params.flag("high_first"))};
        },
}};

} // namespace
} // namespace cotenant
