#include "memory/time_shift.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace cotenant {
namespace {

/// Iterations of a running job that are looked at one by one; behind them its highest demand counts. So a
/// decision stays short even where a job of microseconds runs beside one of minutes.
constexpr int kRepeats = 16;
constexpr std::size_t kMostRunning = 64;

/// Walks over the demand of a running job from now on.
class Walk {
 public:
  Walk() = default;
  Walk(const RunningCurve& running, bool repeats)
      : curve_(running.curve), left_(repeats ? kRepeats : 0), repeats_(repeats),
        begin_(-curve_.scaled(running.progress)) {
    const auto& at = curve_.curve->at;
    piece_ = static_cast<std::size_t>(std::upper_bound(at.begin(), at.end(), running.progress) -
                                      at.begin() - 1);
    set();
  }

  [[nodiscard]] std::int64_t demand() const { return demand_; }
  [[nodiscard]] Nanos end() const { return end_; }

  void next() {
    if (++piece_ == curve_.curve->at.size()) {
      piece_ = 0;
      begin_ += curve_.length();
      if (left_-- == 0) {
        demand_ =
            repeats_ ? *std::max_element(curve_.curve->regions.begin(), curve_.curve->regions.end())
                     : 0;
        end_ = kNever;
        return;
      }
    }
    set();
  }

 private:
  void set() {
    demand_ = curve_.curve->regions[piece_];
    end_ = begin_ + curve_.scaled(curve_.curve->end_of(piece_));
  }

  StretchedCurve curve_;
  int left_ = 0;
  bool repeats_ = false;
  Nanos begin_ = 0; ///< of the iteration
  std::size_t piece_ = 0;
  std::int64_t demand_ = 0;
  Nanos end_ = 0; ///< of the piece
};

/// Looks at one shift; returns it if it works, else the least that the collisions found leave possible.
Nanos without_collisions(std::span<const RunningCurve> running, const StretchedCurve& starting,
                         std::int64_t capacity, Nanos shift, bool repeats) {
  std::array<Walk, kMostRunning> walks;
  for (std::size_t i = 0; i < running.size(); ++i) {
    walks[i] = Walk(running[i], repeats);
  }
  const std::span<Walk> all(walks.data(), running.size());
  Nanos possible = shift;
  Nanos now = shift;
  std::size_t piece = 0;
  while (piece < starting.curve->at.size()) {
    std::int64_t taken = 0;
    Nanos until = kNever;
    for (Walk& walk : all) {
      while (walk.end() <= now) {
        walk.next();
      }
      taken += walk.demand();
      until = std::min(until, walk.end());
    }
    const Nanos piece_end = shift + starting.scaled(starting.curve->end_of(piece));
    if (piece_end > now && taken + starting.curve->regions[piece] > capacity) {
      if (until == kNever) {
        return kNever;
      }
      possible = std::max(possible, until - starting.scaled(starting.curve->at[piece]));
    }
    now = std::max(now, std::min(piece_end, until));
    if (piece_end <= now) {
      ++piece;
    }
  }
  return possible;
}

} // namespace

std::optional<Nanos> least_shift(std::span<const RunningCurve> running,
                                 const StretchedCurve& starting, std::int64_t capacity, Nanos most,
                                 bool repeats) {
  assert(running.size() <= kMostRunning);
  Nanos shift = 0;
  while (shift <= most) {
    const Nanos possible = without_collisions(running, starting, capacity, shift, repeats);
    if (possible == shift) {
      return shift;
    }
    shift = possible;
  }
  return std::nullopt;
}

} // namespace cotenant
