// Clients of one process that run the same program have a copy of it each: over the same tensors one
// would overwrite the other's.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "run/plan.h"

namespace cotenant::cuda {

/// What each of `clients` of the plan, which run at the same time in one process, runs: its program,
/// or from the second client of a program on its copy, "<program>#2".
std::vector<std::string> program_copies(const Plan& plan, const std::vector<std::size_t>& clients);

/// The program that a copy is of: the name without its "#2". Other names stay as they are.
std::string recorded_program(const std::string& copy);

} // namespace cotenant::cuda
