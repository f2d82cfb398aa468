#include "cuda/live_executive.h"

#include <algorithm>
#include <fmt/format.h>

namespace cotenant::cuda {
namespace {

class LiveExecutive final : public Gate {
 public:
  LiveExecutive(const LiveRun& run, std::vector<ClientState>& states, LiveDevice& device,
                SharedRun& shared, RecordSink& sink)
      : Gate(states), run_(run), clients_(*run.clients), options_(run.options), states_(states),
        scheduler_(*run.system->scheduler), mark_every_op_(run.system->mode.watches_ops),
        one_stream_(run.system->mode.one_stream),
        queue_limit_(one_stream_ ? options_.max_in_one_stream : options_.max_in_flight),
        device_(device), shared_(shared), sink_(sink), lanes_(clients_.size()) {
    launched_.reserve(clients_.size());
    for (const std::size_t c : run.driven) {
      lanes_[c].marks.resize(queue_limit_ + 1);
    }
    for (const std::size_t c : run.waited_for) {
      lanes_[c].waited_for = true;
    }
  }

  LiveTotals run();

  [[nodiscard]] Nanos now() const override { return device_.now(); }
  void launch(std::size_t client) override;
  void set_timer(Nanos at) override { timer_ = at; }

 private:
  /// A client's stream and requests.
  struct Lane {
    // Marks that have not passed, oldest first: the number of ops complete when each has.
    std::vector<std::uint32_t> marks; ///< ring
    std::uint64_t marked = 0;
    std::uint64_t passed = 0;
    std::uint32_t unmarked = 0; ///< ops launched since the last mark
    std::uint64_t launches = 0;
    bool waited_for = false;

    Nanos next_arrival = kNever; ///< of the next open-loop request; kNever: none is awaited
    Nanos arrival = 0;
    Nanos start = -1;
    std::int64_t index = 0; ///< measured requests so far
    Nanos done_at = kNever;
  };

  [[nodiscard]] std::uint32_t op_count(std::size_t c) const {
    return static_cast<std::uint32_t>(clients_[c].program->profile.size());
  }
  /// Ops in flight on the client's stream.
  [[nodiscard]] std::uint32_t queued(std::size_t c) const {
    if (!one_stream_) {
      return states_[c].in_flight();
    }
    std::uint32_t sum = 0;
    for (const std::size_t other : run_.driven) {
      sum += states_[other].in_flight();
    }
    return sum;
  }
  [[nodiscard]] bool measuring() const { return clock_start_ != kNever; }

  /// Does `call`, and times it if it is its turn.
  template <typename Call> void timed(SampledCost& cost, const Call& call) {
    if (!cost.due()) {
      call();
      return;
    }
    const Nanos before = device_.now();
    call();
    cost.add(device_.now() - before);
  }

  void warm_up();
  bool turn();
  bool poll_completions();
  void complete_ops(std::size_t c, std::uint32_t finished);
  void request_complete(std::size_t c);
  void begin_request(std::size_t c, Nanos arrival);
  void next_request(std::size_t c);
  bool poll_arrivals();
  bool poll_timer();
  void start_clock();
  void make_head_ready(std::size_t c);
  void decide();
  void mark(std::size_t c);
  void mark_tails();
  void watch(bool moved);
  [[noreturn]] void refuse_stuck() const;
  [[nodiscard]] LiveTotals totals() const;

  const LiveRun& run_;
  std::vector<RunClient>& clients_;
  const LiveOptions& options_;
  std::vector<ClientState>& states_;
  Scheduler& scheduler_;
  const bool mark_every_op_;
  const bool one_stream_;
  const std::uint32_t queue_limit_; ///< of a stream
  LiveDevice& device_;
  SharedRun& shared_;
  RecordSink& sink_;

