// Finds the dial at which a kernel takes as long as it should.
#pragma once

#include <functional>

namespace cotenant::cuda::synthetic {

struct Tuning {
  double dial = 0;
  double achieved_ns = 0; ///< as last measured at that dial
  int rounds = 0;         ///< measurements taken
};

struct TuningLimits {
  double relative = 0.01; ///< good enough, of the target
  double absolute_ns = 60;
  int rounds = 8;
};

/// `measure` gives the duration at a dial, which grows with it but for noise and flat stretches.
/// `hop_ns` is a guess of what the dial's unit adds to the duration. Returns the best of all that
/// was measured: secant steps, kept inside the bracket once there is one.
Tuning tune(double target_ns, double hop_ns, const std::function<double(double)>& measure,
            const TuningLimits& limits = {});

} // namespace cotenant::cuda::synthetic
