// The simulator's pending events.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "base/time.h"

namespace cotenant {

/// A fixed number of sources, each with at most one pending event. A run has a handful of them (a
/// few per client), so finding the earliest by a scan is faster than any heap and its order is
/// plain: time first, then the source's number. That makes the order of simultaneous events total
/// and the same everywhere.
class EventSlots {
 public:
  explicit EventSlots(std::size_t count) : times_(count, kNever) {}

  void set(std::size_t slot, Nanos at) { times_[slot] = at; }
  void set_earlier(std::size_t slot, Nanos at) { times_[slot] = std::min(times_[slot], at); }
  void clear(std::size_t slot) { times_[slot] = kNever; }
  [[nodiscard]] Nanos at(std::size_t slot) const { return times_[slot]; }

  /// The slot of the earliest event, the lowest number on a tie. Its time may be kNever.
  [[nodiscard]] std::size_t earliest() const {
    std::size_t best = 0;
    Nanos best_time = times_[0];
    for (std::size_t i = 1; i < times_.size(); ++i) {
      if (times_[i] < best_time) {
        best_time = times_[i];
        best = i;
      }
    }
    return best;
  }

 private:
  std::vector<Nanos> times_;
};

} // namespace cotenant
