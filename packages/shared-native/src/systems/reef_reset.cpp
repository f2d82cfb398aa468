// REEF as its paper has it: best-effort kernels are killed within microseconds, and pad real-time
// ones.
//
// REEF (Han et al., OSDI'22) serves real-time and best-effort inference on one AMD GPU. Kernels of
// inference can be executed again, so the scheduler needs not wait for them:
//
//   Preemption   When a real-time request arrives while best-effort kernels are in flight, a flag is
//                written that makes kernels which wait in device queues return at once; then all
//                compute units are reset, which ends what runs; then the real-time request starts.
//                Device queues hold few kernels, so few have to be drained and few are executed
//                again.
//   Padding      ("dynamic kernel padding") A real-time kernel that leaves compute units free is
//                launched as one kernel with blocks of a best-effort kernel that fit there and end
//                no later.
//   Resumption   When no real-time request is open, best-effort clients go on: the host does not know
//                how far a killed queue had come, so as many kernels as a device queue holds are
//                executed again.
//
// reef is the same on a GPU whose running kernels cannot be killed; reef-as-published is what Orion's
// artifact calls REEF.
//
// Real-time requests are served one after another in order of arrival, each with all that it launches
// ahead. Best-effort clients have a stream each and launch in turn.
//
// The rule for padding, per real-time kernel of B blocks on a GPU of S compute units:
//   - with L = ceil(B / S) layers of blocks it gets the first ceil(B / L) compute units;
//   - best-effort clients are asked in turn; the candidate is the head kernel of one;
//   - one of its blocks may take no longer than the real-time kernel;
//   - the launched kernel reserves for every block the larger of what the two need; so reserved, L
//     real-time blocks (or all that fit, if fewer) must still fit on a compute unit;
//   - of the candidate's blocks go as many as the other compute units hold so reserved, times the
//     number of their waves that end before the real-time kernel does.
//
// Choices that the publication leaves open or that this device asks for:
//   - The published code tabulates a best-effort kernel's latency by occupancy and picks the largest
//     that is short enough; on this device a block takes as long at any occupancy, so it is the
//     largest that fits.
//   - Streams drain side by side: a preemption waits for the longest, a kernel that returns at once
//     taking what an empty kernel and the gap to the next take.
//   - Writing the flag takes what a launch takes.
//   - Kernels of training change weights in place and cannot be executed again: refused.
#include <algorithm>
#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "scheduler/pass_through.h"
#include "scheduler/system.h"

namespace cotenant {
namespace {

enum class Preemption : std::uint8_t { reset, wait, none };

struct Options {
  Preemption preemption = Preemption::reset;
  std::uint32_t capacity = 2;
  bool until_empty = false;
  bool padding = true;
};

class ReefReset final : public Scheduler {
 public:
  ReefReset(const Options& options, const Setup& setup)
      : options_(options), sms_(setup.gpu.sm.count), sm_(setup.gpu.sm),
        flag_cost_(setup.gpu.launch.host + setup.gpu.launch.latency),
        drain_cost_(setup.gpu.launch.empty_kernel + setup.gpu.launch.dependent_gap),
        command_cost_(setup.gpu.reset->command) {
    for (std::size_t c = 0; c < setup.clients.size(); ++c) {
      profiles_.push_back(setup.clients[c].profile);
      (setup.clients[c].priority == Priority::high ? real_time_ : best_effort_).push_back(c);
    }
    resumed_at_.resize(setup.clients.size());
    copying_.resize(setup.clients.size());
    waiting_.reserve(real_time_.size());
  }

  void on_request_finished(std::size_t client, Nanos /*duration*/, Gate& gate) override {
    resumed_at_[client] = 0;
    begun_ = begun_ == client ? kNobody : begun_;
    if (!waiting_.empty() && waiting_.front() == client) {
      waiting_.erase(waiting_.begin());
      admit(gate);
      if (waiting_.empty()) {
        resume(gate);
      }
    }
  }

  void on_timer(Gate& gate) override {
    if (phase_ == Phase::flagging) {
      kill(gate);
    } else if (phase_ == Phase::killing) {
      phase_ = Phase::real_time;
    }
  }

  void decide(Gate& gate) override {
    admit(gate);
    if (phase_ == Phase::best_effort && !waiting_.empty() && begun_ == kNobody) {
      preempt(gate);
    }
    if (phase_ == Phase::draining && gate.now() >= drained_at_ && !any_in_flight(gate)) {
      phase_ = Phase::real_time;
    }
    if (phase_ == Phase::real_time && gate.client(waiting_.front()).head_ready) {
      launch_real_time(gate);
    } else if (phase_ == Phase::best_effort) {
      launch_best_effort(gate);
    }
  }

 private:
  static constexpr std::size_t kNobody = static_cast<std::size_t>(-1);
  enum class Phase : std::uint8_t {
    best_effort,
    flagging, ///< the flag is being written; then compute units are reset
    killing,  ///< they are being reset, and queues drain; then real time
    draining, ///< what runs ends by itself; then real time
    real_time,
  };

