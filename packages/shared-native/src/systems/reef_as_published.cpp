// "REEF policy" as Orion's artifact implements it (schedule_reef): the comparison in Orion's
// figures.
//
// Not what REEF (OSDI'22) does: best-effort ops are not bounded in number, only delayed. The
// scheduler counts its own polls that found no high-priority op, once for each waiting best-effort
// op; at `depth` every best-effort client launches one op and the count starts again. So `depth` is
// a number of polls, about as many microseconds, and not a depth. The system called reef bounds the
// ops in flight instead.
//
// One turn of the published loop:
//   1. The first client, in order, whose head passes unchecked (it is in its warm-up or the first
//      request behind it, or the high-priority client has finished) launches one op, and the turn
//      ends.
//   2. A high-priority head is launched, and beside it the first best-effort head that lasts no
//      longer and needs at least as many SMs. The turn ends; the count stays as it is.
//   3. Otherwise the count rises by the number of best-effort heads. At `depth`, all of them
//      launch.
//
// A profile row is addressed by the kernels launched so far, so that a copy is judged by the row of
// the kernel behind it; that is kept here. Published best-effort clients come before the
// high-priority one: step 1 asks in that order whatever the plan's order is.
//
// Polls are not simulated one by one. Between two events the heads do not change, so the poll that
// reaches `depth` can be computed: a timer is set for it. A poll takes poll_ns; a turn that
// launches takes the launches' time on top.
#include <algorithm>

#include "scheduler/pass_through.h"
#include "scheduler/roles.h"

namespace cotenant {
namespace {

class ReefAsPublished final : public Scheduler {
 public:
  ReefAsPublished(std::int64_t depth, Nanos poll, std::span<const ClientInfo> clients,
                  const Roles& roles)
      : depth_(depth), poll_(poll), high_(roles.high),
        high_rows_(rows_by_next_kernel(clients[roles.high].profile)) {
    for (const std::size_t c : roles.best_effort) {
      best_effort_.push_back({.client = c,
                              .rows = rows_by_next_kernel(clients[c].profile),
                              .free_requests = free_requests(clients[c])});
    }
    high_free_requests_ = free_requests(clients[roles.high]);
  }

  void decide(Gate& gate) override {
    count_polls_before(gate.now());
    if (launch_unchecked(gate) || launch_high_priority(gate)) {
      waiting_ = 0;
      next_poll_ = gate.now() + poll_;
      return;
    }
    poll_now(gate);
  }

 private:
  /// What the co-launch rule reads of the profile.
  struct Row {
    std::uint32_t sm_needed = 0;
    Nanos duration = 0;
  };

  struct Client {
    std::size_t client = 0;
    std::vector<Row> rows;
    std::int64_t free_requests = 0;
  };

  /// Row i: that of the first kernel at or behind op i. Behind the last kernel: the op's own.
  static std::vector<Row> rows_by_next_kernel(std::span<const OpProfile> profile) {
    std::vector<Row> rows(profile.size());
    const OpProfile* kernel = nullptr;
    for (std::size_t i = profile.size(); i-- > 0;) {
      kernel = profile[i].is_kernel() ? &profile[i] : kernel;
      const OpProfile& row = kernel != nullptr ? *kernel : profile[i];
      rows[i] = {.sm_needed = row.sm_needed, .duration = row.duration};
    }
    return rows;
  }

  static std::int64_t free_requests(const ClientInfo& client) {
    return client.warmup > 0 ? client.warmup + 1 : 0;
  }

  /// Polls that came and went before `now` with the same `waiting_` heads in front of them.
  void count_polls_before(Nanos now) {
    if (waiting_ > 0 && next_poll_ < now) {
      const Nanos polls = (now - next_poll_ - 1) / poll_ + 1;
      count_ += polls * waiting_;
      next_poll_ += polls * poll_;
    }
  }

