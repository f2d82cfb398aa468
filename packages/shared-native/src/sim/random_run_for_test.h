// Random runs of the simulator: small programs, traffic, priorities and parameters for any registered system. A
// run is a function of its number alone, on any machine.
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "device/gpu_spec_for_test.h"
#include "sim/programs_for_test.h"
#include "sim/simulation.h"
#include "traffic/arrivals.h"

namespace cotenant::testing {

class RandomRun {
 public:
  RandomRun(const SystemInfo& system, std::uint64_t number)
      : system_(system), words_(static_cast<std::uint32_t>(number)), gpu_(any_gpu()) {
    const std::size_t drawn = 1 + below(4);
    const std::size_t clients = system.name == "ticktock" ? 2 : drawn;
    // Mostly one high-priority client, somewhere; now and then none, or two.
    const std::size_t high = below(10) == 0 ? clients : below(clients);
    const std::size_t second = below(20) == 0 ? below(clients) : clients;
    for (std::size_t c = 0; c < clients; ++c) {
      programs_.push_back(std::make_unique<PreparedProgram>(any_program()));
      add_client(c == high || c == second ? Priority::high : Priority::best_effort);
    }
    if (high < clients && below(2) == 0) {
      until_ = high;
      for (std::size_t c = 0; c < clients; ++c) {
        if (c != high && below(2) == 0) {
          clients_[c].requests.reset(); // until the run ends
        }
      }
    }
    params_ = any_params();
  }

  /// The setup, with traffic from its start. REQUIRES: this object outlives its use.
  [[nodiscard]] SimSetup setup() const {
    std::vector<RunClient> clients = clients_;
    for (std::size_t c = 0; c < clients.size(); ++c) {
      if (!clients[c].closed) {
        auto source = std::make_shared<GapSource>(traffic_[c], static_cast<std::uint32_t>(c));
        clients[c].next_gap = [source] { return source->next(); };
      }
    }
    return {.gpu = gpu_,
            .clients = std::move(clients),
            .system = system_,
            .params = Params::checked(system_.params, params_, "params"),
            .until = until_,
            .time_limit = kLimit};
  }

  [[nodiscard]] const std::vector<RunClient>& clients() const { return clients_; }
  [[nodiscard]] std::optional<std::size_t> until() const { return until_; }

  /// Simulated time after which a run is cut off: a system may starve a client for as long as another one goes on.
  static constexpr Nanos kLimit = 20 * kMillisecond;

 private:
  std::uint32_t below(std::size_t bound) {
    return static_cast<std::uint32_t>(words_() % static_cast<std::uint32_t>(bound));
  }

  GpuSpec any_gpu() {
    static const GpuSpec h200 = h200_for_test();
    static const GpuSpec v100 = v100_for_test();
    GpuSpec gpu = below(2) == 0 ? h200 : v100;
    gpu.sm.count = 1 + below(12);
    gpu.launch.queue_depth = below(4) == 0 ? 1 + below(4) : gpu.launch.queue_depth;
    if (system_.name == "reef-reset") {
      gpu.reset = {.command = 1 + below(20'000)};
    }
    return gpu;
  }

  PreparedProgram any_program() {
    // What may be killed is inference only.
    const Mode mode = below(2) == 0 && !gpu_.reset ? Mode::training : Mode::inference;
    Program program = random_program_for_test(gpu_.id, mode, 1 + below(10), words_);
    for (Op& op : program.ops) {
      op.grid.x = 1 + op.grid.x % (gpu_.sm.count * 8);
      op.duration = 1 + op.duration / (below(3) == 0 ? 1 : 10);
      if (below(8) == 0) {
        op.kind = below(2) == 0 ? OpKind::copy_d2h : OpKind::memset;
      }
    }
    return prepare_program(program, gpu_, gpu_);
  }

  void add_client(Priority priority) {
    const PreparedProgram& program = *programs_.back();
    RunClient client;
    client.name = "client" + std::to_string(clients_.size());
    client.priority = priority;
    client.program = &program;
    client.requests = 1 + below(5);
    client.warmup = below(3);
    client.closed = below(2) == 0;
    Traffic traffic;
    if (!client.closed) {
      traffic.kind = below(2) == 0 ? Traffic::Kind::uniform : Traffic::Kind::poisson;
      const double load = (1 + below(20)) / 10.0; // up to twice what the client alone could do
      traffic.rate = load * 1e9 / static_cast<double>(std::max<Nanos>(program.solo_latency, 1));
    }
    traffic_.push_back(traffic);
    clients_.push_back(std::move(client));
  }

  /// Some of the system's parameters, each at a bound, near it, or anywhere.
  std::vector<std::pair<std::string, ParamValue>> any_params() {
    std::vector<std::pair<std::string, ParamValue>> params;
    for (const ParamSpec& spec : system_.params) {
      if (below(3) != 0) {
        continue;
      }
      const double low = spec.min.value_or(0);
      const double high = std::min(spec.max.value_or(1e6), 1e6);
      const double value =
          below(4) == 0 ? low : std::min(high, low + std::exp2(below(20)) * (1 + below(3)));
      if (std::holds_alternative<bool>(spec.default_value)) {
        params.emplace_back(spec.name, below(2) == 0);
      } else if (std::holds_alternative<std::int64_t>(spec.default_value)) {
        params.emplace_back(spec.name, static_cast<std::int64_t>(std::ceil(std::min(value, high))));
      } else if (std::holds_alternative<double>(spec.default_value)) {
        params.emplace_back(spec.name, value);
      }
    }
    return params;
  }

  const SystemInfo& system_;
  std::mt19937 words_;
  GpuSpec gpu_;
  std::vector<std::unique_ptr<PreparedProgram>> programs_;
  std::vector<RunClient> clients_;
  std::vector<Traffic> traffic_;
  std::optional<std::size_t> until_;
  std::vector<std::pair<std::string, ParamValue>> params_;
};

} // namespace cotenant::testing
