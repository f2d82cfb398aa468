// Time-shift scheduling: by how long an iteration must start later, so that its memory and that of the
// iterations under way never add up to more than there is.
//
// Two curves of demand collide for the shifts at which a high piece of one overlaps a high piece of the
// other. So a shift that does not work is moved on at once to where its last collision ends; what is left is the
// least shift that works, exactly. A pass over both curves takes time in their number of pieces, and few
// passes are needed.
//
//      regions ▲      running, from where it is now
//              │  ┌──┐        ┌──┐  repeats
//              │┌─┘  └─┐    ┌─┘  └─
//              │┘      └────┘
//              ├───────┬──────────────▶ time
//              │  Δ    │   ┌──┐
//              │◀─────▶│ ┌─┘  └─┐  starting
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "memory/demand_curve.h"

namespace cotenant {

/// An iteration's curve stretched: beside others it takes longer than alone. In 1/1024, so that times stay
/// whole numbers.
struct StretchedCurve {
  static constexpr std::int64_t kAlone = 1024;

  const DemandCurve* curve = nullptr;
  std::int64_t stretch = kAlone;

  [[nodiscard]] Nanos scaled(Nanos time) const { return time * stretch / kAlone; }
  [[nodiscard]] Nanos length() const { return scaled(curve->length); }
};

/// An iteration under way.
struct RunningCurve {
  StretchedCurve curve;
  Nanos progress = 0; ///< its own time alone, as the curve counts
  /// Time to the end of the iteration.
  [[nodiscard]] Nanos remaining() const { return curve.length() - curve.scaled(progress); }
};

/// The least shift from 0 to `most` at which `starting` fits beside `running` in `capacity` regions; none if there
/// is none. With `repeats`, each running iteration is followed by others like it.
std::optional<Nanos> least_shift(std::span<const RunningCurve> running,
                                 const StretchedCurve& starting, std::int64_t capacity, Nanos most,
                                 bool repeats);

} // namespace cotenant
