// The executive of a simulated run. Its event sources, in the order that breaks ties:
//   engines     a kernel's blocks complete
//   fixed       a copy, memset or host op completes
//   sync        a client sees that its request is complete
//   arrival     the next open-loop request arrives
//   host        a client's own host thread is ready to launch again (Launcher::per_client)
//   stream      the op at the front of a stream may start
//   slicer      a time slice ends or a context switch completes
//   timer       the scheduler's timer
//   wake        the scheduler thread looks at the queues
#include "sim/simulation.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <stdexcept>

#include "sim/context_slicer.h"
#include "sim/event_slots.h"

namespace cotenant {
namespace {

/// How often the loop looks at the world outside (progress, interruption), in events; a power of
/// two.
constexpr std::uint64_t kOutsideEvery = 1U << 14U;

/// A client's stream: ops launched in order, at most one of them on the device. Requests of a
/// client never overlap, so the ops in the stream are those in [finished, head) of the client's
/// state.
struct Stream {
  bool running = false;  ///< the front op is on the device
  bool deferred = false; ///< the front op waits for its context to become resident
  Nanos last_end = 0;    ///< completion of the last op
  Nanos front_began = 0;
  std::vector<Nanos> arrivals; ///< per op of the program: when its launch reaches the device
};

class Simulation final : public Gate {
 public:
  Simulation(SimSetup& setup, std::vector<ClientState>& states, RecordSink& sink,
             DetailSink* detail, SimProgress* progress);

  SimTotals run();

  [[nodiscard]] Nanos now() const override { return cursor_; }
  void launch(std::size_t client) override;
  void set_timer(Nanos at) override { slots_.set(timer_slot_, std::max(at, cursor_)); }

