// One process per client under the MPS server, the high-priority client with a higher client
// priority.
#include "scheduler/pass_through.h"

namespace cotenant {
namespace {

const RegisterSystem registered{{
    .name = "mps-priority",
    .title = "MPS with client priority",
    .summary = "Multi-Process Service with client priorities (CUDA_MPS_CLIENT_PRIORITY): pending "
               "blocks of the high-priority client go first, blocks that run are never evicted.",
    .params = {},
    .make =
        [](const Params& /*params*/, const Setup& /*setup*/) {
          return pass_through({.contexts = ContextMode::mps,
                               .launcher = Launcher::per_client,
                               .stream_priorities = true});
        },
}};

} // namespace
} // namespace cotenant
