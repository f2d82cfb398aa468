// Waves of one kernel that follow each other in the same places: replaced, and skipped, without a
// new placement.
#include <algorithm>

#include "sim/wave_engine.h"

namespace cotenant {

// Where every cohort that ends now is followed by as many blocks of its own kernel on the same SMs,
// no rate changes and nothing else can start. Returns whether this is so.
bool WaveEngine::replace_in_place(Ticks now) {
  if (pending_.empty()) {
    return false;
  }
  const std::span<Cohort> cohorts = groups_.cohorts();
  const std::uint32_t stream = cohorts[ending_[0]].stream;
  std::uint32_t blocks = 0;
  for (const std::uint32_t index : std::span(ending_).first(ending_count_)) {
    // One that others came after would become the youngest, and change how they all run.
    if (cohorts[index].stream != stream || !cohorts[index].youngest) {
      return false;
    }
    blocks += cohorts[index].count * groups_[cohorts[index].group].size;
  }
  if (!keeps_its_place(stream, blocks)) {
    return false;
  }
  Kernel& kernel = kernels_[stream];
  if (drifts(kernel)) {
    return false;
  }
  for (const std::uint32_t index : std::span(ending_).first(ending_count_)) {
    cohorts[index].began = now;
    cohorts[index].finish = now + stretched(kernel.work, 1 / cohorts[index].rate);
    groups_.replaced(index, *kernel.shape);
  }
  kernel.pending -= blocks;
  if (kernel.pending == 0) {
    std::erase(pending_, stream);
  }
  return true;
}

// Whether all space that `ending` of the kernel's blocks free goes back to the same kernel, so that
// they are replaced where they were. Before them, no pending block fitted anywhere that could have
// been placed.
bool WaveEngine::keeps_its_place(std::uint32_t stream, std::uint32_t ending) const {
  const Kernel& kernel = kernels_[stream];
  if (kernel.pending < ending) {
    return false;
  }
  // When its last pending block goes, the next kernel may find space that was kept from it.
  return pending_.front() == stream && (kernel.pending > ending || pending_.size() == 1);
}

// After a replacement: kernels that keep their places and have blocks enough go on replacing their
// cohorts, each cohort with a period of its own, until a cohort of another kernel ends or blocks
// become few. All that lies before that is skipped.
void WaveEngine::look_for_stretch(Ticks now) {
  const std::span<const Cohort> cohorts = groups_.cohorts();
  bool any = false;
  for (const std::uint32_t stream : running_) {
    Kernel& kernel = kernels_[stream];
    kernel.replacing = !drifts(kernel) && kernel.pending > 2 * kernel.resident &&
                       keeps_its_place(stream, kernel.resident);
    kernel.blocks_per_tick = 0;
  }
  for (const Cohort& cohort : cohorts) {
    kernels_[cohort.stream].replacing &= cohort.youngest;
  }
  for (const std::uint32_t stream : running_) {
    any |= kernels_[stream].replacing;
  }
  Ticks next = kNeverTicks;
  Ticks horizon = kNeverTicks; // up to which, exclusive, nothing happens but replacements
  for (const Cohort& cohort : cohorts) {
    Kernel& kernel = kernels_[cohort.stream];
    next = std::min(next, cohort.finish);
    if (kernel.replacing) {
      const auto blocks = static_cast<double>(cohort.count * groups_[cohort.group].size);
      kernel.blocks_per_tick += blocks * cohort.rate / static_cast<double>(kernel.work);
    } else {
      horizon = std::min(horizon, cohort.finish);
    }
  }
  set_next(next);
  if (!any) {
    return;
  }
  for (const std::uint32_t stream : running_) {
    const Kernel& kernel = kernels_[stream];
    if (kernel.replacing) {
      // A cohort is replaced at most once more often than its periods fit. The last pending block
      // stays: a kernel behind may start when it goes.
      const double blocks = kernel.pending - kernel.resident - 1;
      horizon = std::min(horizon, now + static_cast<Ticks>(blocks / kernel.blocks_per_tick));
    }
  }
  if (horizon <= next) {
    return;
  }
  next = kNeverTicks;
  for (const Cohort& cohort : cohorts) {
    const Kernel& kernel = kernels_[cohort.stream];
    next = std::min(next, kernel.replacing ? first_end(cohort, horizon) : cohort.finish);
  }
  stretch_ = true;
  set_next(next);
}

// When the cohort, replaced again and again, first ends at or after `time`.
Ticks WaveEngine::first_end(const Cohort& cohort, Ticks time) const {
  if (cohort.finish >= time) {
    return cohort.finish;
  }
  const Ticks period = stretched(kernels_[cohort.stream].work, 1 / cohort.rate);
  return cohort.finish + (time - cohort.finish + period - 1) / period * period;
}

// Makes up for the replacements that a stretch skipped before `time`.
void WaveEngine::end_stretch(Ticks time) {
  stretch_ = false;
  const std::span<Cohort> cohorts = groups_.cohorts();
  for (std::size_t i = 0; i < cohorts.size(); ++i) {
    Cohort& cohort = cohorts[i];
    Kernel& kernel = kernels_[cohort.stream];
    if (kernel.replacing && cohort.finish < time) {
      const Ticks period = stretched(kernel.work, 1 / cohort.rate);
      const Ticks times = (time - cohort.finish + period - 1) / period;
      cohort.finish += times * period;
      cohort.began = cohort.finish - period;
      kernel.pending -=
          static_cast<std::uint32_t>(times) * cohort.count * groups_[cohort.group].size;
      groups_.replaced(i, *kernel.shape);
    }
  }
  set_next(earliest_finish());
}

} // namespace cotenant
