// The seam between a published way of sharing a GPU and the machine that it runs on.
//
// A system is one Scheduler. It is told what happened (an op finished, a request finished, a timer
// came due) and is then asked to decide: it looks at the heads of the clients' queues and launches
// those that may go. Whatever it does not launch is held. The same object runs on the simulated and
// on the real GPU, so it must
//   - read time only from its Gate,
//   - be deterministic: equal calls, equal answers,
//   - allocate nothing after start(): it is called several times per op.
//
//   client queue ──head──▶ Scheduler::decide ──Gate::launch──▶ client's stream ──▶ device
//        ▲                        ▲                                                  │
//        └──── next op ───────────┴──────── on_finished / on_request_finished ◀──────┘
#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/time.h"
#include "program/memory_event.h"
#include "program/op.h"

namespace cotenant {

enum class Priority : std::uint8_t { high, best_effort };

/// What a system may know of an op before it runs: its row in the profile.
struct OpProfile {
  OpKind kind = OpKind::kernel;
  Phase phase = Phase::forward;
  Boundness boundness = Boundness::unknown;
  std::uint32_t sm_needed = 0; ///< SMs for all its blocks at once; unbounded above
  Nanos duration = 0;          ///< running alone on this GPU

  /// Of a kernel's grid: how many blocks, how long one of them takes, and what it takes of an SM.
  struct Grid {
    std::uint32_t blocks = 0;
    Nanos block_duration = 0;
    std::uint32_t threads = 0;       ///< per block, as this and the next two are
    std::uint32_t registers = 0;     ///< as allocated
    std::uint32_t shared_memory = 0; ///< bytes
  };
  Grid grid = {};

  /// Kernels count as compute ops; copies and memsets do not (Orion's `seen` advances on the
  /// former).
  [[nodiscard]] bool is_kernel() const { return kind == OpKind::kernel; }
};

/// What a client takes of device memory: its program's allocations, one iteration's like the next's.
struct MemoryProfile {
  std::span<const MemoryEvent> trace;
  std::int64_t persistent_bytes = 0; ///< held between iterations
  std::int64_t peak_bytes = 0;       ///< most in use, as recorded
};

/// What does not change during a run.
struct ClientInfo {
  std::string name;
  Priority priority = Priority::best_effort;
  bool training = false;
  std::span<const OpProfile> profile; ///< one row per op of the client's program
  Nanos solo_latency = 0;             ///< of one request on this GPU, running alone
  std::int64_t warmup = 0;            ///< requests before the measured ones
  MemoryProfile memory = {};
};

/// What does. Kept up to date by the executive; a scheduler only reads it.
struct ClientState {
  bool head_ready = false; ///< an op is at the head of the client's queue
  bool request_open =
      false;              ///< a request has begun (no op need be launched yet) and is not complete
  bool done = false;      ///< the client has completed all of its requests
  std::uint32_t head = 0; ///< index of the head op in the program = ops of this request launched
  std::uint32_t finished =
      0; ///< ops of this request seen to be complete; both keep until the next request
  std::uint32_t head_blocks =
      0; ///< blocks of the head op that were launched as padding; it still is the head
  std::int64_t requests = 0; ///< requests completed, warm-up included

  /// Ops launched and not yet seen to be complete.
  [[nodiscard]] std::uint32_t in_flight() const { return head - finished; }
};

/// What a scheduler may do. Valid only during the call that it is passed to.
class Gate {
 public:
  explicit Gate(std::span<const ClientState> states) : states_(states) {}
  virtual ~Gate() = default;
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  /// The device's clock. Within one decide() it advances by the launch cost at each launch when one
  /// thread launches for all clients.
  [[nodiscard]] virtual Nanos now() const = 0;

  [[nodiscard]] const ClientState& client(std::size_t index) const { return states_[index]; }
  [[nodiscard]] std::size_t clients() const { return states_.size(); }

  /// Launches the head op of `client` on that client's stream. When it returns, client(index)
  /// counts the op as launched and has no head until the next one reaches the queue. REQUIRES:
  /// client(index).head_ready.
  virtual void launch(std::size_t client) = 0;

  // What follows only a GPU can do whose running kernels can be ended (GpuSpec::reset). A system that
  // calls it refuses other GPUs when it is made. It launches from a single thread.

  /// Blocks of a best-effort kernel that fill up the SMs which a kernel leaves free.
  struct Padding {
    std::size_t client = 0;   ///< whose head kernel they are of
    std::uint32_t blocks = 0; ///< at least one, at most all that are left of it
    std::uint32_t first_sm =
        0; ///< they go to this SM and those after it, the padded kernel to those before it
  };

  /// Launches the head op of `client` padded, the two as one kernel: both start when the op's turn in
  /// its stream comes, and the next op of that stream waits for both. The padding client's head
  /// remains its head until all its blocks are launched; a later launch() launches those that are
  /// left. REQUIRES: both heads are ready and kernels; the padding client has nothing in flight but
  /// padding of `client`'s current request, and launches nothing else while it has.
  virtual void launch_padded(std::size_t /*client*/, const Padding& /*padding*/) {
    throw std::logic_error("this device cannot pad kernels");
  }

  /// Takes back the ops of `client` that were launched and have not begun; the first of them is the
  /// head again. What runs, runs on. Returns how many there were.
  virtual std::uint32_t withdraw(std::size_t /*client*/) {
    throw std::logic_error("this device cannot take back what was launched");
  }

  /// Ends the kernel that `client` has running with all its blocks, takes back what it launched, and
  /// makes `op` its head again, to be executed anew with all that followed it. REQUIRES: it has ops
  /// in flight, none of them padding; op <= its `finished`; executing the ops from there on again
  /// gives the same result.
  virtual void reset(std::size_t /*client*/, std::uint32_t /*op*/) {
    throw std::logic_error("this device cannot end running kernels");
  }

  /// Asks for on_timer() at `at` (or as soon as possible after it). One timer: a later call
  /// replaces it.
  virtual void set_timer(Nanos at) = 0;

 private:
  std::span<const ClientState> states_;
};

class Scheduler {
 public:
  Scheduler() = default;
  virtual ~Scheduler() = default;
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// Op `op` of `client`'s current request is complete. States are already updated.
  virtual void on_finished(std::size_t /*client*/, std::uint32_t /*op*/, Gate& /*gate*/) {}

  /// A request of `client` is complete; `duration` from its first launch to its last completion.
  /// Its request_open is false and `requests` counts it.
  virtual void on_request_finished(std::size_t /*client*/, Nanos /*duration*/, Gate& /*gate*/) {}

  virtual void on_timer(Gate& /*gate*/) {}

  /// Launch what may go. Called after any change: a head became ready, one of the calls above, a
  /// launch in the previous decide().
  virtual void decide(Gate& gate) = 0;

  // What a system says of device memory if it shares it out (SystemMode::manages_memory).

  /// Bytes that no other client can have while this one holds them.
  [[nodiscard]] virtual std::int64_t held_bytes(std::size_t /*client*/) const { return 0; }
  /// What all clients together are to stay within, at this time.
  [[nodiscard]] virtual std::int64_t memory_budget() const { return 0; }
};

} // namespace cotenant
