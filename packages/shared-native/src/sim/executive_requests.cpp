// When requests begin and end, and with them the run.
#include <algorithm>
#include <fmt/format.h>
#include <stdexcept>

#include "sim/executive.h"

namespace cotenant {

void Executive::begin_request(std::size_t c) {
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

void Executive::request_complete(std::size_t c) {
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
  if (memory_ != nullptr) {
    update_held();
  }
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

void Executive::next_request(std::size_t c) {
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
void Executive::start_clock() {
  clock_start_ = now_;
  if (setup_.time_limit != kNever) {
    horizon_ = now_ + setup_.time_limit;
  }
  start_use();
  start_memory();
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
bool Executive::finished() const {
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
void Executive::refuse_deadlock() const {
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

} // namespace cotenant
