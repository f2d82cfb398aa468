// REEF on a GPU whose running kernels cannot be killed: bounded launching ahead, preemption by not
// launching.
//
// REEF (OSDI'22) resets running best-effort kernels within microseconds on an AMD GPU. Its variant
// for closed drivers, REEF-N, keeps best-effort kernels in queues of its own on the host, launches
// only a few ahead, and preempts by dropping those queues and waiting for what was launched. That
// is this system:
//
//   - No request of the high-priority client open: best-effort clients launch in turn while fewer
//     than `depth` of their ops, all clients together, are in flight.
//   - A request open: best-effort clients launch nothing, also between two ops of the request. What
//     is in flight runs on. This gate, and not the bound by itself, is what protects the request's
//     latency.
//   - Padding: beside each high-priority kernel one best-effort kernel may go that ends no later
//     and needs at least as many SMs (the rule of Orion's artifact for REEF's dynamic kernel
//     padding). It counts toward `depth`.
//
// Orion's artifact calls its comparison "REEF policy" and gives it depth 12, but counts polls of
// the scheduler instead of kernels in flight; reef-as-published is that.
//
// Choices that the publications leave open:
//   - `depth` bounds all best-effort clients together, because the sum is what a request may have
//     to wait behind.
//   - Copies and memsets count as ops in flight: they hold a place in the stream as kernels do.
//   - The high-priority client is never held: its kernels queue on the device beside what is left
//     in flight. wait_for_drain holds the first op of a request instead until nothing is in flight,
//     REEF-N taken literally.
//   - Streams have equal priority, as in Orion's artifact; stream_priority gives the high-priority
//     one the lead.
#include <algorithm>
#include <cmath>

#include "scheduler/pass_through.h"
#include "scheduler/roles.h"

namespace cotenant {
namespace {

struct Options {
  std::uint32_t depth = 12;
  bool padding = true;
  bool wait_for_drain = false;
};

class Reef final : public Scheduler {
 public:
  Reef(const Options& options, std::span<const ClientInfo> clients, const Roles& roles)
      : options_(options), high_(roles.high), high_profile_(clients[roles.high].profile) {
    for (const std::size_t c : roles.best_effort) {
      best_effort_.push_back({.client = c, .profile = clients[c].profile});
    }
    last_ = best_effort_.size() - 1;
  }

  void decide(Gate& gate) override {
    std::uint32_t in_flight = 0;
    for (const Client& c : best_effort_) {
      in_flight += gate.client(c.client).in_flight();
    }
    const ClientState& high = gate.client(high_);
    if (high.head_ready && !(options_.wait_for_drain && high.head == 0 && in_flight > 0)) {
      const OpProfile& op = high_profile_[high.head];
      gate.launch(high_);
      if (options_.padding && op.is_kernel() && in_flight < options_.depth) {
        pad(gate, op);
      }
    }
    if (!high.request_open) {
      launch_ahead(gate, in_flight);
    }
  }

 private:
  struct Client {
    std::size_t client = 0;
    std::span<const OpProfile> profile;
  };

  [[nodiscard]] std::size_t after(std::size_t index) const {
    return index + 1 == best_effort_.size() ? 0 : index + 1;
  }

  /// At most one kernel beside the high-priority kernel `op`.
  void pad(Gate& gate, const OpProfile& op) {
    std::size_t at = last_;
    for (std::size_t n = best_effort_.size(); n > 0; --n) {
      at = after(at);
      const Client& c = best_effort_[at];
      const ClientState& state = gate.client(c.client);
      if (!state.head_ready) {
        continue;
      }
      const OpProfile& candidate = c.profile[state.head];
      // A copy needs no SM and so never pads.
      if (candidate.duration <= op.duration && candidate.sm_needed >= op.sm_needed) {
        gate.launch(c.client);
        last_ = at;
        return;
      }
    }
  }

  /// One op of each client in turn, up to the bound.
  void launch_ahead(Gate& gate, std::uint32_t in_flight) {
    std::size_t at = last_;
    for (std::size_t n = best_effort_.size(); n > 0 && in_flight < options_.depth; --n) {
      at = after(at);
      if (gate.client(best_effort_[at].client).head_ready) {
        gate.launch(best_effort_[at].client);
        ++in_flight;
        last_ = at;
      }
    }
  }

  const Options options_;
  const std::size_t high_;
  const std::span<const OpProfile> high_profile_;
  std::vector<Client> best_effort_;
  std::size_t last_; ///< best-effort client that launched last; the next one is asked first
};

/// The depth rule of Orion's authors: best-effort work in flight is worth 2.5 % of a high-priority
/// request.
std::uint32_t depth_by_rule(std::span<const ClientInfo> clients, const Roles& roles) {
  constexpr double kShare = 0.025;
  double sum = 0;
  double kernels = 0;
  for (const std::size_t c : roles.best_effort) {
    for (const OpProfile& op : clients[c].profile) {
      if (op.is_kernel()) {
        sum += static_cast<double>(op.duration);
        ++kernels;
      }
    }
  }
  const double depth =
      sum > 0 ? kShare * static_cast<double>(clients[roles.high].solo_latency) * kernels / sum : 1;
  return static_cast<std::uint32_t>(std::clamp(std::round(depth), 1.0, 1e6));
}

SystemInstance make(const Params& params, const Setup& setup) {
  SystemMode mode{.contexts = ContextMode::shared,
                  .launcher = Launcher::single,
                  .stream_priorities = params.flag("stream_priority"),
                  .watches_ops = true};
  if (setup.clients.size() == 1) {
    mode.watches_ops = false;
    return pass_through(mode);
  }
  const Roles roles = one_high_priority(setup.clients, "reef");
  const auto depth = static_cast<std::uint32_t>(params.integer("depth"));
  const Options options{.depth = depth > 0 ? depth : depth_by_rule(setup.clients, roles),
                        .padding = params.flag("padding"),
                        .wait_for_drain = params.flag("wait_for_drain")};
  return {.mode = mode, .scheduler = std::make_unique<Reef>(options, setup.clients, roles)};
}

const RegisterSystem registered{{
    .name = "reef",
    .title = "REEF-N: bounded launching ahead",
    .summary = "Best-effort ops in flight are bounded, and none is launched while a "
               "high-priority request is open except as padding. REEF (OSDI'22) for GPUs that "
               "cannot kill kernels, with the depth that Orion (EuroSys'24) compares with.",
    .params =
        {
            {.name = "depth",
             .default_value = std::int64_t{12},
             .min = 0,
             .max = 1e6,
             .unit = "ops",
             .doc = "Best-effort ops in flight at most, all clients together. 12 in Orion's "
                    "artifact; 0 takes Orion's rule, 2.5 % of the high-priority solo latency "
                    "over the mean best-effort kernel duration."},
            {.name = "padding",
             .default_value = true,
             .min = {},
             .max = {},
             .unit = "",
             .doc = "Launch beside each high-priority kernel one best-effort kernel that ends "
                    "no later and needs at least as many SMs."},
            {.name = "wait_for_drain",
             .default_value = false,
             .min = {},
             .max = {},
             .unit = "",
             .doc = "Hold the first op of a high-priority request until no best-effort op is in "
                    "flight."},
            {.name = "stream_priority",
             .default_value = false,
             .min = {},
             .max = {},
             .unit = "",
             .doc = "Give the high-priority client's stream priority. Orion's artifact does not."},
        },
    .make = make,
}};

} // namespace
} // namespace cotenant
