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
          .duration = duration,
          // One block an SM, as long as the kernel.
          .grid = {.blocks = sms,
                   .block_duration = duration,
                   .threads = 256,
                   .registers = 0,
                   .shared_memory = 0}};
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

/// A GPU of 80 SMs (a V100, as in the published decision vectors) whose kernels can be reset; a poll, a
/// launch call, its latency and an empty kernel take 1 µs each, a reset command 10.
inline GpuSpec test_gpu() {
  GpuSpec gpu;
  gpu.id = "test";
  gpu.sm.count = 80;
  gpu.sm.threads = 2048;
  gpu.sm.blocks = 32;
  gpu.sm.registers = 65536;
  gpu.sm.shared_memory = 65536;
  gpu.memory.bytes = std::int64_t{16} << 30;
  gpu.launch.poll = kMicrosecond;
  gpu.launch.host = kMicrosecond;
  gpu.launch.latency = kMicrosecond;
  gpu.launch.empty_kernel = kMicrosecond;
  gpu.reset = GpuSpec::Reset{.command = 10 * kMicrosecond};
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

  /// What a scheduler did besides launching, in order; for launch_padded, `count` blocks from SM `at`
  /// on pad.
  struct Act {
    enum class What : std::uint8_t { pad, withdraw, reset };
    What what = What::pad;
    std::size_t client = 0;
    std::uint32_t count = 0; ///< blocks; ops withdrawn; the op to go on from
    std::uint32_t at = 0;
    bool operator==(const Act&) const = default;
  };

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
  [[nodiscard]] const std::vector<Act>& acts() const { return acts_; }

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
  void launch_padded(std::size_t client, const Padding& padding) override {
    ClientState& s = states[padding.client];
    ASSERT_TRUE(s.head_ready) << "client " << padding.client << " has no head";
    acts_.push_back({.what = Act::What::pad,
                     .client = padding.client,
                     .count = padding.blocks,
                     .at = padding.first_sm});
    s.head_blocks += padding.blocks;
    if (s.head_blocks == clients_[padding.client].ops[s.head].grid.blocks) {
      s.head_blocks = 0;
      s.head_ready = false;
      ++s.head;
    }
    launch(client);
  }
  std::uint32_t withdraw(std::size_t client) override {
    ClientState& s = states[client];
    const std::uint32_t kept = std::min(s.finished + 1, s.head);
    const std::uint32_t withdrawn = s.head - kept;
    s.head = kept;
    s.head_ready = withdrawn > 0 || s.head_ready;
    acts_.push_back({.what = Act::What::withdraw, .client = client, .count = withdrawn});
    return withdrawn;
  }
  void reset(std::size_t client, std::uint32_t op) override {
    states[client].head = states[client].finished = op;
    states[client].head_ready = true;
    acts_.push_back({.what = Act::What::reset, .client = client, .count = op});
  }

  std::vector<TestClient> clients_;
  SystemInstance instance_;
  Nanos now_ = 0;
  Nanos timer_ = kNever;
  Launches launched_;
  std::vector<Act> acts_;
};

} // namespace cotenant::testing