  std::vector<Lane> lanes_;           ///< by client of the run
  std::vector<std::size_t> launched_; ///< clients launched by the decide() under way
  SampledCost launch_cost_;
  SampledCost mark_cost_;
  SampledCost query_cost_;
  Nanos now_ = 0; ///< of this turn
  Nanos clock_start_ = kNever;
  Nanos timer_ = kNever;
  Nanos last_poll_ = 0;
  Nanos last_move_ = 0;
  Nanos end_ = 0;
  bool changed_ = true; ///< something happened that the scheduler has not seen
};

LiveTotals LiveExecutive::run() {
  now_ = device_.now();
  last_move_ = now_;
  warm_up();
  while (!shared_.stop.load(std::memory_order_relaxed)) {
    now_ = device_.now();
    watch(turn());
  }
  // The last completion may have been seen by another executive: the run ends now, for all.
  end_ = device_.now();
  return totals();
}

void LiveExecutive::warm_up() {
  for (const std::size_t c : run_.driven) {
    if (clients_[c].warmup > 0) {
      begin_request(c, now_);
    } else {
      shared_.warmed_up(now_);
    }
  }
}

/// Looks at everything once. Returns whether anything moved.
bool LiveExecutive::turn() {
  if (!measuring() && shared_.clock_start.load(std::memory_order_acquire) != kNever) {
    start_clock();
  }
  bool moved = changed_;
  const bool busy = !launched_.empty();
  launched_.clear();
  if (!busy || now_ - last_poll_ >= options_.busy_poll) {
    moved |= poll_completions();
    last_poll_ = now_;
  }
  moved |= poll_arrivals();
  moved |= poll_timer();
  if (measuring() && options_.time_limit != kNever && now_ - clock_start_ >= options_.time_limit) {
    shared_.stop = true;
  }
  if (moved) {
    changed_ = false;
    decide();
  }
  mark_tails();
  return moved;
}

// Requests

void LiveExecutive::begin_request(std::size_t c, Nanos arrival) {
  ClientState& state = states_[c];
  Lane& lane = lanes_[c];
  lane.arrival = arrival;
  lane.start = -1;
  lane.next_arrival = kNever;
  state.request_open = true;
  state.head = 0;
  state.finished = 0;
  make_head_ready(c);
  changed_ = true;
}

void LiveExecutive::request_complete(std::size_t c) {
  ClientState& state = states_[c];
  const RunClient& client = clients_[c];
  Lane& lane = lanes_[c];
  state.request_open = false;
  ++state.requests;
  const bool measured = state.requests > client.warmup;
  if (measured) {
    sink_.request({.client = c,
                   .index = lane.index,
                   .arrival = lane.arrival - clock_start_,
                   .start = lane.start - clock_start_,
                   .end = now_ - clock_start_});
    ++lane.index;
    if (lane.waited_for) {
      shared_.progress_done.store(lane.index, std::memory_order_relaxed);
    }
    if (client.requests && lane.index >= *client.requests) {
      state.done = true;
      lane.done_at = now_;
    }
  }
  scheduler_.on_request_finished(c, now_ - lane.start, *this);
  if (state.done) {
    if (lane.waited_for) {
      shared_.finished();
    }
  } else if (!measured && state.requests == client.warmup) {
    shared_.warmed_up(now_);
  } else {
    next_request(c);
  }
}

void LiveExecutive::next_request(std::size_t c) {
  const RunClient& client = clients_[c];
  Lane& lane = lanes_[c];
  if (client.closed || !measuring()) {
    begin_request(c, now_);
    return;
  }
  const Nanos arrival = lane.arrival + client.next_gap();
  if (arrival <= now_) {
    begin_request(c, arrival);
  } else {
    lane.next_arrival = arrival;
  }
}

/// All clients, those of other executives too, have warmed up: the first measured request of each
/// arrives as the clock starts.
void LiveExecutive::start_clock() {
  clock_start_ = shared_.clock_start.load(std::memory_order_acquire);
  for (const std::size_t c : run_.driven) {
    begin_request(c, clock_start_);
  }
}

bool LiveExecutive::poll_arrivals() {
  bool any = false;
  for (const std::size_t c : run_.driven) {
    if (lanes_[c].next_arrival <= now_) {
      begin_request(c, lanes_[c].next_arrival);
      any = true;
    }
  }
  return any;
}

bool LiveExecutive::poll_timer() {
  if (timer_ > now_) {
    return false;
  }
  timer_ = kNever;
  scheduler_.on_timer(*this);
  return true;
}

// Launching

void LiveExecutive::make_head_ready(std::size_t c) {
  ClientState& state = states_[c];
  state.head_ready = state.request_open && state.head < op_count(c) && queued(c) < queue_limit_;
}

void LiveExecutive::decide() {
  scheduler_.decide(*this);
  for (const std::size_t c : launched_) {
    make_head_ready(c);
  }
  // What is ready now may be another client's: a system that launches one op a turn has not come to it yet.
  changed_ |= !launched_.empty() && std::ranges::any_of(run_.driven, [&](std::size_t c) {
    return states_[c].head_ready;
  });
}

void LiveExecutive::launch(std::size_t c) {
  ClientState& state = states_[c];
  Lane& lane = lanes_[c];
  if (lane.start < 0 || run_.launch_times != nullptr) {
    const Nanos at = device_.now();
    lane.start = lane.start < 0 ? at : lane.start;
    if (run_.launch_times != nullptr) {
      run_.launch_times->push_back(at);
    }
  }
  timed(launch_cost_, [&] { device_.launch(c, state.head); });
  ++lane.launches;
  ++state.head;
  state.head_ready = false;
  ++lane.unmarked;
  if (mark_every_op_ || state.head == op_count(c) || lane.unmarked >= options_.max_unmarked) {
    mark(c);
  }
  launched_.push_back(c);
}

void LiveExecutive::mark(std::size_t c) {
  Lane& lane = lanes_[c];
  timed(mark_cost_, [&] { device_.mark(c); });
  lane.marks[lane.marked % lane.marks.size()] = states_[c].head;
  ++lane.marked;
  lane.unmarked = 0;
}

/// Where the scheduler holds what is next, what was launched so far gets a mark, so that its
/// completion is seen when it happens.
void LiveExecutive::mark_tails() {
  for (const std::size_t c : run_.driven) {
    if (lanes_[c].unmarked > 0 && std::ranges::find(launched_, c) == launched_.end()) {
      mark(c);
    }
  }
}

// Completions

bool LiveExecutive::poll_completions() {
  bool any = false;
  for (const std::size_t c : run_.driven) {
    Lane& lane = lanes_[c];
    if (lane.passed == lane.marked) {
      continue;
    }
    const Nanos asked = query_cost_.due() ? device_.now() : -1;
    const std::uint64_t passed = device_.passed(c);
    if (passed == lane.passed) {
      continue;
    }
    any = true;
    now_ = device_.now();
    if (asked >= 0 && passed == lane.passed + 1) {
      query_cost_.add(now_ - asked);
    }
    // Requests of a client do not overlap, so all pending marks belong to the open one.
    const std::uint32_t finished = lane.marks[(passed - 1) % lane.marks.size()];
    lane.passed = passed;
    complete_ops(c, finished);
  }
  return any;
}

void LiveExecutive::complete_ops(std::size_t c, std::uint32_t finished) {
  ClientState& state = states_[c];
  for (std::uint32_t op = state.finished; op < finished; ++op) {
    state.finished = op + 1;
    scheduler_.on_finished(c, op, *this);
  }
  for (const std::size_t other : run_.driven) {
    if ((other == c || one_stream_) && !states_[other].head_ready) {
      make_head_ready(other); // a full queue has room again
    }
  }
  if (state.finished == op_count(c)) {
    request_complete(c);
  }
}

// The end

void LiveExecutive::watch(bool moved) {
  if (moved) {
    last_move_ = now_;
    return;
  }
  if (now_ - last_move_ < options_.watchdog) {
    return;
  }
  const bool waits = std::ranges::any_of(
      run_.driven, [&](std::size_t c) { return lanes_[c].next_arrival != kNever; });
  const bool in_flight =
      std::ranges::any_of(run_.driven, [&](std::size_t c) { return states_[c].in_flight() > 0; });
  if (in_flight || (measuring() && !waits && timer_ == kNever)) {
    refuse_stuck();
  }
}

void LiveExecutive::refuse_stuck() const {
  for (const std::size_t c : run_.driven) {
    const ClientState& state = states_[c];
    if (state.in_flight() > 0) {
      throw Stuck(fmt::format(
          "client '{}': request {}: op {} ('{}') and {} behind it have not completed for {} s",
          clients_[c].name, state.requests, state.finished,
          clients_[c].program->program.ops[state.finished].name, state.in_flight() - 1,
          options_.watchdog / kSecond));
    }
  }
  throw Stuck(fmt::format("nothing was launched for {} s: the system holds all clients' ops",
                          options_.watchdog / kSecond));
}

LiveTotals LiveExecutive::totals() const {
  LiveTotals result;
  const Nanos start = measuring() ? clock_start_ : end_;
  result.duration = end_ - start;
  result.launch_costs = launch_cost_.costs();
  result.mark_costs = mark_cost_.costs();
  result.query_costs = query_cost_.costs();
  for (const std::size_t c : run_.driven) {
    const Lane& lane = lanes_[c];
    ClientTotals client{.requests = lane.index,
                        .iterations = static_cast<double>(lane.index),
                        .window = std::min(lane.done_at, end_) - start,
                        .ops = lane.launches};
    if (states_[c].request_open && measuring()) {
      client.iterations += clients_[c].program->fraction_of(states_[c].finished);
    }
    result.clients.push_back(client);
  }
  return result;
}

} // namespace

LiveTotals run_live(const LiveRun& run, LiveDevice& device, SharedRun& shared, RecordSink& sink) {
  std::vector<ClientState> states(run.clients->size());
  LiveExecutive executive(run, states, device, shared, sink);
  try {
    LiveTotals totals = executive.run();
    device.drain();
    return totals;
  } catch (...) {
    shared.stop = true;
    throw;
  }
}

} // namespace cotenant::cuda
