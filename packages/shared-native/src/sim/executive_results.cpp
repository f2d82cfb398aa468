// What a run says of itself: details for timelines, progress, totals.
#include <algorithm>

#include "sim/executive.h"

namespace cotenant {

/// A hold is reported once per op, when it begins.
void Executive::report_holds() {
  for (std::size_t c = 0; c < clients_; ++c) {
    const std::int64_t op = states_[c].requests * op_count(c) + states_[c].head;
    if (states_[c].head_ready && last_held_[c] != op) {
      last_held_[c] = op;
      detail_->hold(c, states_[c].head, now_);
    }
  }
}

void Executive::report_shares() {
  for (std::size_t c = 0; c < clients_; ++c) {
    detail_->sm_share(c, engines_[engine_of(c)]->resident_share(static_cast<std::uint32_t>(c)),
                      now_);
  }
}

double Executive::fraction_done() const {
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

SimTotals Executive::totals() {
  report_use();
  if (memory_ != nullptr && clock_start_ != kNever) {
    memory_->report(now_, clock_start_, sink_);
  }
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
      client.iterations += program(c).fraction_of(states_[c].finished);
    }
    result.clients.push_back(client);
  }
  return result;
}

SimTotals simulate(SimSetup setup, RecordSink& sink, DetailSink* detail, SimProgress* progress) {
  std::vector<ClientState> states(setup.clients.size());
  Executive executive(setup, states, sink, detail, progress);
  return executive.run();
}

} // namespace cotenant
