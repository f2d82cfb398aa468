// A device just large enough to drive a scheduler through whole runs: streams do not slow each
// other down. It checks the seam as it goes and calls back for everything that happens.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <type_traits>
#include <vector>

#include "scheduler/fake_gate_for_test.h"

namespace cotenant::testing {

struct TinyClient {
  TestClient client;
  std::int64_t requests = 1; ///< then it is done
  Nanos host_gap = 0;        ///< longest time between a launch and the next head
  Nanos request_gap = 0;     ///< longest time between the end of a request and the next
  std::vector<OpProfile> told =
      {}; ///< what the scheduler is told of its ops, if that is not how they are
  std::vector<MemoryEvent> memory = {};
  std::int64_t persistent_bytes = 0;
};

/// What a run did, in order.
struct TinyEvent {
  enum class What : std::uint8_t {
    launched,
    finished,
    request_begins,
    request_ends,
    turn_ends,
    withdrawn, ///< op `op` is the head again
    reset      ///< the same, and what ran is killed
  };
  What what = What::launched;
  Nanos at = 0;
  std::size_t client = 0;
  std::uint32_t op = 0;
  bool operator==(const TinyEvent&) const = default;
};

class TinyDevice : private TestStates, private Gate {
 public:
  /// `seed` decides host and request gaps and by how much ops deviate from their recorded duration.
  TinyDevice(const std::string& name, const ParamList& params,
             const std::vector<TinyClient>& clients, std::uint32_t seed)
      : TestStates(clients.size()), Gate(TestStates::states), clients_(clients),
        streams_(clients.size()), random_(seed) {
    std::vector<ClientInfo> infos;
    for (const TinyClient& c : clients_) {
      infos.push_back(
          {.name = "client" + std::to_string(infos.size()),
           .priority = c.client.priority,
           .training = c.client.training,
           .profile = c.told.empty() ? c.client.ops : c.told,
           .solo_latency = c.client.solo_latency,
           .warmup = c.client.warmup,
           .memory = {.trace = c.memory, .persistent_bytes = c.persistent_bytes, .peak_bytes = 0}});
    }
    const SystemInfo& system = find_system(name);
    const GpuSpec gpu = test_gpu();
    for (std::size_t c = 0; c < clients_.size(); ++c) {
      streams_[c].pads.resize(clients_[c].client.ops.size());
    }
    instance_ = system.make(Params::checked(system.params, params, "params"),
                            {.gpu = gpu, .clients = infos});
    for (Stream& stream : streams_) {
      stream.begins = draw(10 * kMicrosecond);
    }
  }

  [[nodiscard]] const ClientState& state(std::size_t client) const { return states[client]; }
  [[nodiscard]] const Scheduler& scheduler() const { return *instance_.scheduler; }
  [[nodiscard]] bool all_done() const {
    return std::all_of(states.begin(), states.end(), [](const ClientState& s) { return s.done; });
  }

  /// Runs until all clients are done or nothing can happen any more; calls `watch(const
  /// TinyEvent&)`.
  template <typename Watch> void run(Watch&& watch) {
    while (!all_done()) {
      Nanos next = timer_;
      for (const Stream& stream : streams_) {
        next = std::min({next, stream.begins, stream.head_at, stream.ends});
      }
      if (next == kNever) {
        return;
      }
      now_ = next;
      log_launch_ = [](void* w, const TinyEvent& e) {
        (*static_cast<std::remove_reference_t<Watch>*>(w))(e);
      };
      watcher_ = &watch;
      step(watch);
      // Turn after turn until one launches nothing.
      do {
        launched_ = false;
        instance_.scheduler->decide(*this);
        watch(TinyEvent{.what = TinyEvent::What::turn_ends, .at = now_});
        make_heads_ready();
      } while (launched_);
    }
  }

 private:
  struct Stream {
    Nanos begins = kNever;  ///< the next request
    Nanos head_at = kNever; ///< the next op reaches the head of the queue
    Nanos ends = kNever;    ///< the op at the front completes
    Nanos first_launch = 0;
    struct Pad {
      std::size_t client = 0;
      bool last = false;       ///< the padding op is complete with it
      std::uint32_t parts = 0; ///< 0: none, else 1
    };
    std::vector<Pad> pads; ///< by op
  };

  Nanos draw(Nanos most) {
    return most <= 0 ? 0 : static_cast<Nanos>(random_() % static_cast<std::uint64_t>(most + 1));
  }

  /// Everything that is due now, client by client.
  template <typename Watch> void step(Watch&& watch) {
    for (std::size_t c = 0; c < streams_.size(); ++c) {
      Stream& stream = streams_[c];
      ClientState& s = states[c];
      if (stream.begins <= now_) {
        stream.begins = kNever;
        s.request_open = true;
        s.head = s.finished = 0;
        stream.head_at = now_;
        watch(TinyEvent{.what = TinyEvent::What::request_begins, .at = now_, .client = c});
      }
      if (stream.ends <= now_) {
        finish_front(c, watch);
      }
    }
    make_heads_ready();
    if (timer_ <= now_) {
      timer_ = kNever;
      instance_.scheduler->on_timer(*this);
    }
  }

