// Which context is resident when contexts share a GPU by time.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/time.h"

namespace cotenant {

/// Default time-slicing of an NVIDIA GPU between processes: one context is resident; when its slice
/// ends and another has work, the GPU saves the one and restores the other, which takes
/// `switch_cost`. A context without work gives the GPU up at once. One that is alone has slice after slice, and another
/// that gets work waits for the end of the one under way: on an H200 a process that was idle waits between nothing and a
/// quantum beside one whose kernels are queued, all waits equally likely (gpus/calibration/h200-slices.json,
/// slice_wait; only beside a single kernel with nothing queued behind it, it need not wait).
///
/// The slicer decides; its owner pauses and resumes the engines when told.
class ContextSlicer {
 public:
  ContextSlicer(std::size_t contexts, Nanos quantum, Nanos switch_cost)
      : has_work_(contexts, false), quantum_(quantum), switch_cost_(switch_cost) {}

  /// What the owner must do after a call.
  struct Change {
    std::optional<std::size_t> evict;  ///< pause this context's engine now
    std::optional<std::size_t> resume; ///< resume this context's engine now
  };

  [[nodiscard]] bool resident(std::size_t context) const { return resident_ == context; }

  /// The next time at which due() must be called; kNever when nothing is pending.
  [[nodiscard]] Nanos next() const { return next_; }

  Change work_arrived(std::size_t context, Nanos now);
  Change work_drained(std::size_t context, Nanos now);
  Change due(Nanos now);

 private:
  [[nodiscard]] std::optional<std::size_t> next_with_work(std::size_t after) const;
  Change switch_to(std::size_t context, Nanos now);

  std::vector<bool> has_work_;
  Nanos quantum_;
  Nanos switch_cost_;
  std::optional<std::size_t> resident_; ///< none while a switch is under way
  std::optional<std::size_t> incoming_; ///< the switch's target
  std::optional<std::size_t> last_; ///< whose state the GPU holds: returning to it costs nothing
  Nanos slice_start_ = 0;
  Nanos next_ = kNever;
};

} // namespace cotenant
