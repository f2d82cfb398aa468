// The executive of a simulated run: clients, streams and engines under one clock. Its event sources,
// in the order that breaks ties:
//   engines     a kernel's blocks complete
//   fixed       a copy, memset or host op completes
//   sync        a client sees that its request is complete
//   arrival     the next open-loop request arrives
//   host        a client's own host thread is ready to launch again (Launcher::per_client)
//   stream      the op at the front of a stream may start
//   slicer      a time slice ends or a context switch completes
//   timer       the scheduler's timer
//   wake        the scheduler thread looks at the queues
//   use         an interval of the use counters ends (only if they were asked for)
//   memory      one of the memory records does (likewise)
#pragma once

#include <array>

#include "sim/context_slicer.h"
#include "sim/engine.h"
#include "sim/event_slots.h"
#include "sim/memory_meter.h"
#include "sim/simulation.h"

namespace cotenant {

class Executive final : public Gate {
 public:
  Executive(SimSetup& setup, std::vector<ClientState>& states, RecordSink& sink, DetailSink* detail,
            SimProgress* progress);

  SimTotals run();

  [[nodiscard]] Nanos now() const override { return cursor_; }
  void launch(std::size_t client) override;
  void launch_padded(std::size_t client, const Padding& padding) override;
  std::uint32_t withdraw(std::size_t client) override;
  void reset(std::size_t client, std::uint32_t op) override;
  void set_timer(Nanos at) override { slots_.set(timer_slot_, std::max(at, cursor_)); }

 private:
  /// A client's stream: ops launched in order, at most one of them on the device. Requests of a
  /// client never overlap, so the ops in the stream are those in [finished, head) of the client's
  /// state.
  struct Stream {
    bool running = false;  ///< the front op is on the device
    bool deferred = false; ///< the front op waits for its context to become resident
    Nanos last_end = 0;    ///< completion of the last op
    Nanos front_began = 0;
    std::vector<Nanos> arrivals; ///< per op of the program: when its launch reaches the device

    // As a stream whose kernels are padded.
    struct Pad {
      std::uint32_t blocks = 0; ///< 0: none
      std::uint32_t first_sm = 0;
      std::size_t client = 0;
      std::uint32_t op = 0; ///< of that client
    };
    std::vector<Pad> pads;           ///< per op of the program: what it is padded with
    std::uint32_t parts_running = 0; ///< of the front op: itself, its padding

    // As a client whose kernels pad others.
    std::uint32_t pads_launched = 0; ///< and not complete
    std::size_t padding = kNobody;   ///< the client whose front op it pads
    std::uint32_t begun_op = kNone;  ///< an op of which padding did some blocks: how many
    std::uint32_t begun_blocks = 0;
  };
  static constexpr std::size_t kNobody = static_cast<std::size_t>(-1);
  static constexpr std::uint32_t kNone = static_cast<std::uint32_t>(-1);

  // Source numbers of a client's events.
  [[nodiscard]] std::size_t fixed_slot(std::size_t c) const { return engines_.size() + c; }
  [[nodiscard]] std::size_t sync_slot(std::size_t c) const { return fixed_slot(clients_ + c); }
  [[nodiscard]] std::size_t arrival_slot(std::size_t c) const {
    return fixed_slot(2 * clients_ + c);
  }
  [[nodiscard]] std::size_t host_slot(std::size_t c) const { return fixed_slot(3 * clients_ + c); }
  [[nodiscard]] std::size_t stream_slot(std::size_t c) const {
    return fixed_slot(4 * clients_ + c);
  }

  [[nodiscard]] std::size_t engine_of(std::size_t c) const { return engines_.size() == 1 ? 0 : c; }
  [[nodiscard]] const PreparedProgram& program(std::size_t c) const {
    return *setup_.clients[c].program;
  }
  [[nodiscard]] std::uint32_t op_count(std::size_t c) const {
    return static_cast<std::uint32_t>(program(c).profile.size());
  }

  void dispatch_event(std::size_t slot);
  void engine_event(std::size_t engine);
  void begin_request(std::size_t c);
  void request_complete(std::size_t c);
  void next_request(std::size_t c);
  void start_clock();
  void start_front(std::size_t c);
  void start_kernel(std::size_t c, std::uint32_t op, const LaunchPart& part);
  void kernel_complete(std::size_t c);
  void op_complete(std::size_t c);
  [[nodiscard]] Nanos gap_before(std::size_t c) const;
  void schedule_front(std::size_t c);
  void join_line(std::size_t c);
  void leave_line();
  void make_head_ready(std::size_t c);
  void set_head(std::size_t c, std::uint32_t op);
  void wake(Nanos at);
  void find_mark(std::size_t c);
  void decide();
  void apply(const ContextSlicer::Change& change);
  void refresh_engine(std::size_t engine) { slots_.set(engine, engines_[engine]->next()); }
  void report_shares();
  void report_holds();
  void start_use();
  void end_use_interval();
  void report_use();
  [[nodiscard]] bool goes_on();
  void watch_memory();
  void start_memory();
  void end_memory_interval();
  void update_held();
  [[nodiscard]] std::size_t gpus() const;
  [[noreturn]] void refuse_deadlock() const;
  [[nodiscard]] bool finished() const;
  [[nodiscard]] double fraction_done() const;
  SimTotals totals();

  SimSetup& setup_;
  std::vector<ClientState>& states_;
  RecordSink& sink_;
  DetailSink* detail_;
  SimProgress* progress_;

  const std::size_t clients_;
  SystemInstance system_;
  std::vector<ClientInfo> infos_;
  std::vector<std::unique_ptr<Engine>>
      engines_; ///< one, or one per client when nothing or only time is shared
  EventSlots slots_;
  std::size_t slicer_slot_ = 0;
  std::size_t timer_slot_ = 0;
  std::size_t wake_slot_ = 0;
  std::optional<ContextSlicer> slicer_;

  std::vector<Stream> streams_;
  /// Where all clients have one stream: whose ops are in it, in order; a ring with room for all that can be.
  std::vector<std::size_t> line_;
  std::uint64_t line_begin_ = 0;
  std::uint64_t line_end_ = 0;
  std::vector<std::uint32_t> completed_;    ///< scratch for Engine::advance
  std::vector<std::size_t> launched_;       ///< clients launched by the decide() under way
  std::array<Nanos, 2> copy_engine_free_{}; ///< host to device, device to host

  struct Request {
    Nanos arrival = 0; ///< scheduled
    Nanos start = -1;
    std::int64_t index = 0;
  };
  std::vector<Request> requests_;
  std::vector<Nanos> next_arrival_;
  std::vector<Nanos> done_at_;
  std::vector<std::uint64_t> ops_done_;
  std::vector<EngineCounters> used_; ///< by GPU, at the start of the interval under way
  Nanos used_since_ = 0;
  std::size_t use_slot_ = kNobody;
  std::unique_ptr<MemoryMeter> memory_; ///< only if it was asked for
  std::size_t memory_slot_ = kNobody;
  std::vector<std::int64_t> last_held_; ///< running number of the op last reported as held

  Nanos now_ = 0;
  Nanos cursor_ = 0; ///< the launching thread's own time during decide()
  Nanos launcher_free_ = 0;
  Nanos clock_start_ = kNever;
  Nanos horizon_ = kNever; ///< end of the run by time limit
  bool ended_ = false;
  bool interrupted_ = false;
  std::size_t warming_; ///< clients that have not finished their warm-up
  std::size_t ready_heads_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t kernels_ = 0;
};

} // namespace cotenant