 private:
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
  void op_complete(std::size_t c);
  void schedule_front(std::size_t c);
  void make_head_ready(std::size_t c);
  void wake(Nanos at);
  void decide();
  void apply(const ContextSlicer::Change& change);
  void refresh_engine(std::size_t engine) { slots_.set(engine, engines_[engine]->next()); }
  void report_shares();
  void report_holds();
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

Simulation::Simulation(SimSetup& setup, std::vector<ClientState>& states, RecordSink& sink,
                       DetailSink* detail, SimProgress* progress)
    : Gate(states), setup_(setup), states_(states), sink_(sink), detail_(detail),
      progress_(progress), clients_(setup.clients.size()), infos_(client_infos(setup.clients)), slots_(0),
      warming_(setup.clients.size()) {
  system_ = setup.system.make(setup.params, {.gpu = setup.gpu, .clients = infos_});
  const bool own_engines = system_.mode.contexts == ContextMode::isolated ||
                           system_.mode.contexts == ContextMode::time_sliced;
  const BlockOrder order = system_.mode.contexts == ContextMode::mps ? BlockOrder::fair_contexts
                                                                     : BlockOrder::priority_fifo;
  const auto make = setup.engine == EngineKind::oracle ? make_block_engine : make_wave_engine;
  for (std::size_t i = 0; i < (own_engines ? clients_ : 1); ++i) {
    engines_.push_back(make(setup.gpu, static_cast<std::uint32_t>(clients_), order));
  }
  slicer_slot_ = engines_.size() + 5 * clients_;
  timer_slot_ = slicer_slot_ + 1;
  wake_slot_ = timer_slot_ + 1;
  slots_ = EventSlots(wake_slot_ + 1);
  if (system_.mode.contexts == ContextMode::time_sliced) {
    slicer_.emplace(clients_, setup.gpu.timeslice.quantum, setup.gpu.timeslice.switch_cost);
    for (auto& engine : engines_) {
      engine->pause(0);
    }
  }
  streams_.resize(clients_);
  requests_.resize(clients_);
  next_arrival_.assign(clients_, 0);
  done_at_.assign(clients_, kNever);
  ops_done_.assign(clients_, 0);
  last_held_.assign(clients_, -1);
  completed_.reserve(clients_);
  launched_.reserve(clients_);
  for (std::size_t c = 0; c < clients_; ++c) {
    streams_[c].arrivals.resize(op_count(c));
  }
}

SimTotals Simulation::run() {
  for (std::size_t c = 0; c < clients_; ++c) {
    if (setup_.clients[c].warmup > 0) {
      begin_request(c);
    } else {
      --warming_;
    }
  }
  if (warming_ == 0) {
    start_clock();
  }
  while (!ended_) {
    const std::size_t slot = slots_.earliest();
    const Nanos at = slots_.at(slot);
    if (at > horizon_) {
      now_ = horizon_;
      break;
    }
    if (at == kNever) {
      refuse_deadlock();
    }
    now_ = at;
    dispatch_event(slot);
    if ((++events_ & (kOutsideEvery - 1)) == 0 && progress_ != nullptr) {
      progress_->done.store(fraction_done(), std::memory_order_relaxed);
      progress_->now.store(now_, std::memory_order_relaxed);
      if (progress_->stop.load(std::memory_order_relaxed)) {
        interrupted_ = true;
        break;
      }
    }
  }
  return totals();
}

void Simulation::dispatch_event(std::size_t slot) {
  if (slot < engines_.size()) {
    engine_event(slot);
    return;
  }
  if (slot == wake_slot_) {
    slots_.clear(slot);
    decide();
    return;
  }
  if (slot == slicer_slot_) {
    const auto change = slicer_->due(now_);
    slots_.set(slicer_slot_, slicer_->next());
    apply(change);
    return;
  }
  slots_.clear(slot);
  if (slot == timer_slot_) {
    cursor_ = now_;
    system_.scheduler->on_timer(*this);
    wake(now_);
    return;
  }
  const std::size_t c = (slot - engines_.size()) % clients_;
  switch ((slot - engines_.size()) / clients_) {
  case 0:
    op_complete(c);
    break;
  case 1:
    request_complete(c);
    break;
  case 2:
    begin_request(c);
    break;
  case 3:
    make_head_ready(c);
    wake(now_);
    break;
  default:
    start_front(c);
    break;
  }
}

void Simulation::engine_event(std::size_t engine) {
  completed_.clear();
  engines_[engine]->advance(now_, completed_);
  refresh_engine(engine);
  for (const std::uint32_t stream : completed_) {
    op_complete(stream);
  }
  if (detail_ != nullptr) {
    report_shares();
  }
}

// Requests
// --------------------------------------------------------------------------------------------------

void Simulation::begin_request(std::size_t c) {
  ClientState& state = states_[c];
  Request& request = requests_[c];
  request.start = -1;
  if (setup_.clients[c].closed || clock_start_ == kNever) {
    request.arrival = now_;
  }
  state.request_open = true;
  state.head = 0;
  state.finished = 0;
  make_head_ready(c);
  wake(now_ + (system_.mode.launcher == Launcher::single ? setup_.gpu.launch.poll : 0));
}

void Simulation::request_complete(std::size_t c) {
  ClientState& state = states_[c];
  const RunClient& client = setup_.clients[c];
  Request& request = requests_[c];
  state.request_open = false;
  ++state.requests;
  if (detail_ != nullptr) {
    detail_->request(c, state.requests - 1, request.arrival, request.start, now_);
  }
  const bool measured = state.requests > client.warmup;
  if (measured) {
    sink_.request({.client = c,
                   .index = request.index,
                   .arrival = request.arrival - clock_start_,
                   .start = request.start - clock_start_,
                   .end = now_ - clock_start_});
    ++request.index;
    if (client.requests && request.index >= *client.requests) {
      state.done = true;
      done_at_[c] = now_;
    }
  }
  cursor_ = now_;
  system_.scheduler->on_request_finished(c, now_ - request.start, *this);
  if (state.done && finished()) {
    ended_ = true;
    return;
  }
  if (!measured && state.requests == client.warmup) {
    if (--warming_ == 0) {
      start_clock();
    }
  } else if (!state.done) {
    next_request(c);
  }
  if (ready_heads_ > 0) {
    wake(now_ + setup_.gpu.launch.poll);
  }
}

void Simulation::next_request(std::size_t c) {
  const RunClient& client = setup_.clients[c];
  if (client.closed || clock_start_ == kNever) {
    begin_request(c);
    return;
  }
  next_arrival_[c] += client.next_gap();
  requests_[c].arrival = next_arrival_[c];
  if (next_arrival_[c] <= now_) {
    begin_request(c);
  } else {
    slots_.set(arrival_slot(c), next_arrival_[c]);
  }
}

/// All clients have warmed up: the first measured request of each arrives now.
void Simulation::start_clock() {
  clock_start_ = now_;
  if (setup_.time_limit != kNever) {
    horizon_ = now_ + setup_.time_limit;
  }
  for (std::size_t c = 0; c < clients_; ++c) {
    next_arrival_[c] = now_;
    requests_[c].arrival = now_;
    requests_[c].index = 0;
    begin_request(c);
  }
}

/// The run ends with the last request of the `until` client, or of all clients. Clients that share
/// nothing do not disturb each other, so there each one also gets to finish the requests it was
/// given.
bool Simulation::finished() const {
  if (setup_.until && !states_[*setup_.until].done) {
    return false;
  }
  if (setup_.until && system_.mode.contexts != ContextMode::isolated) {
    return true;
  }
  for (std::size_t c = 0; c < clients_; ++c) {
    const bool endless = setup_.until && !setup_.clients[c].requests;
    if (!endless && !states_[c].done) {
      return false;
    }
  }
  return true;
}

/// Nothing is due although the run is not over: the scheduler holds ops that nothing will release.
void Simulation::refuse_deadlock() const {
  std::string held;
  for (std::size_t c = 0; c < clients_; ++c) {
    if (states_[c].head_ready) {
      held += fmt::format("{}op {} of client '{}'", held.empty() ? "" : ", ", states_[c].head,
                          setup_.clients[c].name);
    }
  }
  throw std::logic_error(fmt::format("system '{}' is stuck at {} ns: it holds {} for ever",
                                     setup_.system.name, now_, held.empty() ? "nothing" : held));
}

// Launching
// -------------------------------------------------------------------------------------------------

void Simulation::make_head_ready(std::size_t c) {
  ClientState& state = states_[c];
  if (!state.head_ready && state.request_open && state.head < op_count(c) &&
      state.in_flight() < setup_.gpu.launch.queue_depth) {
    state.head_ready = true;
    ++ready_heads_;
  }
}

/// The scheduler looks at the queues at `at`, or when its thread is free.
void Simulation::wake(Nanos at) {
  slots_.set_earlier(wake_slot_, std::max(at, launcher_free_));
}

void Simulation::decide() {
  cursor_ = now_;
  launched_.clear();
  system_.scheduler->decide(*this);
  if (detail_ != nullptr) {
    report_holds();
  }
  if (system_.mode.launcher == Launcher::per_client) {
    return;
  }
  launcher_free_ = cursor_;
  for (const std::size_t c : launched_) {
    make_head_ready(c);
  }
  if (!launched_.empty() && ready_heads_ > 0) {
    wake(cursor_);
  }
}

void Simulation::launch(std::size_t c) {
  ClientState& state = states_[c];
  Stream& stream = streams_[c];
  const auto& cost = setup_.gpu.launch;
  const bool stream_was_empty = state.in_flight() == 0;
  if (requests_[c].start < 0) {
    requests_[c].start = cursor_;
  }
  if (detail_ != nullptr) {
    detail_->launch(c, state.head, cursor_);
  }
  const Nanos launched = cursor_ + cost.host;
  stream.arrivals[state.head] = launched + cost.latency;
  ++state.head;
  state.head_ready = false;
  --ready_heads_;
  if (system_.mode.launcher == Launcher::single) {
    cursor_ = launched;
    launched_.push_back(c);
  } else {
    slots_.set(host_slot(c), launched);
  }
  if (stream_was_empty) {
    schedule_front(c);
    if (slicer_) {
      const auto change = slicer_->work_arrived(c, now_);
      slots_.set(slicer_slot_, slicer_->next());
      apply(change);
    }
  }
}

// Streams
// ---------------------------------------------------------------------------------------------------

/// The op at the front of the stream starts when its launch has reached the device and its
/// predecessor has drained.
void Simulation::schedule_front(std::size_t c) {
  const Stream& stream = streams_[c];
  const Nanos drained = stream.last_end + setup_.gpu.launch.dependent_gap;
  slots_.set(stream_slot(c), std::max(stream.arrivals[states_[c].finished], drained));
}

void Simulation::start_front(std::size_t c) {
  Stream& stream = streams_[c];
  if (slicer_ && !slicer_->resident(c)) {
    stream.deferred = true;
    return;
  }
  const std::uint32_t index = states_[c].finished;
  const OpProfile& op = program(c).profile[index];
  stream.running = true;
  stream.front_began = now_;
  switch (op.kind) {
  case OpKind::kernel: {
    const std::size_t engine = engine_of(c);
    const int priority =
        system_.mode.stream_priorities && infos_[c].priority == Priority::high ? 1 : 0;
    engines_[engine]->start(static_cast<std::uint32_t>(c), program(c).shapes[index], priority,
                            static_cast<std::uint32_t>(c), now_);
    refresh_engine(engine);
    ++kernels_;
    if (detail_ != nullptr) {
      report_shares();
    }
    break;
  }
  case OpKind::copy_h2d:
  case OpKind::copy_d2h: {
    // One copy engine a direction, served first come first served; isolated clients have engines of
    // their own.
    Nanos& free = copy_engine_free_[op.kind == OpKind::copy_h2d ? 0 : 1];
    const bool shared = system_.mode.contexts != ContextMode::isolated;
    const Nanos begin = shared ? std::max(now_, free) : now_;
    const Nanos end = begin + op.duration;
    if (shared) {
      free = end;
    }
    slots_.set(fixed_slot(c), end);
    break;
  }
  default:
    slots_.set(fixed_slot(c), now_ + op.duration);
    break;
  }
}

void Simulation::op_complete(std::size_t c) {
  ClientState& state = states_[c];
  Stream& stream = streams_[c];
  const std::uint32_t index = state.finished;
  stream.running = false;
  stream.last_end = now_;
  ++state.finished;
  ++ops_done_[c];
  if (detail_ != nullptr) {
    detail_->op(c, index, stream.front_began, now_);
  }
  if (state.in_flight() > 0) {
    schedule_front(c);
  } else if (slicer_) {
    const auto change = slicer_->work_drained(c, now_);
    slots_.set(slicer_slot_, slicer_->next());
    apply(change);
  }
  if (state.finished == op_count(c)) {
    slots_.set(sync_slot(c), now_ + setup_.gpu.launch.sync);
  } else if (!state.head_ready && slots_.at(host_slot(c)) == kNever) {
    make_head_ready(c); // a full launch queue has room again
  }
  cursor_ = now_;
  system_.scheduler->on_finished(c, index, *this);
  if (ready_heads_ > 0) {
    wake(now_ + setup_.gpu.launch.poll);
  }
}

void Simulation::apply(const ContextSlicer::Change& change) {
  if (change.evict) {
    engines_[*change.evict]->pause(now_);
    refresh_engine(*change.evict);
  }
  if (change.resume) {
    const std::size_t c = *change.resume;
    engines_[c]->resume(now_);
    refresh_engine(c);
    if (streams_[c].deferred) {
      streams_[c].deferred = false;
      slots_.set(stream_slot(c), now_);
    }
  }
}

// Results
// ---------------------------------------------------------------------------------------------------

/// A hold is reported once per op, when it begins.
void Simulation::report_holds() {
  for (std::size_t c = 0; c < clients_; ++c) {
    const std::int64_t op = states_[c].requests * op_count(c) + states_[c].head;
    if (states_[c].head_ready && last_held_[c] != op) {
      last_held_[c] = op;
      detail_->hold(c, states_[c].head, now_);
    }
  }
}

void Simulation::report_shares() {
  for (std::size_t c = 0; c < clients_; ++c) {
    detail_->sm_share(c, engines_[engine_of(c)]->resident_share(static_cast<std::uint32_t>(c)),
                      now_);
  }
}

double Simulation::fraction_done() const {
  if (clock_start_ == kNever) {
    return 0;
  }
  double least = 1;
  for (std::size_t c = 0; c < clients_; ++c) {
    const bool counts = !setup_.until || *setup_.until == c;
    if (counts && setup_.clients[c].requests) {
      least = std::min(least, static_cast<double>(requests_[c].index) /
                                  static_cast<double>(*setup_.clients[c].requests));
    }
  }
  if (horizon_ != kNever) {
    const double elapsed = static_cast<double>(now_ - clock_start_);
    least = std::max(least == 1 ? 0 : least, elapsed / static_cast<double>(setup_.time_limit));
  }
  return least;
}

SimTotals Simulation::totals() {
  SimTotals result;
  const Nanos start = clock_start_ == kNever ? now_ : clock_start_;
  result.duration = now_ - start;
  result.kernels = kernels_;
  result.interrupted = interrupted_;
  const double whole = static_cast<double>(std::max<Nanos>(now_, 1));
  double sm_busy = 0;
  for (const auto& engine : engines_) {
    const EngineCounters counters = engine->counters(now_);
    events_ += counters.events;
    sm_busy += counters.sm_busy_ns;
    result.dram_busy += counters.dram_busy_ns / whole;
  }
  result.sm_busy = sm_busy / (whole * setup_.gpu.sm.count);
  result.events = events_;
  for (std::size_t c = 0; c < clients_; ++c) {
    ClientTotals client;
    client.ops = ops_done_[c];
    client.requests = clock_start_ == kNever ? 0 : requests_[c].index;
    client.window = std::min(done_at_[c], now_) - start;
    client.iterations = static_cast<double>(client.requests);
    if (states_[c].request_open && clock_start_ != kNever) {
      const auto& before = program(c).elapsed_before;
      client.iterations += static_cast<double>(before[states_[c].finished]) /
                           static_cast<double>(std::max<Nanos>(before.back(), 1));
    }
    result.clients.push_back(client);
  }
  return result;
}

} // namespace

SimTotals simulate(SimSetup setup, RecordSink& sink, DetailSink* detail, SimProgress* progress) {
  std::vector<ClientState> states(setup.clients.size());
  Simulation simulation(setup, states, sink, detail, progress);
  return simulation.run();
}

} // namespace cotenant
