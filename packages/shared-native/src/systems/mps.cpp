// One process per client under the MPS server: contexts share the GPU at the same time.
//
// As Orion's artifact runs it: no thread percentage, no client priority.
#include "scheduler/pass_through.h"

namespace cotenant {
namespace {

const RegisterSystem registered{{
    .name = "mps",
    .title = "MPS",
    .summary = "One process per client under NVIDIA's Multi-Process Service: their kernels run "
               "side by side, and start their blocks in the order of launch. No limits, no "
               "priorities: the MPS of Orion's artifact (EuroSys'24).",
    .params = {},
    .make =
        [](const Params& /*params*/, const Setup& /*setup*/) {
          return pass_through({.contexts = ContextMode::mps,
                               .launcher = Launcher::per_client,
                               .stream_priorities = false});
        },
}};

} // namespace
} // namespace cotenant
