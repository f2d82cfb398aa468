// The course of events.
#include "sim/executive.h"

#include <algorithm>

namespace cotenant {

namespace {

/// How often the loop looks at the world outside (progress, interruption), in events; a power of
/// two.
constexpr std::uint64_t kOutsideEvery = 1U << 14U;

} // namespace

Executive::Executive(SimSetup& setup, std::vector<ClientState>& states, RecordSink& sink,
                     DetailSink* detail, SimProgress* progress)
    : Gate(states), setup_(setup), states_(states), sink_(sink), detail_(detail),
      progress_(progress), clients_(setup.clients.size()), infos_(client_infos(setup.clients)),
      slots_(0), warming_(setup.clients.size()) {
  system_ = setup.system.make(setup.params, {.gpu = setup.gpu, .clients = infos_});
  const bool own_engines = system_.mode.contexts == ContextMode::isolated ||
                           system_.mode.contexts == ContextMode::time_sliced;
  const auto make = setup.engine == EngineKind::oracle ? make_block_engine : make_wave_engine;
  for (std::size_t i = 0; i < (own_engines ? clients_ : 1); ++i) {
    engines_.push_back(make(setup.gpu, static_cast<std::uint32_t>(clients_)));
  }
  slicer_slot_ = engines_.size() + 5 * clients_;
  timer_slot_ = slicer_slot_ + 1;
  wake_slot_ = timer_slot_ + 1;
  std::size_t slots = wake_slot_ + 1;
  if (setup.use_interval > 0) {
    use_slot_ = slots++;
  }
  if (setup.memory_interval > 0) {
    memory_slot_ = slots++;
  }
  slots_ = EventSlots(slots);
  for (auto& engine : engines_) {
    if (setup.use_interval > 0) {
      engine->watch_use();
    }
  }
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
  launched_.reserve(2 * clients_);
  std::size_t ops = 0;
  for (std::size_t c = 0; c < clients_; ++c) {
    streams_[c].arrivals.resize(op_count(c));
    streams_[c].pads.resize(op_count(c));
    ops += op_count(c);
  }
  watch_memory();
  line_.resize(system_.mode.one_stream ? ops : 0);
}

SimTotals Executive::run() {
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

void Executive::dispatch_event(std::size_t slot) {
  if (slot < engines_.size()) {
    engine_event(slot);
    return;
  }
  if (slot == wake_slot_) {
    slots_.clear(slot);
    decide();
    return;
  }
  if (slot > wake_slot_) {
    slot == use_slot_ ? end_use_interval() : end_memory_interval();
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
    if (memory_ != nullptr) {
      update_held();
    }
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

void Executive::engine_event(std::size_t engine) {
  completed_.clear();
  engines_[engine]->advance(now_, completed_);
  refresh_engine(engine);
  for (const std::uint32_t stream : completed_) {
    kernel_complete(stream);
  }
  if (detail_ != nullptr) {
    report_shares();
  }
}

} // namespace cotenant
