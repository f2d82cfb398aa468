// One process, one stream per client, the high-priority client in a high-priority stream.
#include "scheduler/pass_through.h"

namespace cotenant {
namespace {

const RegisterSystem registered{{
    .name = "streams-priority",
    .title = "CUDA streams with priority",
    .summary = "One process with one CUDA stream per client; pending blocks of the high-priority "
               "client go first, blocks that run are never evicted. What Orion (EuroSys'24) is "
               "without its policy.",
    .params = {},
    .make =
        [](const Params& /*params*/, const Setup& /*setup*/) {
          return pass_through({.contexts = ContextMode::shared,
                               .launcher = Launcher::per_client,
                               .stream_priorities = true});
        },
}};

} // namespace
} // namespace cotenant
