#include "sim/sm_groups.h"

#include <algorithm>

namespace cotenant {

SmGroups::SmGroups(std::uint32_t sms, std::uint32_t blocks_per_sm) {
  groups_.reserve(sms);
  changed_.reserve(sms);
  signatures_.resize(sms);
  cohorts_.reserve(std::size_t{sms} * blocks_per_sm);
}

void SmGroups::clear() {
  groups_.clear();
  cohorts_.clear();
  changed_.clear();
  busy_sms_ = 0;
  placed_from_ = 0;
  merge_at_ = kMergeAt;
}

std::uint32_t SmGroups::add(const SmSet& sms, std::uint32_t size) {
  groups_.push_back({.sms = sms, .size = size, .use = {}});
  return static_cast<std::uint32_t>(groups_.size() - 1);
}

void SmGroups::mark_changed(std::uint32_t index) {
  if (!groups_[index].changed) {
    groups_[index].changed = true;
    changed_.push_back(index);
  }
}

void SmGroups::place(std::uint32_t index, const KernelShape& shape, std::uint32_t stream,
                     std::uint32_t count, Ticks began, Ticks finish, double rate) {
  SmGroup& group = groups_[index];
  busy_sms_ += group.use.blocks == 0 ? group.size : 0;
  group.use.add(shape, count);
  group.issue += shape.issue * count;
  mark_changed(index);
  // Rounds of one placement add to each other.
  for (std::size_t i = placed_from_; i < cohorts_.size(); ++i) {
    Cohort& cohort = cohorts_[i];
    if (cohort.group == index && cohort.stream == stream && cohort.finish == finish &&
        cohort.rate == rate) {
      cohort.count += count;
      return;
    }
  }
  cohorts_.push_back({.finish = finish,
                      .began = began,
                      .rate = rate,
                      .stream = stream,
                      .group = index,
                      .count = count});
}

void SmGroups::remove(std::size_t index, const KernelShape& shape) {
  const Cohort cohort = cohorts_[index];
  SmGroup& group = groups_[cohort.group];
  group.use.remove(shape, cohort.count);
  group.issue -= shape.issue * cohort.count;
  busy_sms_ -= group.use.blocks == 0 ? group.size : 0;
  mark_changed(cohort.group);
  cohorts_[index] = cohorts_.back();
  cohorts_.pop_back();
  placed_from_ = cohorts_.size();
}

void SmGroups::replaced(std::size_t cohort, const KernelShape& shape) {
  SmGroup& group = groups_[cohorts_[cohort].group];
  if (group.use.blocks == cohorts_[cohort].count) {
    group.use.split = shape.split;
  }
}

std::uint32_t SmGroups::split(std::uint32_t index, const SmSet& sms, std::uint32_t size) {
  const auto copy = static_cast<std::uint32_t>(groups_.size());
  groups_.push_back(groups_[index]);
  groups_[copy].sms = sms;
  groups_[copy].size = size;
  groups_[copy].changed = false;
  groups_[index].sms -= sms;
  groups_[index].size -= size;
  mark_changed(copy);
  for (std::size_t i = 0, end = cohorts_.size(); i < end; ++i) {
    if (cohorts_[i].group == index) {
      cohorts_.push_back(cohorts_[i]);
      cohorts_.back().group = copy;
    }
  }
  return copy;
}

// A number for each group that depends on its cohorts but not on their order.
void SmGroups::sign() {
  std::fill_n(signatures_.begin(), groups_.size(), 0);
  for (const Cohort& cohort : cohorts_) {
    constexpr std::uint64_t odd = 0x9e3779b97f4a7c15;
    const std::uint64_t what = std::uint64_t{cohort.stream} << 32 | cohort.count;
    const Ticks began = groups_[cohort.group].several ? cohort.began : 0;
    const auto when =
        static_cast<std::uint64_t>(cohort.finish) + static_cast<std::uint64_t>(began) * odd;
    signatures_[cohort.group] += (when ^ what * odd) * odd;
  }
}

bool SmGroups::same_cohorts(std::uint32_t a, std::uint32_t b) const {
  if (!(groups_[a].use == groups_[b].use)) {
    return false;
  }
  // As many blocks in all, and each cohort of `a` in `b` too: then there are no others in `b`.
  for (const Cohort& in_a : cohorts_) {
    if (in_a.group == a && std::ranges::none_of(cohorts_, [&](const Cohort& in_b) {
          return in_b.group == b && in_b.finish == in_a.finish &&
                 (in_b.began == in_a.began || !groups_[a].several) && in_b.stream == in_a.stream &&
                 in_b.count == in_a.count;
        })) {
      return false;
    }
  }
  return true;
}

void SmGroups::settle() {
  for (const std::uint32_t index : changed_) {
    groups_[index].changed = false;
  }
  changed_.clear();
  placed_from_ = cohorts_.size();
  if (groups_.size() < merge_at_) {
    return;
  }
  sign();
  for (std::uint32_t a = 0; a < groups_.size(); ++a) {
    for (std::uint32_t b = a + 1; b < groups_.size();) {
      if (signatures_[a] == signatures_[b] && same_cohorts(a, b)) {
        join(b, a); // another group takes the place of b: look there next
      } else {
        ++b;
      }
    }
  }
  placed_from_ = cohorts_.size();
  merge_at_ = groups_.size() + 1;
}

void SmGroups::join(std::uint32_t from, std::uint32_t into) {
  groups_[into].sms |= groups_[from].sms;
  groups_[into].size += groups_[from].size;
  std::erase_if(cohorts_, [from](const Cohort& cohort) { return cohort.group == from; });
  const auto last = static_cast<std::uint32_t>(groups_.size() - 1);
  groups_[from] = groups_[last];
  signatures_[from] = signatures_[last];
  groups_.pop_back();
  for (Cohort& cohort : cohorts_) {
    cohort.group = cohort.group == last ? from : cohort.group;
  }
}

} // namespace cotenant
