// Every client alone on a GPU of its own: what sharing is compared with.
//
// Orion's artifact measures "Ideal" through its own interception layer and MPS without it; here no
// system pays for a layer that it does not have.
#include "scheduler/pass_through.h"

namespace cotenant {
namespace {

const RegisterSystem registered{{
    .name = "ideal",
    .title = "A GPU for each client",
    .summary = "Each client has a whole GPU to itself: no sharing, no interference. The bound "
               "that Orion (EuroSys'24) and every later paper compares latency and throughput "
               "with.",
    .params = {},
    .make =
        [](const Params& /*params*/, const Setup& /*setup*/) {
          return pass_through({.contexts = ContextMode::isolated,
                               .launcher = Launcher::per_client,
                               .stream_priorities = false});
        },
}};

} // namespace
} // namespace cotenant
