#include "sim/wave_engine.h"

#include <algorithm>
#include <cassert>
#include <fmt/format.h>

#include "base/error.h"

namespace cotenant {

namespace {

double nanos_of(Ticks ticks) {
  return static_cast<double>(ticks) * (1.0 / static_cast<double>(kTicksPerNano));
}

} // namespace

WaveEngine::WaveEngine(const GpuSpec& gpu, std::uint32_t streams)
    : limits_(gpu), sm_count_(gpu.sm.count), drift_span_(gpu.contention.block_drift),
      contention_(gpu.contention), kernels_(streams), groups_(gpu.sm.count, gpu.sm.blocks) {
  if (sm_count_ > kMaxSms) {
    throw InputError(
        fmt::format("{}: sm.count is {}; expected at most {}", gpu.id, sm_count_, kMaxSms));
  }
  for (std::uint32_t i = 0; i < kDriftClasses; ++i) {
    drift_classes_[i] = drift_class(i, sm_count_);
  }
  running_.reserve(streams);
  pending_.reserve(streams);
  ending_.resize(std::size_t{sm_count_} * limits_.blocks);
  candidates_.reserve(2 * std::size_t{sm_count_});
  classes_.reserve(std::size_t{sm_count_} * limits_.blocks);
  first_member_.resize(sm_count_);
  next_member_.resize(std::size_t{sm_count_} * limits_.blocks);
  on_sm_.resize(streams);
}

void WaveEngine::set_next(Ticks tick) {
  next_tick_ = tick;
  next_ = paused_ ? kNever : to_nanos(tick);
}

void WaveEngine::start_part(std::uint32_t stream, const KernelShape& shape, const LaunchPart& part,
                            int priority, Nanos now) {
  Kernel& kernel = kernels_[stream];
  assert(kernel.shape == nullptr && next_ > now);
  ++counters_.events;
  kernel.shape = &shape;
  kernel.work = block_ticks(shape.block_ns);
  kernel.issue_extra = shape.issue_extra;
  kernel.issue_alone = shape.issue_alone;
  kernel.dram = shape.dram;
  kernel.sequence = started_++;
  kernel.priority = priority;
  kernel.blocks = std::min(part.blocks, shape.blocks);
  kernel.sms = SmSet::range(part.first_sm, std::min(part.end_sm, sm_count_));
  kernel.everywhere = kernel.sms == SmSet::range(0, sm_count_);
  assert(kernel.blocks > 0 && kernel.sms.count() > 0);
  kernel.pending = kernel.blocks;
  kernel.resident = 0;
  kernel.drifts_until =
      is_whole(kernel) && shape.waves >= kFewestDriftingWaves ? shape.slots_per_sm * sm_count_ : 0;

  const Ticks tick = paused_ ? paused_at_ : to_ticks(now);
  if (mode_ == Mode::idle && !paused_ && is_whole(kernel)) {
    start_solo(stream, tick);
    return;
  }
  if (mode_ == Mode::idle) {
    mode_ = Mode::groups;
    groups_.add(SmSet::range(0, sm_count_), sm_count_);
  } else if (mode_ == Mode::solo) {
    leave_solo(tick, true);
  } else if (stretch_) {
    end_stretch(tick + 1);
  }
  running_.push_back(stream);
  add_pending(stream);
  if (!paused_) {
    integrate(tick);
    after_change(tick);
  }
}

void WaveEngine::kill(std::uint32_t stream, Nanos now) {
  Kernel& kernel = kernels_[stream];
  assert(kernel.shape != nullptr && next_ > now);
  ++counters_.events;
  const Ticks tick = paused_ ? paused_at_ : to_ticks(now);
  if (mode_ == Mode::solo) {
    leave_solo(tick, false);
  } else if (stretch_) {
    end_stretch(tick + 1);
  }
  integrate(tick);
  const std::uint32_t done = kernel.blocks - kernel.pending - kernel.resident;
  counters_.dram_busy_ns += kernel.dram * done * kernel.shape->block_ns;
  // From the back, so that removal moves none that is to come.
  for (std::size_t i = groups_.cohorts().size(); i-- > 0;) {
    if (groups_.cohorts()[i].stream == stream) {
      groups_.remove(i, *kernel.shape);
    }
  }
  kernel.shape = nullptr;
  std::erase(running_, stream);
  std::erase(pending_, stream);
  if (!paused_) {
    after_change(tick);
  }
}

void WaveEngine::advance(Nanos now, std::vector<std::uint32_t>& finished) {
  if (next_ > now) {
    return;
  }
  const Ticks until = to_ticks(now);
  while (next_tick_ <= until) {
    // A kernel that waited for the last one may run alone from here on, and not even for a
    // nanosecond.
    if (mode_ == Mode::solo) {
      finish_solo(finished);
    } else {
      step(next_tick_, finished);
    }
  }
}

void WaveEngine::complete(std::uint32_t stream, std::vector<std::uint32_t>& finished) {
  Kernel& kernel = kernels_[stream];
  counters_.dram_busy_ns += kernel.dram * kernel.blocks * kernel.shape->block_ns;
  kernel.shape = nullptr;
  finished.push_back(stream);
}

void WaveEngine::start_solo(std::uint32_t stream, Ticks now) {
  mode_ = Mode::solo;
  solo_ = stream;
  solo_start_ = now;
  // The SMs with most blocks in the last wave come first and end last.
  set_next(last_wave_start() + last_wave()[0].lasts);
}

Ticks WaveEngine::last_wave_start() const {
  return solo_start_ + kernels_[solo_].work * (kernels_[solo_].shape->waves - 1);
}

// Of the kernel that runs alone: what is left by full waves is spread from the lowest SM on. The fewer blocks of a
// kernel that is short of issue slots share an SM, the sooner they end.
std::array<WaveEngine::WavePart, 2> WaveEngine::last_wave() const {
  const Kernel& kernel = kernels_[solo_];
  const KernelShape& shape = *kernel.shape;
  const std::uint32_t blocks = shape.blocks - (shape.waves - 1) * shape.slots_per_sm * sm_count_;
  const auto part = [&](std::uint32_t begin, std::uint32_t end, std::uint32_t each) {
    const double rate = issue_rate(shape.issue * each, shape.issue_extra, shape.issue_alone);
    const Ticks lasts = each > 0 ? stretched(kernel.work, 1 / rate) : 0;
    return WavePart{.begin = begin, .end = end, .blocks = each, .rate = rate, .lasts = lasts};
  };
  const std::uint32_t more = blocks % sm_count_;
  if (more == 0) {
    return {part(0, sm_count_, blocks / sm_count_), WavePart{}};
  }
  return {part(0, more, blocks / sm_count_ + 1), part(more, sm_count_, blocks / sm_count_)};
}

void WaveEngine::finish_solo(std::vector<std::uint32_t>& finished) {
  counters_ = solo_counters(next_tick_);
  ++counters_.events;
  complete(solo_, finished);
  mode_ = Mode::idle;
  set_next(kNeverTicks);
}

// Makes the groups that the kernel which ran alone has at `now`: full waves fill every SM, the last
// one spreads what is left from the lowest index on. `in_company`: since another kernel comes.
void WaveEngine::leave_solo(Ticks now, bool in_company) {
  counters_ = solo_counters(now);
  integrated_ = now;
  Kernel& kernel = kernels_[solo_];
  const KernelShape& shape = *kernel.shape;
  const std::uint32_t slots = shape.slots_per_sm * sm_count_;
  const auto wave = std::min<Ticks>((now - solo_start_) / kernel.work, shape.waves - 1);
  const auto add = [&](const WavePart& part, Ticks began, Ticks finish) {
    if (part.begin < part.end) {
      const std::uint32_t sms = part.end - part.begin;
      const std::uint32_t group = groups_.add(SmSet::range(part.begin, part.end), sms);
      if (part.blocks > 0 && finish > now) {
        groups_.place(group, shape, solo_, part.blocks, began, finish, part.rate);
        kernel.resident += part.blocks * sms;
      }
    }
  };
  kernel.resident = 0;
  kernel.pending =
      shape.blocks - std::min(shape.blocks, static_cast<std::uint32_t>(wave + 1) * slots);
  if (in_company && wave + 2 < shape.waves) {
    drift_apart(solo_start_ + (wave + 1) * kernel.work, now);
  } else if (wave + 1 < shape.waves) {
    const WavePart full{.begin = 0, .end = sm_count_, .blocks = shape.slots_per_sm};
    add(full, solo_start_ + wave * kernel.work, solo_start_ + (wave + 1) * kernel.work);
  } else {
    for (const WavePart& part : last_wave()) {
      add(part, last_wave_start(), last_wave_start() + part.lasts);
    }
  }
  mode_ = Mode::groups;
  running_.push_back(solo_);
  if (kernel.pending > 0) {
    kernel.known_full = false;
    pending_.push_back(solo_);
  }
}

void WaveEngine::step(Ticks now, std::vector<std::uint32_t>& finished) {
  ++counters_.events;
  if (stretch_) {
    end_stretch(now);
  }
  find_ending(now);
  if (replace_in_place(now)) {
    look_for_stretch(now);
    return;
  }
  integrate(now);
  remove_ended(finished);
  after_change(now);
}

void WaveEngine::find_ending(Ticks now) {
  const std::span<const Cohort> cohorts = groups_.cohorts();
  std::uint32_t* const ending = ending_.data();
  std::size_t count = 0;
  for (std::uint32_t i = 0; i < cohorts.size(); ++i) {
    ending[count] = i;
    count += cohorts[i].finish == now ? 1 : 0;
  }
  ending_count_ = count;
}

void WaveEngine::remove_ended(std::vector<std::uint32_t>& finished) {
  bool completed = false;
  // From the back, so that removal moves none that is to come.
  for (std::size_t i = ending_count_; i-- > 0;) {
    const std::uint32_t index = ending_[i];
    const Cohort& cohort = groups_.cohorts()[index];
    Kernel& kernel = kernels_[cohort.stream];
    const std::uint32_t blocks = cohort.count * groups_[cohort.group].size;
    kernel.resident -= blocks;
    completed |= kernel.resident == 0 && kernel.pending == 0;
    groups_.remove(index, *kernel.shape);
  }
  if (completed) {
    // Streams are in order of start, so those that end together are reported in that order.
    std::erase_if(running_, [&](std::uint32_t stream) {
      const bool ended = kernels_[stream].resident == 0 && kernels_[stream].pending == 0;
      if (ended) {
        complete(stream, finished);
      }
      return ended;
    });
  }
}

// Blocks were removed or a kernel came: fills the space, and finds what happens next.
void WaveEngine::after_change(Ticks now) {
  if (running_.empty()) {
    mode_ = Mode::idle;
    groups_.clear();
    set_next(kNeverTicks);
    return;
  }
  const std::uint32_t first = running_.front();
  if (running_.size() == 1 && kernels_[first].pending == kernels_[first].shape->blocks &&
      is_whole(kernels_[first])) {
    running_.clear();
    pending_.clear();
    groups_.clear();
    start_solo(first, now);
    return;
  }
  if (!pending_.empty()) {
    place(now);
  }
  update_rates(now);
}

Ticks WaveEngine::earliest_finish() const {
  Ticks next = kNeverTicks;
  for (const Cohort& cohort : groups_.cohorts()) {
    next = std::min(next, cohort.finish);
  }
  return next;
}

void WaveEngine::pause(Nanos now) {
  assert(!paused_ && next_ > now);
  paused_at_ = to_ticks(now);
  if (mode_ == Mode::groups) {
    if (stretch_) {
      end_stretch(paused_at_ + 1);
    }
    integrate(paused_at_);
  }
  paused_ = true;
  next_ = kNever;
}

void WaveEngine::resume(Nanos now) {
  assert(paused_);
  paused_ = false;
  const Ticks tick = to_ticks(now);
  const Ticks gap = tick - paused_at_;
  if (mode_ == Mode::solo) {
    solo_start_ += gap;
    set_next(next_tick_ + gap);
  } else if (mode_ == Mode::groups) {
    integrated_ = tick;
    for (Cohort& cohort : groups_.cohorts()) {
      cohort.finish += gap;
    }
    after_change(tick);
  }
}

double WaveEngine::resident_share(std::uint32_t stream) const {
  const Kernel& kernel = kernels_[stream];
  if (kernel.shape == nullptr) {
    return 0;
  }
  const KernelShape& shape = *kernel.shape;
  const std::uint32_t resident = mode_ == Mode::solo
                                     ? std::min(shape.blocks, shape.slots_per_sm * sm_count_)
                                     : kernel.resident;
  return static_cast<double>(resident) * shape.threads /
         (static_cast<double>(limits_.threads) * sm_count_);
}

void WaveEngine::integrate(Ticks now) {
  const double elapsed = nanos_of(now - integrated_);
  counters_.sm_busy_ns += elapsed * groups_.busy_sms();
  if (watched_) {
    add_use(counters_, elapsed);
  }
  integrated_ = now;
}

// What runs in groups uses, for `elapsed` nanoseconds. A stretch skips replacements by the like, which use the same.
void WaveEngine::add_use(EngineCounters& counters, double elapsed) const {
  for (const Cohort& cohort : groups_.cohorts()) {
    const KernelShape& shape = *kernels_[cohort.stream].shape;
    const double blocks = cohort.count * groups_[cohort.group].size;
    counters.thread_ns += elapsed * blocks * shape.threads;
    counters.compute_ns += elapsed * blocks * shape.compute * cohort.rate;
    counters.dram_ns += elapsed * blocks * shape.dram * cohort.rate;
  }
}

EngineCounters WaveEngine::solo_counters(Ticks now) const {
  const Kernel& kernel = kernels_[solo_];
  const KernelShape& shape = *kernel.shape;
  const std::uint32_t slots = shape.slots_per_sm * sm_count_;
  const Ticks elapsed = now - solo_start_;
  const Ticks in_full = std::min(elapsed, (shape.waves - 1) * kernel.work);
  EngineCounters counters = counters_;
  const auto count = [&](std::uint32_t sms, std::uint32_t blocks, double rate, Ticks time) {
    const double ns = nanos_of(time);
    counters.sm_busy_ns += ns * sms;
    if (watched_) {
      const double block_ns = ns * sms * blocks;
      counters.thread_ns += block_ns * shape.threads;
      counters.compute_ns += block_ns * shape.compute * rate;
      counters.dram_ns += block_ns * shape.dram * rate;
    }
  };
  count(sm_count_, slots / sm_count_, 1, in_full);
  for (const WavePart& part : last_wave()) {
    count(part.end - part.begin, part.blocks, part.rate, std::min(elapsed - in_full, part.lasts));
  }
  return counters;
}

EngineCounters WaveEngine::counters(Nanos now) const {
  const Ticks tick = paused_ ? paused_at_ : to_ticks(now);
  if (mode_ == Mode::solo) {
    return solo_counters(tick);
  }
  EngineCounters counters = counters_;
  if (mode_ == Mode::groups) {
    const double elapsed = nanos_of(tick - integrated_);
    counters.sm_busy_ns += elapsed * groups_.busy_sms();
    if (watched_) {
      add_use(counters, elapsed);
    }
  }
  return counters;
}

std::unique_ptr<Engine> make_wave_engine(const GpuSpec& gpu, std::uint32_t streams) {
  return std::make_unique<WaveEngine>(gpu, streams);
}

} // namespace cotenant
