#include "cuda/synthetic/dial.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "cuda/synthetic/workload.h"

namespace cotenant::cuda::synthetic {
namespace {

struct Point {
  double dial;
  double ns;
};

class Search {
 public:
  Search(double target, double hop_ns, const std::function<double(double)>& measure,
         const TuningLimits& limits)
      : target_(target), hop_ns_(std::max(hop_ns, 1.0)), measure_(measure), limits_(limits) {}

  Tuning run() {
    const Point whole = probe(0);
    if (whole.ns < target_) {
      low_ = whole;
      climb();
    } else {
      high_ = whole;
      descend();
    }
    narrow();
    return {.dial = best_->dial, .achieved_ns = best_->ns, .rounds = rounds_};
  }

 private:
  [[nodiscard]] bool done() const {
    return rounds_ >= limits_.rounds ||
           std::abs(best_->ns - target_) <=
               std::max(limits_.absolute_ns, limits_.relative * target_);
  }

  Point probe(double dial) {
    const Point point{dial, measure_(dial)};
    ++rounds_;
    if (!best_ || std::abs(point.ns - target_) < std::abs(best_->ns - target_)) {
      best_ = point;
    }
    return point;
  }

  /// Adds hops until the kernel is too long. While hops hide behind memory, time hardly grows: then
  /// the step grows instead.
  void climb() {
    double slope = hop_ns_;
    while (!done() && !high_) {
      const double missing = (target_ - low_->ns) / slope;
      const double most = 16 * (low_->dial + target_ / hop_ns_) + 1;
      const Point next = probe(low_->dial + std::clamp(missing, 0.02, most));
      if (next.ns >= target_) {
        high_ = next;
      } else {
        const double seen = (next.ns - low_->ns) / (next.dial - low_->dial);
        slope = std::max(seen, slope / 8);
        low_ = next;
      }
    }
  }

  /// Takes multiply-adds away, then traffic, as far as it must.
  void descend() {
    if (done()) {
      return;
    }
    const Point whole = *high_;
    const Point without_fma = probe(-1);
    if (without_fma.ns < target_) {
      low_ = without_fma;
      return;
    }
    const Point nothing = probe(kLeastDial);
    if (nothing.ns < target_) {
      high_ = without_fma;
      low_ = nothing;
      return;
    }
    // Too long even when it does nothing: it keeps whatever costs no time.
    const double slack = std::max(limits_.absolute_ns, limits_.relative * target_);
    best_ = nothing;
    for (const Point& fuller : {without_fma, whole}) {
      if (fuller.ns <= nothing.ns + slack) {
        best_ = fuller;
      }
    }
  }

  /// Regula falsi; halves the bracket when an end does not move (Illinois' remedy).
  void narrow() {
    if (!low_ || !high_) {
      return;
    }
    double low_error = low_->ns - target_;
    double high_error = high_->ns - target_;
    int side = 0;
    while (!done() && high_->dial - low_->dial > 1e-6) {
      const double across = high_error - low_error;
      double dial = across > 0 ? low_->dial - low_error * (high_->dial - low_->dial) / across
                               : (low_->dial + high_->dial) / 2;
      const double margin = 0.02 * (high_->dial - low_->dial);
      dial = std::clamp(dial, low_->dial + margin, high_->dial - margin);
      const Point next = probe(dial);
      if (next.ns < target_) {
        low_ = next;
        low_error = next.ns - target_;
        high_error /= side == -1 ? 2 : 1;
        side = -1;
      } else {
        high_ = next;
        high_error = next.ns - target_;
        low_error /= side == 1 ? 2 : 1;
        side = 1;
      }
    }
  }

  double target_;
  double hop_ns_;
  const std::function<double(double)>& measure_;
  TuningLimits limits_;
  std::optional<Point> low_;  ///< too short
  std::optional<Point> high_; ///< long enough
  std::optional<Point> best_;
  int rounds_ = 0;
};

} // namespace

Tuning tune(double target_ns, double hop_ns, const std::function<double(double)>& measure,
            const TuningLimits& limits) {
  return Search(target_ns, hop_ns, measure, limits).run();
}

} // namespace cotenant::cuda::synthetic
