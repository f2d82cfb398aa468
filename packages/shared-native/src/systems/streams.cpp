// One process, one stream per client, no priorities: sharing as the hardware does it.
//
// The baselines tool runs its clients as threads of one Python process, which share an interpreter
// lock. Here each client has a host thread of its own, as a C++ server would.
#include "scheduler/pass_through.h"

namespace cotenant {
namespace {

const RegisterSystem registered{{
    .name = "streams",
    .title = "CUDA streams",
    .summary = "One process with one CUDA stream per client, all of equal priority; blocks are "
               "placed in the order of their kernels' launches. The multi-stream baseline of "
               "REEF (OSDI'22) and Orion (EuroSys'24).",
    .params = {},
    .make =
        [](const Params& /*params*/, const Setup& /*setup*/) {
          return pass_through({.contexts = ContextMode::shared,
                               .launcher = Launcher::per_client,
                               .stream_priorities = false});
        },
}};

} // namespace
} // namespace cotenant
