// The "pace" command of the host protocol.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "cuda/client_streams.h"
#include "cuda/driver.h"

namespace cotenant::cuda {

/// How soon ops follow each other in the streams that the request names (docs/host-protocol.md). Throws InputError
/// that names the field, and DeviceError.
nlohmann::ordered_json answer_pace(const Driver& driver, ClientStreams& streams,
                                   const nlohmann::json& request);

} // namespace cotenant::cuda
