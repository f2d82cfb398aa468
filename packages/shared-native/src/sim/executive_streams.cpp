// What the scheduler launches, and how it gets through the streams to the device.
#include <algorithm>

#include "sim/executive.h"

namespace cotenant {

void Executive::make_head_ready(std::size_t c) {
  ClientState& state = states_[c];
  if (!state.head_ready && state.request_open && state.head < op_count(c) &&
      state.in_flight() < setup_.gpu.launch.queue_depth) {
    state.head_ready = true;
    ++ready_heads_;
  }
}

/// The scheduler looks at the queues at `at`, or when its thread is free.
void Executive::wake(Nanos at) {
  slots_.set_earlier(wake_slot_, std::max(at, launcher_free_));
}

void Executive::decide() {
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

/// The op at the front of the stream starts when its launch has reached the device and its
/// predecessor has drained.
void Executive::schedule_front(std::size_t c) {
  const Stream& stream = streams_[c];
  const Nanos drained = stream.last_end + setup_.gpu.launch.dependent_gap;
  slots_.set(stream_slot(c), std::max(stream.arrivals[states_[c].finished], drained));
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
  switch (op.kind) {
  case OpKind::kernel: {
    const std::size_t engine = engine_of(c);
    const int priority =
        system_.mode.stream_priorities && infos_[c].priority == Priority::high ? 1 : 0;
    engines_[engine]->start(static_cast<std::uint32_t>(c), program(c).shapes[index], priority,
                            now_);
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

void Executive::op_complete(std::size_t c) {
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
