// From a captured CUDA graph to ops that can be launched one by one.
#pragma once

#include "cuda/driver.h"
#include "cuda/live_program.h"
#include "program/excerpt.h"
#include "program/program.h"

namespace cotenant::cuda {

/// The operations of `graph` in launch order, with all launch attributes. Argument memory stays the
/// graph's, so the graph must outlive the program. Throws DeviceError if the driver refuses, and
/// InputError for a graph that is no chain of kernels, copies and memsets in the order of their
/// creation: child graphs, host nodes, an edge that goes back.
LiveProgram walk_graph(const Driver& driver, Graph graph);

/// Makes of the whole program the excerpt: its ops, repeated. Throws InputError if there is no such
/// op.
void keep_excerpt(LiveProgram& live, const ExcerptOrigin& origin);

/// Checks op by op that `live` is the program that was recorded: kind, and for kernels name, grid
/// and block. Throws InputError that names the first op that differs and both sides.
void bind(const LiveProgram& live, const Program& recorded);

} // namespace cotenant::cuda