  /// Real-time requests in order of arrival; those that arrived together in the order of clients.
  void admit(const Gate& gate) {
    for (const std::size_t c : real_time_) {
      if (gate.client(c).request_open &&
          std::find(waiting_.begin(), waiting_.end(), c) == waiting_.end()) {
        waiting_.push_back(c);
      }
    }
  }

  [[nodiscard]] bool any_in_flight(const Gate& gate) const {
    return std::any_of(best_effort_.begin(), best_effort_.end(),
                       [&](std::size_t c) { return gate.client(c).in_flight() > 0; });
  }

  void preempt(Gate& gate) {
    if (!any_in_flight(gate)) {
      phase_ = Phase::real_time;
    } else if (options_.preemption == Preemption::reset) {
      phase_ = Phase::flagging;
      gate.set_timer(gate.now() + flag_cost_);
    } else {
      phase_ = Phase::draining;
      std::uint32_t longest = 0;
      for (const std::size_t c : best_effort_) {
        longest = std::max(longest, gate.withdraw(c));
      }
      drained_at_ = gate.now() + flag_cost_ + longest * drain_cost_;
      gate.set_timer(drained_at_);
    }
  }

  /// The flag is written: ends what runs, and says how long that and draining the queues take.
  void kill(Gate& gate) {
    std::uint32_t longest = 0;
    for (const std::size_t c : best_effort_) {
      const ClientState& state = gate.client(c);
      if (state.in_flight() > 0) {
        longest = std::max(longest, state.in_flight() - 1);
        const std::uint32_t again = std::min(state.head, options_.capacity);
        gate.reset(c, std::min(std::max(state.head - again, resumed_at_[c]), state.finished));
      }
    }
    const Nanos commands = options_.until_empty ? 1 : options_.capacity + 1;
    phase_ = Phase::killing;
    gate.set_timer(gate.now() + std::max(commands * command_cost_, longest * drain_cost_));
  }

  /// Best-effort kernels from here on may have to be executed again.
  void resume(const Gate& gate) {
    phase_ = Phase::best_effort;
    for (const std::size_t c : best_effort_) {
      resumed_at_[c] = gate.client(c).finished;
    }
  }

  /// One launch a turn: a real-time request that arrives meanwhile is seen after it.
  void launch_best_effort(Gate& gate) {
    for (std::size_t n = best_effort_.size(); n > 0; --n) {
      const std::size_t c = best_effort_[next_];
      next_ = next_ + 1 == best_effort_.size() ? 0 : next_ + 1;
      const ClientState& state = gate.client(c);
      if (state.head_ready && state.in_flight() < options_.capacity &&
          (begun_ == kNobody || begun_ == c)) {
        begun_ = options_.preemption == Preemption::none ? c : kNobody;
        gate.launch(c);
        return;
      }
    }
  }

  void launch_real_time(Gate& gate) {
    const std::size_t c = waiting_.front();
    const OpProfile& op = profiles_[c][gate.client(c).head];
    if (options_.padding && op.is_kernel()) {
      for (const std::size_t candidate : best_effort_) {
        const ClientState& state = gate.client(candidate);
        if (!state.head_ready || !may_pad(gate, candidate)) {
          continue;
        }
        Gate::Padding padding =
            padding_for(op, profiles_[candidate][state.head].grid, state.head_blocks);
        if (padding.blocks > 0) {
          padding.client = candidate;
          gate.launch_padded(c, padding);
          return;
        }
      }
    }
    gate.launch(c);
  }

  /// Whether the head of `client` is a kernel that may pad. A copy goes by itself: it needs no compute
  /// unit, and REEF's clients have copied their inputs before they queue kernels.
  bool may_pad(Gate& gate, std::size_t client) {
    const ClientState& state = gate.client(client);
    const bool busy = state.in_flight() > 0 || state.head_blocks > 0;
    if (!profiles_[client][state.head].is_kernel()) {
      if (!busy) {
        gate.launch(client);
        copying_[client] = true;
      }
      return false;
    }
    copying_[client] = copying_[client] && busy;
    return !copying_[client];
  }

  /// How many blocks of `grid`, of which `done` are launched, may pad `op`, and where. None: 0.
  [[nodiscard]] Gate::Padding padding_for(const OpProfile& op, const OpProfile::Grid& grid,
                                          std::uint32_t done) const {
    if (grid.block_duration > op.duration) {
      return {};
    }
    const std::uint32_t layers = (op.grid.blocks + sms_ - 1) / sms_;
    const std::uint32_t own = (op.grid.blocks + layers - 1) / layers;
    const std::uint32_t together = occupancy(op.grid, grid);
    if (own >= sms_ || together < std::min(layers, occupancy(op.grid, op.grid))) {
      return {};
    }
    const auto waves = static_cast<std::uint64_t>(op.duration / grid.block_duration);
    const std::uint64_t room = std::uint64_t{sms_ - own} * together * waves;
    return {.blocks = static_cast<std::uint32_t>(std::min<std::uint64_t>(room, grid.blocks - done)),
            .first_sm = own};
  }

