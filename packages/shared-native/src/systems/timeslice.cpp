// One process per client without MPS: the driver gives the GPU to one context at a time.
#include "scheduler/pass_through.h"

namespace cotenant {
namespace {

const RegisterSystem registered{{
    .name = "timeslice",
    .title = "Time-slicing",
    .summary = "One process per client, no MPS: the driver switches the whole GPU between their "
               "contexts, a time slice each (see timeslice in the GPU specification).",
    .params = {},
    .make =
        [](const Params& /*params*/, const Setup& /*setup*/) {
          return pass_through({.contexts = ContextMode::time_sliced,
                               .launcher = Launcher::per_client,
                               .stream_priorities = false});
        },
}};

} // namespace
} // namespace cotenant
