// Tick-tock scheduling: two training jobs, the forward phase of one beside the backward phase of the other.
//
// WAVELET (MLSys'21) runs two waves of tasks a GPU, shifted by half an iteration, so that the activations of one
// are built up while those of the other are freed. The baselines tool of Orion's repository (EuroSys'24) reduces
// that to the order of phases of two jobs that have nothing to do with each other; this is that policy.
//
// A phase is a run of forward ops, or of backward and optimizer ops, of a program; one control is around each kind
// (ticktock_controls.h). A program may have any number of phase pairs an iteration.
//
// Choices that the publications leave open, and what is mended:
//   - the end of a job opens both controls (there, only that of the forward phase: the other job could hang);
//   - jobs that evaluate have no controls, as there; beside one, nobody waits (there, the other job would wait for
//     a turn that nobody gives);
//   - a job that has warmed up and waits for the other one to do so has no turns either;
//   - an iteration that ends in the kind of phase with which it begins stays inside that control until the next
//     iteration leaves it: phases alternate, so that neither job can wait for the other for ever;
//   - the next phase's first op is launched when the phase before it is seen to be complete; there it is launched
//     before and waits on the GPU, so that a phase begins a launch latency later here.
#include <algorithm>
#include <fmt/format.h>
#include <vector>

#include "base/error.h"
#include "scheduler/system.h"
#include "systems/ticktock_controls.h"

namespace cotenant {
namespace {

using ticktock::Control;
using ticktock::Controls;

Control control_of(const OpProfile& op) {
  return op.phase == Phase::forward ? Control::forward : Control::backward;
}

/// Whether `client` ever passes `control`.
bool passes(const ClientInfo& client, Control control) {
  return client.training && std::ranges::any_of(client.profile, [&](const OpProfile& op) {
           return control_of(op) == control;
         });
}

class TickTock final : public Scheduler {
 public:
  explicit TickTock(std::span<const ClientInfo> clients)
      : controls_(all_pass(clients, Control::forward), all_pass(clients, Control::backward)) {
    for (const ClientInfo& client : clients) {
      Client made{.profile = client.profile, .phases = {}, .warmup = client.warmup};
      for (const OpProfile& op : client.profile) {
        const bool begins = made.phases.empty() ||
                            control_of(client.profile[made.phases.size() - 1]) != control_of(op);
        made.phases.push_back(made.phases.empty() ? 0 : made.phases.back() + (begins ? 1 : 0));
      }
      clients_.push_back(std::move(made));
    }
    open_or_close();
  }

  void on_finished(std::size_t c, std::uint32_t op, Gate& /*gate*/) override {
    const Client& client = clients_[c];
    const Control control = control_of(client.profile[op]);
    const bool last = op + 1 == client.profile.size();
    const Control next = control_of(client.profile[last ? 0 : op + 1]);
    if (next != control || (last && client.phases[op] == 0)) {
      controls_.leave(control, c);
    } else if (last) {
      controls_.go_on(control, c, 0);
    }
  }

  void on_request_finished(std::size_t c, Nanos /*duration*/, Gate& gate) override {
    clients_[c].warmed_up = gate.client(c).requests >= clients_[c].warmup;
    clients_[c].done = gate.client(c).done;
    open_or_close();
  }

  void decide(Gate& gate) override {
    for (std::size_t c = 0; c < clients_.size(); ++c) {
      const ClientState& state = gate.client(c);
      const Client& client = clients_[c];
      if (state.head_ready &&
          controls_.enter(control_of(client.profile[state.head]), c, client.phases[state.head])) {
        gate.launch(c);
      }
    }
  }

 private:
  struct Client {
    std::span<const OpProfile> profile;
    std::vector<std::uint32_t> phases; ///< by op: which of the iteration's it belongs to
    std::int64_t warmup = 0;
    bool warmed_up = warmup <= 0;
    bool done = false;
  };

  static bool all_pass(std::span<const ClientInfo> clients, Control control) {
    return std::ranges::all_of(clients, [&](const ClientInfo& c) { return passes(c, control); });
  }

  /// The jobs take turns while both are in their warm-up, or both behind it.
  void open_or_close() {
    controls_.set_open(clients_[0].done || clients_[1].done ||
                       clients_[0].warmed_up != clients_[1].warmed_up);
  }

  std::vector<Client> clients_;
  Controls controls_;
};

const RegisterSystem registered{{
    .name = "ticktock",
    .title = "Tick-tock: forward beside backward",
    .summary = "Two training jobs in lockstep: their forward phases alternate and their backward "
               "phases alternate, so that the forward phase of one runs beside the backward phase "
               "of the other. WAVELET (MLSys'21) as the baselines tool of Orion (EuroSys'24) "
               "reduces it, its end mended.",
    .params = {},
    .make =
        [](const Params& /*params*/, const Setup& setup) {
          if (setup.clients.size() != Controls::kJobs) {
            throw InputError(
                fmt::format("ticktock alternates the phases of two jobs, but there {} {}; expected "
                            "two entries in clients",
                            setup.clients.size() == 1 ? "is" : "are", setup.clients.size()));
          }
          return SystemInstance{.mode = {.contexts = ContextMode::shared,
                                         .launcher = Launcher::single,
                                         .stream_priorities = false,
                                         .watches_ops = true},
                                .scheduler = std::make_unique<TickTock>(setup.clients)};
        },
}};

} // namespace
} // namespace cotenant
