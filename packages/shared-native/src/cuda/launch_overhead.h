// What a system's executive adds to a launch, beside launching the same ops in a plain loop.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "cuda/driver.h"
#include "cuda/live_program.h"
#include "run/catalog.h"

namespace cotenant::cuda {

/// Runs `program` `repeats` times in each of three ways on a GPU that does nothing else: its whole
/// graph in one call (null without a graph), its ops in a plain loop, its ops under the system
/// `ideal`. For the latter two, the period from one launch to the next within a request, and for all
/// three the time from the first call until the host sees the end; medians and quartiles in ns.
/// Throws InputError for fewer than 3 repeats, and DeviceError.
nlohmann::ordered_json measure_overhead(const Driver& driver, Stream stream, Catalog& catalog,
                                        const LiveProgram& program, int repeats);

} // namespace cotenant::cuda
