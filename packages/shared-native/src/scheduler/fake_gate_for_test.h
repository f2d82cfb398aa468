// A scheduler under test, its clients played by the test: what is at the head of a queue, what has
// completed.
#pragma once

#include <algorithm>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/system.h"

namespace cotenant::testing {

inline OpProfile kernel(Boundness boundness, std::uint32_t sms, Nanos duration,
                        Phase phase = Phase::forward) {
  return {.kind = OpKind::kernel,
          .phase = phase,
          .boundness = boundness,
          .sm_needed = sms,
          .duration = duration};
}

inline OpProfile copy(OpKind kind = OpKind::copy_h2d, Nanos duration = 1000) {
  return {.kind = kind,
          .phase = Phase::forward,
          .boundness = Boundness::unknown,
          .sm_needed = 0,
          .duration = duration};
}

/// A client of a test. Its ops are a menu that offer() picks heads from.
struct TestClient {
  Priority priority = Priority::best_effort;
  std::vector<OpProfile> ops;
  bool training = false;
  Nanos solo_latency = 0;
  std::int64_t warmup = 0;
};

inline TestClient high(std::vector<OpProfile> ops) {
  return {.priority = Priority::high, .ops = std::move(ops)};
}
inline TestClient best_effort(std::vector<OpProfile> ops) {
  return {.priority = Priority::best_effort, .ops = std::move(ops)};
}

using ParamList = std::vector<std::pair<std::string, ParamValue>>;

/// A GPU of 80 SMs (a V100, as in the published decision vectors) and a poll of 1 µs.
inline GpuSpec test_gpu() {
  GpuSpec gpu;
  gpu.id = "test";
  gpu.sm.count = 80;
  gpu.launch.poll = kMicrosecond;
  return gpu;
}

/// The parts that must exist before a Gate: it keeps a view of the states.
struct TestStates {
  explicit TestStates(std::size_t clients) : states(clients) {}
  std::vector<ClientState> states;
};

/// Makes the system `name` for `clients` and is its Gate.
class ScriptedRun : private TestStates, private Gate {
 public:
  using Launches = std::vector<std::size_t>;

  ScriptedRun(const std::string& name, const ParamList& params, std::vector<TestClient> clients)
      : TestStates(clients.size()), Gate(TestStates::states), clients_(std::move(clients)) {
    const SystemInfo& system = find_system(name);
    std::vector<ClientInfo> infos;
    for (std::size_t c = 0; c < clients_.size(); ++c) {
      infos.push_back({.name = "client" + std::to_string(c),
                       .priority = clients_[c].priority,
                       .training = clients_[c].training,
                       .profile = clients_[c].ops,
                       .solo_latency = clients_[c].solo_latency,
                       .warmup = clients_[c].warmup});
    }
    const GpuSpec gpu = test_gpu();
    instance_ = system.make(Params::checked(system.params, params, "params"),
                            {.gpu = gpu, .clients = infos});
  }

  [[nodiscard]] ClientState& state(std::size_t client) { return states[client]; }
  [[nodiscard]] const SystemMode& mode() const { return instance_.mode; }
  [[nodiscard]] Nanos time() const { return now_; }
  [[nodiscard]] Nanos timer() const { return timer_; }

  /// Op `op` comes to the head of `client`'s queue; ops before it count as launched. What was in
  /// flight still is.
  void offer(std::size_t client, std::uint32_t op) {
    ClientState& s = states[client];
    const std::uint32_t in_flight = s.request_open ? std::min(s.in_flight(), op) : 0;
    s.request_open = true;
    s.head = op;
    s.finished = op - in_flight;
    s.head_ready = true;
  }

  /// All that `client` has in flight completes.
  void finish(std::size_t client) {
    ClientState& s = states[client];
    while (s.in_flight() > 0) {
      const std::uint32_t op = s.finished++;
      instance_.scheduler->on_finished(client, op, *this);
    }
  }

  /// `client`'s request, all of it complete, ends.
  void end_request(std::size_t client, Nanos duration = 0) {
    finish(client);
    states[client].request_open = false;
    states[client].head_ready = false;
    ++states[client].requests;
    instance_.scheduler->on_request_finished(client, duration, *this);
  }

  /// One turn: the clients that launched, in order.
  Launches decide() {
    launched_.clear();
    instance_.scheduler->decide(*this);
    return launched_;
  }

  /// One turn at `at`, with the timer if it is due.
  Launches decide_at(Nanos at) {
    now_ = at;
    if (timer_ <= now_) {
      timer_ = kNever;
      instance_.scheduler->on_timer(*this);
    }
    return decide();
  }

  /// decide() with op `op` of `client` at the head and nothing else new.
  Launches offered(std::size_t client, std::uint32_t op) {
    offer(client, op);
    return decide();
  }

 private:
  [[nodiscard]] Nanos now() const override { return now_; }
  void set_timer(Nanos at) override { timer_ = at; }
  void launch(std::size_t client) override {
    ClientState& s = states[client];
    ASSERT_TRUE(s.head_ready) << "client " << client << " has no head";
    s.head_ready = false;
    ++s.head;
    launched_.push_back(client);
  }

  std::vector<TestClient> clients_;
  SystemInstance instance_;
  Nanos now_ = 0;
  Nanos timer_ = kNever;
  Launches launched_;
};

} // namespace cotenant::testing
