// What the GPUs are used for over time: differences of the engines' integrals from one interval's end to the next.
#include "sim/executive.h"

namespace cotenant {
namespace {

/// Engines of one GPU that take turns add up.
EngineCounters sum(const EngineCounters& a, const EngineCounters& b) {
  return {.sm_busy_ns = a.sm_busy_ns + b.sm_busy_ns,
          .dram_busy_ns = a.dram_busy_ns + b.dram_busy_ns,
          .events = a.events + b.events,
          .thread_ns = a.thread_ns + b.thread_ns,
          .compute_ns = a.compute_ns + b.compute_ns,
          .dram_ns = a.dram_ns + b.dram_ns};
}

} // namespace

std::size_t Executive::gpus() const {
  return system_.mode.contexts == ContextMode::isolated ? engines_.size() : 1;
}

/// The clock starts, and with it the first interval.
void Executive::start_use() {
  if (setup_.use_interval == 0) {
    return;
  }
  used_.assign(gpus(), {});
  for (std::size_t i = 0; i < engines_.size(); ++i) {
    EngineCounters& of_gpu = used_[i % used_.size()];
    of_gpu = sum(of_gpu, engines_[i]->counters(now_));
  }
  used_since_ = now_;
  slots_.set(use_slot_, now_ + setup_.use_interval);
}

void Executive::end_use_interval() {
  report_use();
  slots_.clear(use_slot_);
  if (goes_on()) {
    slots_.set(use_slot_, now_ + setup_.use_interval);
  }
}

/// Intervals alone must not keep a run going in which nothing else can happen any more.
bool Executive::goes_on() {
  for (std::size_t slot = 0; slot <= wake_slot_; ++slot) {
    if (slots_.at(slot) != kNever) {
      return true;
    }
  }
  return false;
}

/// The use since the last report, up to now.
void Executive::report_use() {
  if (used_.empty() || now_ == used_since_) {
    return;
  }
  const auto elapsed = static_cast<double>(now_ - used_since_);
  const auto& sm = setup_.gpu.sm;
  std::vector<EngineCounters> used(used_.size());
  for (std::size_t i = 0; i < engines_.size(); ++i) {
    EngineCounters& of_gpu = used[i % used.size()];
    of_gpu = sum(of_gpu, engines_[i]->counters(now_));
  }
  for (std::size_t gpu = 0; gpu < used.size(); ++gpu) {
    const EngineCounters& from = used_[gpu];
    const EngineCounters& to = used[gpu];
    sink_.use(
        {.gpu = gpu,
         .begin = used_since_ - clock_start_,
         .end = now_ - clock_start_,
         .sm_busy = (to.sm_busy_ns - from.sm_busy_ns) / (elapsed * sm.count),
         .occupancy = (to.thread_ns - from.thread_ns) / (elapsed * sm.count * sm.threads),
         .compute = (to.compute_ns - from.compute_ns) / elapsed,
         // Kernels' shares are of the bandwidth that can be had.
         .dram = (to.dram_ns - from.dram_ns) / elapsed * setup_.gpu.memory.achievable_fraction});
  }
  used_ = std::move(used);
  used_since_ = now_;
}

} // namespace cotenant
