// What the scheduler launches, and how it gets through the streams to the device.
#include <algorithm>
#include <cassert>
#include <utility>

#include "sim/executive.h"

namespace cotenant {

void Executive::make_head_ready(std::size_t c) {
  ClientState& state = states_[c];
  // A stream has one queue, whoever launches to it. Clients that wait for the same place all get one: the queue of a
  // stream of n clients may exceed its depth by n - 1.
  const std::uint64_t queued =
      system_.mode.one_stream ? line_end_ - line_begin_ : state.in_flight();
  if (!state.head_ready && state.request_open && state.head < op_count(c) &&
      queued < setup_.gpu.launch.queue_depth) {
    state.head_ready = true;
    ++ready_heads_;
  }
}

/// The scheduler looks at the queues at `at`, or when its thread is free.
void Executive::wake(Nanos at) {
  slots_.set_earlier(wake_slot_, std::max(at, launcher_free_));
}

/// An op is complete. A scheduler that watches ops spends time of its thread on finding each one's mark passed; `poll`
/// includes that, if the thread is free.
void Executive::find_mark(std::size_t c) {
  if (!system_.mode.watches_ops || system_.mode.launcher != Launcher::single) {
    return;
  }
  const Nanos query = setup_.clients[c].host.query.value_or(setup_.gpu.launch.query);
  launcher_free_ =
      std::max(launcher_free_, now_ + std::max<Nanos>(setup_.gpu.launch.poll - query, 0)) + query;
  if (slots_.at(wake_slot_) < launcher_free_) {
    slots_.set(wake_slot_, launcher_free_);
  }
}

void Executive::decide() {
  cursor_ = now_;
  launched_.clear();
  system_.scheduler->decide(*this);
  if (memory_ != nullptr) {
    update_held();
  }
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

void Executive::launch(std::size_t c) {
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
  const HostCosts& host = setup_.clients[c].host;
  const Nanos launched = cursor_ + host.launch.value_or(cost.host);
  stream.arrivals[state.head] = launched + cost.latency;
  ++state.head;
  state.head_blocks = 0;
  state.head_ready = false;
  --ready_heads_;
  if (system_.mode.launcher == Launcher::single) {
    cursor_ = launched + (system_.mode.watches_ops ? host.mark.value_or(cost.mark) : 0);
    launched_.push_back(c);
  } else {
    slots_.set(host_slot(c), launched);
  }
  if (system_.mode.one_stream) {
    join_line(c);
  } else if (stream_was_empty) {
    schedule_front(c);
    if (slicer_) {
      const auto change = slicer_->work_arrived(c, now_);
      slots_.set(slicer_slot_, slicer_->next());
      apply(change);
    }
  }
}

void Executive::launch_padded(std::size_t c, const Padding& padding) {
  ClientState& state = states_[padding.client];
  Stream& stream = streams_[padding.client];
  const std::uint32_t blocks = program(padding.client).shapes[state.head].blocks;
  assert(state.head_ready && padding.client != c && padding.blocks > 0 &&
         state.head_blocks + padding.blocks <= blocks && padding.first_sm > 0 &&
         padding.first_sm < setup_.gpu.sm.count && system_.mode.launcher == Launcher::single &&
         (state.in_flight() == 0 || stream.pads_launched > 0) &&
         program(c).profile[states_[c].head].is_kernel() &&
         program(padding.client).profile[state.head].is_kernel());
  streams_[c].pads[states_[c].head] = {.blocks = padding.blocks,
                                       .first_sm = padding.first_sm,
                                       .client = padding.client,
                                       .op = state.head};
  ++stream.pads_launched;
  if (requests_[padding.client].start < 0) {
    requests_[padding.client].start = cursor_;
  }
  if (detail_ != nullptr) {
    detail_->launch(padding.client, state.head, cursor_);
  }
  state.head_blocks += padding.blocks;
  if (state.head_blocks == blocks) {
    set_head(padding.client, state.head + 1);
    launched_.push_back(padding.client);
  }
  launch(c);
}

std::uint32_t Executive::withdraw(std::size_t c) {
  ClientState& state = states_[c];
  assert(streams_[c].pads_launched == 0 && system_.mode.launcher == Launcher::single);
  const std::uint32_t kept = state.finished + (streams_[c].running ? 1 : 0);
  const std::uint32_t withdrawn = state.head - std::min(kept, state.head);
  if (withdrawn > 0) {
    set_head(c, kept);
    make_head_ready(c);
    if (!streams_[c].running) {
      slots_.clear(stream_slot(c));
    }
  }
  return withdrawn;
}

void Executive::reset(std::size_t c, std::uint32_t op) {
  ClientState& state = states_[c];
  Stream& stream = streams_[c];
  assert(state.in_flight() > 0 && op <= state.finished && stream.pads_launched == 0 &&
         system_.mode.launcher == Launcher::single);
  if (stream.running) {
    const std::uint32_t front = state.finished;
    if (program(c).profile[front].is_kernel()) {
      engines_[engine_of(c)]->kill(static_cast<std::uint32_t>(c), now_);
      refresh_engine(engine_of(c));
    } else {
      slots_.clear(fixed_slot(c));
    }
    if (detail_ != nullptr) {
      detail_->op(c, front, stream.front_began, now_);
      report_shares();
    }
    stream.running = false;
    stream.last_end = now_;
  } else {
    slots_.clear(stream_slot(c));
  }
  if (detail_ != nullptr) {
    detail_->reset(c, op, now_);
  }
  if (memory_ != nullptr) {
    const LiveBytes& memory = program(c).memory;
    memory_->live(c, op == 0 ? memory.persistent : memory.behind[op - 1], now_);
  }
  ops_done_[c] -= state.finished - op;
  state.finished = op;
  set_head(c, op);
  make_head_ready(c);
}

/// `op` becomes the head, or will once it is made ready; blocks that padding did of it stay done.
void Executive::set_head(std::size_t c, std::uint32_t op) {
  ClientState& state = states_[c];
  Stream& stream = streams_[c];
  ready_heads_ -= state.head_ready ? 1 : 0;
  state.head_ready = false;
  state.head = op;
  state.head_blocks = 0;
  if (stream.pads_launched == 0) {
    if (stream.begun_op == op) {
      state.head_blocks = stream.begun_blocks;
    } else if (stream.begun_op != kNone && stream.begun_op > op) {
      stream.begun_op = kNone; // an op before it is executed again
    }
  }
}

/// From the end of an op of the client to the start of the next. Starting and ending a kernel goes through memory, which
/// takes longer while others use it, and longer for a client of MPS.
Nanos Executive::gap_before(std::size_t c) const {
  const auto& launch = setup_.gpu.launch;
  Nanos gap = launch.dependent_gap;
  if (system_.mode.contexts == ContextMode::mps) {
    gap += launch.mps_gap;
  }
  if (engines_.size() == 1) {
    for (std::size_t other = 0; other < clients_; ++other) {
      if (other != c && streams_[other].running) {
        return gap + launch.busy_gap;
      }
    }
  }
  return gap;
}

/// The op at the front of the stream starts when its launch has reached the device and its
/// predecessor has drained.
void Executive::schedule_front(std::size_t c) {
  const Stream& stream = streams_[c];
  const Nanos drained = stream.last_end + gap_before(c);
  slots_.set(stream_slot(c), std::max(stream.arrivals[states_[c].finished], drained));
}

/// `c` has launched to the stream of all clients.
void Executive::join_line(std::size_t c) {
  assert(line_end_ - line_begin_ < line_.size());
  line_[line_end_ % line_.size()] = c;
  if (line_end_++ == line_begin_) {
    schedule_front(c);
  }
}

/// The op at the front of the stream of all clients is complete: the next one follows, whosever it is.
void Executive::leave_line() {
  ++line_begin_;
  for (Stream& stream : streams_) {
    stream.last_end = now_;
  }
  if (line_begin_ != line_end_) {
    schedule_front(line_[line_begin_ % line_.size()]);
  }
}

void Executive::start_front(std::size_t c) {
  Stream& stream = streams_[c];
  if (slicer_ && !slicer_->resident(c)) {
    stream.deferred = true;
    return;
  }
  const std::uint32_t index = states_[c].finished;
  const OpProfile& op = program(c).profile[index];
  stream.running = true;
  stream.front_began = now_;
  if (memory_ != nullptr) {
    memory_->live(c, program(c).memory.during[index], now_);
  }
  switch (op.kind) {
  case OpKind::kernel: {
    LaunchPart part;
    if (index == stream.begun_op) {
      part.blocks = program(c).shapes[index].blocks - stream.begun_blocks;
    }
    stream.parts_running = 1;
    if (const Stream::Pad pad = stream.pads[index]; pad.blocks > 0) {
      part.end_sm = pad.first_sm;
      stream.parts_running = 2;
      streams_[pad.client].padding = c;
      streams_[pad.client].front_began = now_;
      if (memory_ != nullptr) {
        memory_->live(pad.client, program(pad.client).memory.during[pad.op], now_);
      }
      start_kernel(pad.client, pad.op, {.blocks = pad.blocks, .first_sm = pad.first_sm});
    }
    start_kernel(c, index, part);
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

void Executive::start_kernel(std::size_t c, std::uint32_t op, const LaunchPart& part) {
  const std::size_t engine = engine_of(c);
  const int priority =
      system_.mode.stream_priorities && infos_[c].priority == Priority::high ? 1 : 0;
  engines_[engine]->start_part(static_cast<std::uint32_t>(c), program(c).shapes[op], part, priority,
                               now_);
  refresh_engine(engine);
  ++kernels_;
  if (detail_ != nullptr) {
    report_shares();
  }
}

/// The blocks on the client's stream are done: of its own front op, or of one that pads another's.
void Executive::kernel_complete(std::size_t c) {
  std::size_t owner = c;
  if (Stream& stream = streams_[c]; stream.padding != kNobody) {
    owner = std::exchange(stream.padding, kNobody);
    --stream.pads_launched;
    const Stream::Pad pad = streams_[owner].pads[states_[owner].finished];
    stream.begun_blocks = pad.blocks + (stream.begun_op == pad.op ? stream.begun_blocks : 0);
    stream.begun_op = pad.op;
    if (stream.begun_blocks == program(c).shapes[pad.op].blocks) {
      op_complete(c);
    } else if (detail_ != nullptr) {
      detail_->op(c, pad.op, stream.front_began, now_);
    }
  }
  if (--streams_[owner].parts_running == 0) {
    op_complete(owner);
  }
}

void Executive::op_complete(std::size_t c) {
  ClientState& state = states_[c];
  Stream& stream = streams_[c];
  const std::uint32_t index = state.finished;
  stream.running = false;
  stream.last_end = now_;
  stream.pads[index].blocks = 0;
  if (stream.begun_op == index) {
    stream.begun_op = kNone;
  }
  ++state.finished;
  ++ops_done_[c];
  if (detail_ != nullptr) {
    detail_->op(c, index, stream.front_began, now_);
  }
  if (system_.mode.one_stream) {
    leave_line();
  } else if (state.in_flight() > 0) {
    if (stream.pads_launched == 0) {
      schedule_front(c);
    }
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
  if (system_.mode.one_stream) {
    for (std::size_t other = 0; other < clients_; ++other) {
      make_head_ready(other);
    }
  }
  find_mark(c);
  cursor_ = now_;
  system_.scheduler->on_finished(c, index, *this);
  if (memory_ != nullptr) {
    memory_->live(c, program(c).memory.behind[index], now_);
    update_held();
  }
  if (ready_heads_ > 0) {
    wake(now_ + setup_.gpu.launch.poll);
  }
}

void Executive::apply(const ContextSlicer::Change& change) {
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

} // namespace cotenant
