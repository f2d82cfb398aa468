// All clients on one stream: temporal sharing at the granularity of kernels.
//
// The baselines tool of Orion's repository (EuroSys'24) calls this "Sequential". Its clients are threads of one
// process that all launch to the default stream, so that ops run one after the other in the order of launch, and
// requests of several clients interleave kernel by kernel; an open request keeps nobody out. The policy that the
// name promises is `sequential`.
//
// There, the interpreter's lock decides whose thread launches next. Here one thread launches for all, an op of each
// client that has one, in the plan's order.
#include "scheduler/pass_through.h"

namespace cotenant {
namespace {

const RegisterSystem registered{{
    .name = "sequential-as-published",
    .title = "One stream for all",
    .summary =
        "All clients launch to one stream, so that their ops run one at a time, in the order "
        "of launch. 'Sequential' in the baselines tool of Orion (EuroSys'24), whose requests "
        "interleave all the same.",
    .params = {},
    .make =
        [](const Params& /*params*/, const Setup& /*setup*/) {
          return pass_through({.contexts = ContextMode::shared,
                               .launcher = Launcher::single,
                               .stream_priorities = false,
                               .one_stream = true});
        },
}};

} // namespace
} // namespace cotenant
