// SMs in the same state, kept once a state instead of once an SM.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/contention.h"
#include "sim/placement.h"
#include "sim/sm_set.h"
#include "sim/ticks.h"

namespace cotenant {

/// SMs that hold the same blocks, with the same finish times, under the same split. Where they are of several kernels,
/// they began at the same times too: who came first goes first.
struct SmGroup {
  SmSet sms;
  std::uint32_t size = 0; ///< SMs
  SmUse use;              ///< of each SM
  double issue = 0;       ///< issue slots that the blocks of each SM want
  bool several = false;   ///< they are of several kernels, as of the last rates
  bool changed = false;   ///< listed in SmGroups::changed()
};

/// Blocks of one kernel that started together on the SMs of a group, and so end together.
struct Cohort {
  Ticks finish = 0;
  Ticks began = 0;
  double rate = 1;
  double issue = 1;     ///< its issue rate, as of the last rates
  bool youngest = true; ///< as of then: no block of another kernel on its SMs began later
  std::uint32_t stream = 0;
  std::uint32_t group = 0;
  std::uint32_t count = 0; ///< blocks on each SM of the group
};

/// The groups that partition a GPU's SMs, and the cohorts on them. All memory is taken at
/// construction.
///
/// An event ends cohorts and places others; the groups that this touches are listed as changed
/// until settle(). Until then indices of groups are stable.
class SmGroups {
 public:
  SmGroups(std::uint32_t sms, std::uint32_t blocks_per_sm);

  [[nodiscard]] std::span<const SmGroup> all() const { return groups_; }
  [[nodiscard]] const SmGroup& operator[](std::size_t index) const { return groups_[index]; }
  [[nodiscard]] std::size_t size() const { return groups_.size(); }
  [[nodiscard]] std::span<Cohort> cohorts() { return cohorts_; }
  [[nodiscard]] std::span<const Cohort> cohorts() const { return cohorts_; }
  [[nodiscard]] std::span<const std::uint32_t> changed() const { return changed_; }
  [[nodiscard]] std::uint32_t busy_sms() const { return busy_sms_; }

  /// Forgets everything; add() then makes groups of idle SMs until they cover the GPU.
  void clear();
  std::uint32_t add(const SmSet& sms, std::uint32_t size);

  /// Places `count` blocks on each SM of group `index`, which began at `began` and end at `finish` if they run at
  /// `rate`.
  void place(std::uint32_t index, const KernelShape& shape, std::uint32_t stream,
             std::uint32_t count, Ticks began, Ticks finish, double rate = 1);

  /// Takes cohort `index` off its SMs; the last cohort gets its index.
  void remove(std::size_t index, const KernelShape& shape);

  /// `count` blocks of the same kernel end on an SM and are replaced: the SM was empty for an
  /// instant if they were all, and takes the kernel's split.
  void replaced(std::size_t cohort, const KernelShape& shape);

  /// Splits `sms`, `size` SMs of group `index`, off as a copy of it; returns the copy's index.
  std::uint32_t split(std::uint32_t index, const SmSet& sms, std::uint32_t size);

  /// Whether the blocks on the SMs of group `index` are of several kernels.
  void set_several(std::uint32_t index, bool several) { groups_[index].several = several; }

  /// Ends an event: no group counts as changed any more. Joins groups that have become equal, but
  /// only once there are some more of them than last time: looking for them costs more than
  /// carrying a few.
  void settle();

 private:
  static constexpr std::size_t kMergeAt = 3;

  void mark_changed(std::uint32_t index);
  void sign();
  [[nodiscard]] bool same_cohorts(std::uint32_t a, std::uint32_t b) const;
  void join(std::uint32_t from, std::uint32_t into);

  std::vector<SmGroup> groups_; ///< never more than there are SMs
  std::vector<Cohort> cohorts_;
  std::size_t placed_from_ = 0; ///< cohorts from here on were placed, or split off, in this event
  std::vector<std::uint32_t> changed_;
  std::vector<std::uint64_t> signatures_; ///< scratch of settle, by group
  std::size_t merge_at_ = kMergeAt;       ///< number of groups at which to look for equal ones
  std::uint32_t busy_sms_ = 0;
};

} // namespace cotenant