  /// Blocks on a compute unit if each reserves the larger of what the two kernels need.
  [[nodiscard]] std::uint32_t occupancy(const OpProfile::Grid& a, const OpProfile::Grid& b) const {
    const std::uint32_t threads = std::max(a.threads, b.threads);
    // Registers are reserved by the thread.
    const std::uint32_t per_thread = std::max((a.registers + a.threads - 1) / a.threads,
                                              (b.registers + b.threads - 1) / b.threads);
    const std::uint32_t registers = per_thread * threads;
    const std::uint32_t shared_memory = std::max(a.shared_memory, b.shared_memory);
    std::uint32_t blocks = std::min(sm_.blocks, sm_.threads / threads);
    blocks = registers > 0 ? std::min(blocks, sm_.registers / registers) : blocks;
    return shared_memory > 0 ? std::min(blocks, sm_.shared_memory / shared_memory) : blocks;
  }

  const Options options_;
  const std::uint32_t sms_;
  const GpuSpec::Sm sm_;
  const Nanos flag_cost_;
  const Nanos drain_cost_; ///< a kernel that returns at once
  const Nanos command_cost_;
  std::vector<std::span<const OpProfile>> profiles_;
  std::vector<std::size_t> real_time_;
  std::vector<std::size_t> best_effort_;
  std::size_t next_ = 0; ///< best-effort client that is asked first

  Phase phase_ = Phase::best_effort;
  std::vector<std::size_t> waiting_;      ///< real-time clients with an open request, by arrival
  std::vector<std::uint32_t> resumed_at_; ///< op up to which a client's request is surely done
  std::vector<bool> copying_;   ///< beside a real-time request; then nothing of the client pads it
  std::size_t begun_ = kNobody; ///< without preemption: the client whose request has begun
  Nanos drained_at_ = 0;
};

void refuse_what_cannot_be_reset(const Setup& setup) {
  if (!setup.gpu.reset) {
    throw InputError(fmt::format(
        "reef-reset ends running kernels, which the driver of {} does not offer; expected a GPU "
        "whose specification has `reset`, such as mi50, or the system reef",
        quote(setup.gpu.id)));
  }
  for (std::size_t c = 0; c < setup.clients.size(); ++c) {
    const ClientInfo& client = setup.clients[c];
    if (client.training && client.priority == Priority::best_effort) {
      throw InputError(fmt::format(
          "reef-reset executes killed kernels again, but clients[{}], {}, trains, and its kernels "
          "change weights in place; expected best-effort clients to run inference",
          c, quote(client.name)));
    }
  }
}

Preemption preemption_of(const Params& params) {
  const std::string& name = params.text("preemption");
  if (name == "none") {
    return Preemption::none;
  }
  if (name == "reset" || name == "wait") {
    return name == "reset" ? Preemption::reset : Preemption::wait;
  }
  throw ParamError(fmt::format("params.preemption: is {}; expected \"reset\", \"wait\" or \"none\"",
                               quote(name)));
}

SystemInstance make(const Params& params, const Setup& setup) {
  const Options options{.preemption = preemption_of(params),
                        .capacity = static_cast<std::uint32_t>(params.integer("queue_capacity")),
                        .until_empty = params.flag("until_empty"),
                        .padding = params.flag("padding")};
  SystemMode mode{.contexts = ContextMode::shared,
                  .launcher = Launcher::single,
                  .stream_priorities = false,
                  .watches_ops = true};
  if (setup.clients.size() == 1) {
    mode.watches_ops = false;
    return pass_through(mode);
  }
  refuse_what_cannot_be_reset(setup);
  return {.mode = mode, .scheduler = std::make_unique<ReefReset>(options, setup)};
}

const RegisterSystem registered{{
    .name = "reef-reset",
    .title = "REEF: reset-based preemption, kernel padding",
    .summary = "Running best-effort kernels are killed when a real-time request arrives and "
               "executed again later; real-time kernels are padded with best-effort blocks. REEF "
               "(OSDI'22) as on its own GPU, AMD's MI50.",
    .params =
        {
            {.name = "preemption",
             .default_value = std::string("reset"),
             .min = {},
             .max = {},
             .unit = "",
             .doc = "\"reset\" kills what runs; \"wait\" lets it end, and takes back what has not "
                    "begun; \"none\" serves one request after another, whosever."},
            {.name = "queue_capacity",
             .default_value = std::int64_t{2},
             .min = 1,
             .max = 1e6,
             .unit = "ops",
             .doc = "Ops in flight of each best-effort client at most. The published code has 2 "
                    "for reset, 1024 for wait."},
            {.name = "until_empty",
             .default_value = false,
             .min = {},
             .max = {},
             .unit = "",
             .doc = "Reset until all device queues are empty, instead of once for each place of a "
                    "queue and once more. The published code's reset without bounded queues does."},
            {.name = "padding",
             .default_value = true,
             .min = {},
             .max = {},
             .unit = "",
             .doc = "Launch real-time kernels together with best-effort blocks that fit the "
                    "compute units they leave free."},
        },
    .make = make,
}};

} // namespace
} // namespace cotenant
