// Device memory over time, for runs that ask for it.
#include "sim/executive.h"

namespace cotenant {

/// From the start of the run every client has its persistent memory.
void Executive::watch_memory() {
  if (setup_.memory_interval == 0) {
    return;
  }
  std::vector<std::size_t> gpu_of;
  for (std::size_t c = 0; c < clients_; ++c) {
    gpu_of.push_back(gpus() == 1 ? 0 : c);
  }
  memory_ = std::make_unique<MemoryMeter>(std::move(gpu_of));
  for (std::size_t c = 0; c < clients_; ++c) {
    memory_->live(c, program(c).memory.persistent, 0);
    memory_->held(c, program(c).peak_bytes(), 0);
  }
  update_held();
}

/// What the scheduler may have changed by its last answer.
void Executive::update_held() {
  if (!system_.mode.manages_memory) {
    return;
  }
  memory_->budget(system_.scheduler->memory_budget(), now_);
  for (std::size_t c = 0; c < clients_; ++c) {
    memory_->held(c, system_.scheduler->held_bytes(c), now_);
  }
}

/// Each interval begins where the last one ended; the first with the clock.
void Executive::start_memory() {
  if (memory_ != nullptr) {
    memory_->begin(now_);
    slots_.set(memory_slot_, now_ + setup_.memory_interval);
  }
}

void Executive::end_memory_interval() {
  memory_->report(now_, clock_start_, sink_);
  slots_.clear(memory_slot_);
  if (goes_on()) {
    slots_.set(memory_slot_, now_ + setup_.memory_interval);
  }
}

} // namespace cotenant
