// The request trace of Orion's artifact, regenerated.
#pragma once

#include <vector>

#include "base/time.h"

namespace cotenant {

/// The gaps of the artifact's inter_arrival_times.json: 6240 gaps, 299.733 s. REEF's DISB-E
/// workload replays five clients of an autonomous-driving stack (Baidu Apollo), each a one-second
/// pattern of submission times that repeats for a minute; Orion laid the five minutes end to end. A
/// segment's first gap is its first submission time, counted from the segment's start as if the
/// last segment had ended with its last request.
std::vector<Nanos> apollo_trace();

} // namespace cotenant