  bool launch_unchecked(Gate& gate) {
    const bool finished = gate.client(high_).done;
    for (const Client& c : best_effort_) {
      const ClientState& state = gate.client(c.client);
      if (state.head_ready && (finished || state.requests < c.free_requests)) {
        gate.launch(c.client);
        return true;
      }
    }
    const ClientState& high = gate.client(high_);
    if (high.head_ready && high.requests < high_free_requests_) {
      gate.launch(high_);
      return true;
    }
    return false;
  }

  bool launch_high_priority(Gate& gate) {
    const ClientState& high = gate.client(high_);
    if (!high.head_ready) {
      return false;
    }
    const Row row = high_rows_[high.head];
    gate.launch(high_);
    for (const Client& c : best_effort_) {
      const ClientState& state = gate.client(c.client);
      if (state.head_ready && c.rows[state.head].duration <= row.duration &&
          c.rows[state.head].sm_needed >= row.sm_needed) {
        gate.launch(c.client);
        break;
      }
    }
    return true;
  }

  /// No high-priority op: polls now if one is due, and asks to be called for the one that will
  /// reach `depth_`.
  void poll_now(Gate& gate) {
    const Nanos now = gate.now();
    waiting_ = std::count_if(best_effort_.begin(), best_effort_.end(),
                             [&](const Client& c) { return gate.client(c.client).head_ready; });
    next_poll_ = std::max(next_poll_, now);
    if (waiting_ == 0) {
      return;
    }
    if (next_poll_ == now) {
      count_ += waiting_;
      next_poll_ += poll_;
    }
    if (count_ >= depth_) {
      for (const Client& c : best_effort_) {
        if (gate.client(c.client).head_ready) {
          gate.launch(c.client);
        }
      }
      count_ = 0;
      waiting_ = 0;
      next_poll_ = gate.now() + poll_;
      return;
    }
    const std::int64_t polls = (depth_ - count_ + waiting_ - 1) / waiting_;
    gate.set_timer(next_poll_ + (polls - 1) * poll_);
  }

  const std::int64_t depth_;
  const Nanos poll_;
  const std::size_t high_;
  const std::vector<Row> high_rows_;
  std::int64_t high_free_requests_ = 0;
  std::vector<Client> best_effort_;
  std::int64_t count_ = 0;   ///< published: penalty
  std::int64_t waiting_ = 0; ///< best-effort heads since the last decide(); 0: polls do not count
  Nanos next_poll_ = 0;      ///< the first poll not counted yet
};

SystemInstance make(const Params& params, const Setup& setup) {
  const SystemMode mode{
      .contexts = ContextMode::shared, .launcher = Launcher::single, .stream_priorities = false};
  if (setup.clients.size() == 1) {
    return pass_through(mode);
  }
  const Roles roles = one_high_priority(setup.clients, "reef-as-published");
  const Nanos poll = params.integer("poll_ns");
  return {.mode = mode,
          .scheduler = std::make_unique<ReefAsPublished>(
              params.integer("depth"), poll > 0 ? poll : std::max<Nanos>(setup.gpu.launch.poll, 1),
              setup.clients, roles)};
}

const RegisterSystem registered{{
    .name = "reef-as-published",
    .title = "REEF policy of Orion's artifact",
    .summary = "Best-effort clients launch one op each after `depth` scheduler polls without a "
               "high-priority op, and one kernel beside a high-priority one that it fits. "
               "Orion's artifact (EuroSys'24) as published: the depth counts polls, nothing "
               "bounds the ops in flight.",
    .params =
        {
            {.name = "depth",
             .default_value = std::int64_t{12},
             .min = 1,
             .max = 1e9,
             .unit = "polls x waiting best-effort ops",
             .doc = "Polls without a high-priority op, counted once for each waiting "
                    "best-effort op, before all best-effort clients launch one. 12 in the "
                    "artifact."},
            {.name = "poll_ns",
             .default_value = std::int64_t{0},
             .min = 0,
             .max = 1e9,
             .unit = "ns",
             .doc = "One turn of the polling loop that launches nothing. 0: launch.poll_ns of "
                    "the GPU specification."},
        },
    .make = make,
}};

} // namespace
} // namespace cotenant