  template <typename Watch> void finish_front(std::size_t c, Watch&& watch) {
    Stream& stream = streams_[c];
    ClientState& s = states[c];
    stream.ends = kNever;
    if (Stream::Pad& pad = stream.pads[s.finished]; pad.parts > 0) {
      pad.parts = 0;
      if (pad.last) {
        finish_front(pad.client, watch);
      }
    }
    const std::uint32_t op = s.finished++;
    watch(TinyEvent{.what = TinyEvent::What::finished, .at = now_, .client = c, .op = op});
    instance_.scheduler->on_finished(c, op, *this);
    if (s.in_flight() > 0) {
      if (!is_padding(c)) {
        start_front(c);
      }
    } else if (s.head == clients_[c].client.ops.size()) {
      s.request_open = false;
      ++s.requests;
      s.done = s.requests == clients_[c].requests;
      watch(TinyEvent{.what = TinyEvent::What::request_ends, .at = now_, .client = c});
      instance_.scheduler->on_request_finished(c, now_ - stream.first_launch, *this);
      stream.begins = s.done ? kNever : now_ + draw(clients_[c].request_gap);
    }
  }

  [[nodiscard]] bool is_padding(std::size_t c) const {
    return std::any_of(streams_.begin(), streams_.end(), [c](const Stream& stream) {
      return std::any_of(stream.pads.begin(), stream.pads.end(),
                         [c](const Stream::Pad& pad) { return pad.parts > 0 && pad.client == c; });
    });
  }

  void start_front(std::size_t c) {
    const Nanos duration = clients_[c].client.ops[states[c].finished].duration;
    streams_[c].ends = now_ + 1 + duration / 2 + draw(duration);
  }

  void make_heads_ready() {
    for (std::size_t c = 0; c < streams_.size(); ++c) {
      if (streams_[c].head_at <= now_) {
        streams_[c].head_at = kNever;
        states[c].head_ready = true;
      }
    }
  }

  [[nodiscard]] Nanos now() const override { return now_; }
  void set_timer(Nanos at) override {
    ASSERT_GT(at, now_) << "a timer in the past would never let time pass";
    timer_ = at;
  }
  void launch(std::size_t c) override {
    ClientState& s = states[c];
    ASSERT_TRUE(s.head_ready) << "client " << c << " has no head";
    ASSERT_TRUE(s.request_open);
    ASSERT_LT(s.head, clients_[c].client.ops.size());
    const std::uint32_t op = s.head;
    if (op == 0) {
      streams_[c].first_launch = now_;
    }
    const bool idle = s.in_flight() == 0;
    s.head_ready = false;
    s.head_blocks = 0;
    ++s.head;
    if (idle) {
      start_front(c);
    }
    if (s.head < clients_[c].client.ops.size()) {
      streams_[c].head_at = now_ + draw(clients_[c].host_gap);
    }
    launched_ = true;
    log_launch_(watcher_, {.what = TinyEvent::What::launched, .at = now_, .client = c, .op = op});
  }

  void launch_padded(std::size_t c, const Padding& padding) override {
    ClientState& s = states[padding.client];
    ASSERT_TRUE(s.head_ready && states[c].head_ready && padding.client != c);
    ASSERT_TRUE(s.in_flight() == 0 || is_padding(padding.client));
    const OpProfile& op = clients_[padding.client].client.ops[s.head];
    ASSERT_TRUE(op.is_kernel() && clients_[c].client.ops[states[c].head].is_kernel());
    ASSERT_TRUE(padding.blocks > 0 && s.head_blocks + padding.blocks <= op.grid.blocks);
    ASSERT_TRUE(padding.first_sm > 0 && padding.first_sm < test_gpu().sm.count);
    if (s.head == 0 && s.head_blocks == 0) {
      streams_[padding.client].first_launch = now_;
    }
    s.head_blocks += padding.blocks;
    const bool last = s.head_blocks == op.grid.blocks;
    streams_[c].pads[states[c].head] = {.client = padding.client, .last = last, .parts = 1};
    if (last) {
      log_launch_(
          watcher_,
          {.what = TinyEvent::What::launched, .at = now_, .client = padding.client, .op = s.head});
      s.head_ready = false;
      s.head_blocks = 0;
      if (++s.head < clients_[padding.client].client.ops.size()) {
        streams_[padding.client].head_at = now_ + draw(clients_[padding.client].host_gap);
      }
    }
    launch(c);
  }
  std::uint32_t withdraw(std::size_t c) override {
    ClientState& s = states[c];
    const std::uint32_t kept = std::min(s.finished + 1, s.head);
    const std::uint32_t withdrawn = s.head - kept;
    if (withdrawn > 0) {
      go_back(c, kept, TinyEvent::What::withdrawn);
    }
    return withdrawn;
  }
  void reset(std::size_t c, std::uint32_t op) override {
    ASSERT_GT(states[c].in_flight(), 0U);
    ASSERT_LE(op, states[c].finished);
    ASSERT_FALSE(is_padding(c));
    streams_[c].ends = kNever;
    states[c].finished = op;
    go_back(c, op, TinyEvent::What::reset);
  }
  void go_back(std::size_t c, std::uint32_t op, TinyEvent::What what) {
    states[c].head = op;
    states[c].head_blocks = 0;
    states[c].head_ready = true;
    streams_[c].head_at = kNever;
    log_launch_(watcher_, {.what = what, .at = now_, .client = c, .op = op});
  }

  std::vector<TinyClient> clients_;
  std::vector<Stream> streams_;
  std::mt19937_64 random_;
  SystemInstance instance_;
  Nanos now_ = 0;
  Nanos timer_ = kNever;
  bool launched_ = false;
  void (*log_launch_)(void*, const TinyEvent&) = nullptr; ///< the watcher of run(), its type erased
  void* watcher_ = nullptr;
};

/// All that happens in a run, in order.
inline std::vector<TinyEvent> events_of(const std::string& system, const ParamList& params,
                                        const std::vector<TinyClient>& clients,
                                        std::uint32_t seed) {
  std::vector<TinyEvent> list;
  TinyDevice(system, params, clients, seed).run([&](const TinyEvent& event) {
    list.push_back(event);
  });
  return list;
}

} // namespace cotenant::testing
