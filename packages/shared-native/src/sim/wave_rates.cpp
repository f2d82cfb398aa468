// Rates of cohorts, and the finish times that follow from them.
#include <algorithm>

#include "sim/wave_engine.h"

namespace cotenant {

namespace {

/// Share of DRAM bandwidth that one block asks for under its SM's issue limit.
double demand_of(double dram, double issue) {
  return issue == 1 ? dram : round_share(dram * issue);
}

} // namespace

void WaveEngine::update_rates(Ticks now) {
  groups_.update_issue_limits();

  // What kernels obtain. All sums are exact, so it does not matter in which order and from which
  // side they are formed.
  double total = 0;
  bool elastic = groups_.issue_limited();
  for (const std::uint32_t stream : running_) {
    Kernel& kernel = kernels_[stream];
    kernel.obtained = kernel.dram * kernel.resident;
    total += kernel.obtained;
    elastic |= kernel.issue_alone > 1;
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
  for (const std::uint32_t stream : running_) {
    Kernel& kernel = kernels_[stream];
    kernel.latency = latency_factor(contention_, total - kernel.obtained);
  }
  apply_rates(now, fair_share);
  groups_.settle();
}

// Takes from the kernels' shares what their blocks do not ask for where they are short of issue slots, and gives them
// what they ask for besides where they have more than alone; returns the sum, which may be negative.
double WaveEngine::withhold_by_issue() {
  double sum = 0;
  for (const Cohort& cohort : groups_.cohorts()) {
    const SmGroup& group = groups_[cohort.group];
    Kernel& kernel = kernels_[cohort.stream];
    if (group.limited || kernel.issue_alone > 1) {
      const double demand =
          demand_of(kernel.dram, issue_rate(group.issue, kernel.issue_extra, kernel.issue_alone));
      const double withheld = (kernel.dram - demand) * (cohort.count * group.size);
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
    const double demand =
        demand_of(kernel.dram, issue_rate(group.issue, kernel.issue_extra, kernel.issue_alone));
    classes_.push_back({.demand = demand, .blocks = cohort.count * group.size});
  }
  const double fair_share = fair_dram_share(classes_);
  for (const std::uint32_t stream : running_) {
    kernels_[stream].obtained = 0;
  }
  for (const Cohort& cohort : groups_.cohorts()) {
    const SmGroup& group = groups_[cohort.group];
    Kernel& kernel = kernels_[cohort.stream];
    const double demand =
        demand_of(kernel.dram, issue_rate(group.issue, kernel.issue_extra, kernel.issue_alone));
    kernel.obtained += obtained_share(demand, fair_share) * (cohort.count * group.size);
  }
  return fair_share;
}

// Gives every cohort its rate and moves its finish time accordingly. No question whether the rate
// has changed: that is too irregular to predict, and a ratio of 1 leaves a finish time as it is.
void WaveEngine::apply_rates(Ticks now, double fair_share) {
  const SmGroup* const groups = groups_.all().data();
  const Kernel* const kernels = kernels_.data();
  Ticks next = kNeverTicks;
  const auto apply = [&](Cohort& cohort, double rate) {
    cohort.finish = now + stretched(cohort.finish - now, cohort.rate / rate);
    cohort.rate = rate;
    next = std::min(next, cohort.finish);
  };
  if (fair_share == kNoLimit) {
    for (Cohort& cohort : groups_.cohorts()) {
      const Kernel& kernel = kernels[cohort.stream];
      apply(cohort, issue_rate(groups[cohort.group].issue, kernel.issue_extra, kernel.issue_alone) *
                        kernel.latency);
    }
  } else {
    for (Cohort& cohort : groups_.cohorts()) {
      const Kernel& kernel = kernels[cohort.stream];
      const double issue =
          issue_rate(groups[cohort.group].issue, kernel.issue_extra, kernel.issue_alone);
      apply(cohort, block_rate(issue, kernel.dram, fair_share, kernel.latency));
    }
  }
  set_next(next);
}

} // namespace cotenant
