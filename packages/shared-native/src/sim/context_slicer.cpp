#include "sim/context_slicer.h"

#include <algorithm>

namespace cotenant {

std::optional<std::size_t> ContextSlicer::next_with_work(std::size_t after) const {
  const std::size_t count = has_work_.size();
  for (std::size_t step = 1; step <= count; ++step) {
    const std::size_t candidate = (after + step) % count;
    if (has_work_[candidate]) {
      return candidate;
    }
  }
  return std::nullopt;
}

ContextSlicer::Change ContextSlicer::switch_to(std::size_t context, Nanos now) {
  Change change;
  if (resident_) {
    change.evict = resident_;
    last_ = resident_;
    resident_.reset();
  }
  if (!last_ || *last_ == context) {
    resident_ = context;
    slice_start_ = now;
    next_ = kNever;
    change.resume = context;
    return change;
  }
  incoming_ = context;
  next_ = now + switch_cost_;
  return change;
}

ContextSlicer::Change ContextSlicer::work_arrived(std::size_t context, Nanos now) {
  has_work_[context] = true;
  if (incoming_ || (resident_ && *resident_ == context)) {
    return {};
  }
  if (!resident_ || !has_work_[*resident_]) {
    return switch_to(context, now);
  }
  if (next_ == kNever) {
    const Nanos slices = (now - slice_start_ + quantum_ - 1) / quantum_;
    next_ = slice_start_ + std::max<Nanos>(slices, 1) * quantum_;
  }
  return {};
}

ContextSlicer::Change ContextSlicer::work_drained(std::size_t context, Nanos now) {
  has_work_[context] = false;
  if (!resident_ || *resident_ != context) {
    return {};
  }
  const auto other = next_with_work(context);
  if (other) {
    return switch_to(*other, now);
  }
  next_ = kNever;
  return {};
}

ContextSlicer::Change ContextSlicer::due(Nanos now) {
  next_ = kNever;
  if (incoming_) {
    resident_ = incoming_;
    incoming_.reset();
    slice_start_ = now;
    Change change;
    change.resume = resident_;
    const auto other = next_with_work(*resident_);
    if (other && *other != *resident_) {
      next_ = now + quantum_;
    }
    return change;
  }
  const auto other = next_with_work(*resident_);
  if (other && *other != *resident_) {
    return switch_to(*other, now);
  }
  return {};
}

} // namespace cotenant
