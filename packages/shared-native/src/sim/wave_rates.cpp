// Rates of cohorts, and the finish times that follow from them.
#include <algorithm>
#include <utility>

#include "sim/wave_engine.h"

namespace cotenant {

namespace {

/// Share of DRAM bandwidth that one block asks for under its SM's issue limit.
double demand_of(double dram, double issue) {
  return issue == 1 ? dram : round_share(dram * issue);
}

} // namespace

void WaveEngine::update_rates(Ticks now) {
  // What kernels obtain. All sums are exact, so it does not matter in which order and from which
  // side they are formed.
  double total = 0;
  const bool elastic = share_issue();
  for (const std::uint32_t stream : running_) {
    Kernel& kernel = kernels_[stream];
    kernel.obtained = kernel.dram * kernel.resident;
    total += kernel.obtained;
  }
  if (elastic) {
    total -= withhold_by_issue();
  }
  double fair_share = kNoLimit;
  if (total > 1) {
    fair_share = share_dram();
    total = 0;
    for (const std::uint32_t stream : running_) {
      total += kernels_[stream].obtained;
    }
  }
  double in_flight = 0;
  for (const Kernel& kernel : kernels_) { // in the order of streams: this sum is rounded
    in_flight += kernel.shape == nullptr ? 0 : kernel.obtained * kernel.shape->alone.in_flight;
  }
  const double load_ns = load_latency(contention_, in_flight);
  for (const std::uint32_t stream : running_) {
    Kernel& kernel = kernels_[stream];
    const bool others = total != kernel.obtained;
    const KernelShape& shape = *kernel.shape;
    kernel.latency = others ? latency_factor(shape.alone.load_ns, load_ns, shape.waiting) : 1;
  }
  apply_rates(now, fair_share);
  groups_.settle();
}

// Gives every cohort its issue rate; one of an SM on which nothing has changed keeps it. Returns whether any is not 1:
// whether any block runs at another speed than in a full wave of its kernel alone.
bool WaveEngine::share_issue() {
  const std::span<Cohort> cohorts = groups_.cohorts();
  for (const std::uint32_t group : groups_.changed()) {
    first_member_[group] = kNone;
  }
  bool any = false;
  for (std::uint32_t i = 0; i < cohorts.size(); ++i) {
    const std::uint32_t group = cohorts[i].group;
    if (groups_[group].changed) {
      next_member_[i] = std::exchange(first_member_[group], i);
    } else {
      any |= cohorts[i].issue != 1;
    }
  }
  for (const std::uint32_t group : groups_.changed()) {
    any |= share_issue_of(first_member_[group]);
  }
  return any;
}

// On the SMs of one group, whose cohorts are linked from `first` on. Blocks of one kernel compete as they do alone; of
// two kernels, those that began earlier go first.
bool WaveEngine::share_issue_of(std::uint32_t first) {
  const std::span<Cohort> cohorts = groups_.cohorts();
  bool several = false;
  for (std::uint32_t i = first; i != kNone; i = next_member_[i]) {
    several |= cohorts[i].stream != cohorts[first].stream;
  }
  bool any = false;
  if (first != kNone) {
    groups_.set_several(cohorts[first].group, several);
  }
  if (several) {
    any = share_mixed(first);
  } else {
    for (std::uint32_t i = first; i != kNone; i = next_member_[i]) {
      Cohort& cohort = cohorts[i];
      const Kernel& kernel = kernels_[cohort.stream];
      cohort.issue =
          issue_rate(groups_[cohort.group].issue, kernel.issue_extra, kernel.issue_alone);
      cohort.youngest = true;
      any |= cohort.issue != 1;
    }
  }
  return any;
}

// The same where there are several kernels.
bool WaveEngine::share_mixed(std::uint32_t first) {
  const std::span<Cohort> cohorts = groups_.cohorts();
  std::ranges::fill(on_sm_, OnSm{});
  for (std::uint32_t i = first; i != kNone; i = next_member_[i]) {
    OnSm& own = on_sm_[cohorts[i].stream];
    own.issue += kernels_[cohorts[i].stream].shape->issue * cohorts[i].count;
    own.blocks += cohorts[i].count;
  }
  for (std::uint32_t stream = 0; stream < on_sm_.size(); ++stream) {
    const Kernel& kernel = kernels_[stream];
    on_sm_[stream].rate = issue_rate(on_sm_[stream].issue, kernel.issue_extra, kernel.issue_alone);
  }
  const auto taken = [&](std::uint32_t stream, std::uint32_t blocks) {
    return issue_taken(blocks, kernels_[stream].shape->issue_used, on_sm_[stream].rate);
  };
  bool any = false;
  for (std::uint32_t i = first; i != kNone; i = next_member_[i]) {
    Cohort& cohort = cohorts[i];
    const Kernel& kernel = kernels_[cohort.stream];
    for (OnSm& other : on_sm_) {
      other.older = 0;
    }
    cohort.youngest = true;
    for (std::uint32_t j = first; j != kNone; j = next_member_[j]) {
      const Cohort& other = cohorts[j];
      if (other.stream == cohort.stream) {
        continue;
      }
      if (other.began < cohort.began ||
          (other.began == cohort.began && kernels_[other.stream].sequence < kernel.sequence)) {
        on_sm_[other.stream].older += other.count;
      } else {
        cohort.youngest = false;
      }
    }
    const double own = taken(cohort.stream, on_sm_[cohort.stream].blocks);
    cohort.issue = on_sm_[cohort.stream].rate;
    for (std::uint32_t stream = 0; stream < on_sm_.size(); ++stream) {
      const OnSm& other = on_sm_[stream];
      if (stream != cohort.stream && other.blocks > 0) {
        cohort.issue *= issue_beside(taken(stream, other.older),
                                     taken(stream, other.blocks - other.older), own);
      }
    }
    any |= cohort.issue != 1;
  }
  return any;
}

// Takes from the kernels' shares what their blocks do not ask for where they are short of issue slots, and gives them
// what they ask for besides where they have more than alone; returns the sum, which may be negative.
double WaveEngine::withhold_by_issue() {
  double sum = 0;
  for (const Cohort& cohort : groups_.cohorts()) {
    if (cohort.issue != 1) {
      Kernel& kernel = kernels_[cohort.stream];
      const double demand = demand_of(kernel.dram, cohort.issue);
      const double withheld = (kernel.dram - demand) * (cohort.count * groups_[cohort.group].size);
      kernel.obtained -= withheld;
      sum += withheld;
    }
  }
  return sum;
}

// The demands exceed the bandwidth: sets what each kernel obtains, returns the fair share of a
// block.
double WaveEngine::share_dram() {
  classes_.clear();
  for (const Cohort& cohort : groups_.cohorts()) {
    const SmGroup& group = groups_[cohort.group];
    const Kernel& kernel = kernels_[cohort.stream];
    const double demand = demand_of(kernel.dram, cohort.issue);
    classes_.push_back({.demand = demand, .blocks = cohort.count * group.size});
  }
  const double fair_share = fair_dram_share(classes_);
  for (const std::uint32_t stream : running_) {
    kernels_[stream].obtained = 0;
  }
  for (const Cohort& cohort : groups_.cohorts()) {
    const SmGroup& group = groups_[cohort.group];
    Kernel& kernel = kernels_[cohort.stream];
    const double demand = demand_of(kernel.dram, cohort.issue);
    kernel.obtained += obtained_share(demand, fair_share) * (cohort.count * group.size);
  }
  return fair_share;
}

// Gives every cohort its rate and moves its finish time accordingly. No question whether the rate
// has changed: that is too irregular to predict, and a ratio of 1 leaves a finish time as it is.
void WaveEngine::apply_rates(Ticks now, double fair_share) {
  const Kernel* const kernels = kernels_.data();
  Ticks next = kNeverTicks;
  const auto apply = [&](Cohort& cohort, double rate) {
    cohort.finish = now + stretched(cohort.finish - now, cohort.rate / rate);
    cohort.rate = rate;
    next = std::min(next, cohort.finish);
  };
  if (fair_share == kNoLimit) {
    for (Cohort& cohort : groups_.cohorts()) {
      apply(cohort, cohort.issue * kernels[cohort.stream].latency);
    }
  } else {
    for (Cohort& cohort : groups_.cohorts()) {
      const Kernel& kernel = kernels[cohort.stream];
      apply(cohort, block_rate(cohort.issue, kernel.dram, fair_share, kernel.latency));
    }
  }
  set_next(next);
}

} // namespace cotenant
