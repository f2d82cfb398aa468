// Placement over groups of SMs: the same choices as block by block, made for all SMs of a level at
// once.
#include <algorithm>
#include <utility>

#include "sim/wave_engine.h"

namespace cotenant {

void WaveEngine::add_pending(std::uint32_t stream) {
  Kernel& added = kernels_[stream];
  added.known_full = false;
  auto at = pending_.end();
  while (at != pending_.begin() && kernels_[*(at - 1)].priority < added.priority) {
    --at; // it started later than those already there, so only priority counts
    kernels_[*at].known_full = false; // it will not be tried while this one is in front of it
  }
  pending_.insert(at, stream);
}

void WaveEngine::place(Ticks now) {
  SmSet awaited; // SMs that kernels in front wait for
  for (auto at = pending_.begin(); at != pending_.end();) {
    const Kernel& kernel = kernels_[*at];
    if ((kernel.sms & awaited) == SmSet()) {
      fill(*at, now);
    }
    if (kernel.pending == 0) {
      at = pending_.erase(at);
    } else if (kernel.everywhere) {
      return;
    } else {
      awaited |= kernel.sms;
      ++at;
    }
  }
}

// Finds the groups that have room for the kernel, and for how many blocks in all. After it found
// none, only those that changed since can have any.
std::uint64_t WaveEngine::find_candidates(std::uint32_t stream) {
  const Kernel& kernel = kernels_[stream];
  candidates_.clear();
  std::uint64_t all = 0;
  const auto consider = [&](std::uint32_t index) {
    const std::uint32_t space = room(limits_, groups_[index].use, *kernel.shape);
    if (space == 0) {
      return;
    }
    const std::uint32_t within = kernel.everywhere ? index : part_within(index, kernel.sms);
    if (within != kNone) {
      const SmGroup& group = groups_[within];
      candidates_.push_back({.group = within, .room = space, .level = group.use.threads});
      all += std::uint64_t{space} * group.size;
    }
  };
  if (kernel.known_full) {
    for (const std::uint32_t index : groups_.changed()) {
      consider(index);
    }
  } else {
    // Parts that are split off on the way have been considered.
    const auto end = static_cast<std::uint32_t>(groups_.size());
    for (std::uint32_t index = 0; index < end; ++index) {
      consider(index);
    }
  }
  return all;
}

// The group of those SMs of group `index` that are in `sms`, split off if there are others; kNone if
// there are none.
std::uint32_t WaveEngine::part_within(std::uint32_t index, const SmSet& sms) {
  const SmSet inside = groups_[index].sms & sms;
  const std::uint32_t size = inside.count();
  if (size == 0) {
    return kNone;
  }
  return size == groups_[index].size ? index : groups_.split(index, inside, size);
}

// Places pending blocks of `stream`, level by level from the emptiest SMs up, until none is left
// or none fits.
void WaveEngine::fill(std::uint32_t stream, Ticks now) {
  Kernel& kernel = kernels_[stream];
  const KernelShape& shape = *kernel.shape;
  const std::uint32_t pending_before = kernel.pending;
  const bool apart = drifts(kernel);
  const std::uint64_t space = find_candidates(stream);
  kernel.known_full = false;
  if (space <= kernel.pending) {
    // The levels do not matter: every SM fills up.
    for (Candidate& candidate : candidates_) {
      candidate.added = std::exchange(candidate.room, 0);
    }
    kernel.pending -= static_cast<std::uint32_t>(space);
    kernel.known_full = true;
  }
  while (kernel.pending > 0 && !kernel.known_full) {
    const Level level = lowest_level();
    if (level.sms == 0) {
      kernel.known_full = true;
      break;
    }
    if (kernel.pending < level.sms) {
      place_on_lowest(level.threads, kernel.pending);
      kernel.pending = 0;
      break;
    }
    // Rounds of one block on each of these SMs, until one of them is full or the next level is
    // reached.
    std::uint32_t rounds = std::min(level.room, kernel.pending / level.sms);
    if (level.above != kNone) {
      rounds = std::min(rounds, (level.above - level.threads + shape.threads - 1) / shape.threads);
    }
    for (Candidate& candidate : candidates_) {
      if (candidate.room > 0 && candidate.level == level.threads) {
        candidate.added += rounds;
        candidate.room -= rounds;
        candidate.level += rounds * shape.threads;
      }
    }
    kernel.pending -= rounds * level.sms;
  }
  for (const Candidate& candidate : candidates_) {
    if (candidate.added > 0 && apart) {
      place_apart(candidate, stream, now);
    } else if (candidate.added > 0) {
      groups_.place(candidate.group, shape, stream, candidate.added, now, now + kernel.work);
    }
  }
  kernel.resident += pending_before - kernel.pending;
}

// The wave of the kernel that ran alone, which would have ended at `ends`, in classes of SMs that end apart. Where that was
// before `now`, the next one runs.
void WaveEngine::drift_apart(Ticks ends, Ticks now) {
  Kernel& kernel = kernels_[solo_];
  const KernelShape& shape = *kernel.shape;
  const double span = drift_span(shape, drift_span_);
  for (std::uint32_t i = 0; i < kDriftClasses; ++i) {
    const std::uint32_t sms = drift_classes_[i].count();
    if (sms == 0) {
      continue;
    }
    Ticks finish = ends + drift_of(i, kernel.work, span);
    if (finish <= now) {
      finish += kernel.work;
      kernel.pending -= shape.slots_per_sm * sms;
    }
    const std::uint32_t group = groups_.add(drift_classes_[i], sms);
    groups_.place(group, shape, solo_, shape.slots_per_sm, finish - kernel.work, finish);
    kernel.resident += shape.slots_per_sm * sms;
  }
}

// Places the candidate's blocks with ends that differ by class of SM; the classes leave its group.
void WaveEngine::place_apart(const Candidate& candidate, std::uint32_t stream, Ticks now) {
  const Kernel& kernel = kernels_[stream];
  const double span = drift_span(*kernel.shape, drift_span_);
  for (std::uint32_t i = 0; i < kDriftClasses; ++i) {
    const SmSet here = groups_[candidate.group].sms & drift_classes_[i];
    const std::uint32_t size = here.count();
    if (size > 0) {
      const bool all = size == groups_[candidate.group].size;
      const std::uint32_t group =
          all ? candidate.group : groups_.split(candidate.group, here, size);
      const Ticks work = kernel.work + drift_of(i, kernel.work, span);
      groups_.place(group, *kernel.shape, stream, candidate.added, now, now + work);
      if (all) {
        return;
      }
    }
  }
}

WaveEngine::Level WaveEngine::lowest_level() const {
  Level level{.threads = kNone, .above = kNone};
  for (const Candidate& candidate : candidates_) {
    if (candidate.room == 0 || candidate.level > level.above) {
      continue;
    }
    if (candidate.level > level.threads) {
      level.above = candidate.level;
      continue;
    }
    if (candidate.level < level.threads) {
      level = {.threads = candidate.level, .above = level.threads, .room = kNone};
    }
    level.sms += groups_[candidate.group].size;
    level.room = std::min(level.room, candidate.room);
  }
  return level;
}

// One block each on the `count` SMs with the lowest indices of a level that has more; they leave
// their groups.
void WaveEngine::place_on_lowest(std::uint32_t level, std::uint32_t count) {
  SmSet on_level;
  std::uint32_t groups = 0;
  for (const Candidate& candidate : candidates_) {
    if (candidate.room > 0 && candidate.level == level) {
      on_level |= groups_[candidate.group].sms;
      ++groups;
    }
  }
  const SmSet chosen = on_level.lowest(count);
  for (std::size_t i = 0, end = candidates_.size(); i < end; ++i) {
    const Candidate candidate = candidates_[i];
    if (candidate.room == 0 || candidate.level != level) {
      continue;
    }
    const SmSet here = groups_[candidate.group].sms & chosen;
    const std::uint32_t size = groups == 1 ? count : here.count();
    if (size == groups_[candidate.group].size) {
      ++candidates_[i].added;
    } else if (size > 0) {
      const std::uint32_t part = groups_.split(candidate.group, here, size);
      candidates_.push_back({.group = part, .added = candidate.added + 1});
    }
  }
}

} // namespace cotenant
