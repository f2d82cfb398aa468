// What the GPU was used for, as a result has it: rows in a file, means and how they came about in the summary.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <vector>

#include "cuda/coordinator/use_sampler.h"

namespace cotenant::cuda {

/// Writes the rows of all GPUs, in order of time and then of GPU as the simulator has them, and adds to the summary: the
/// means over the run (`utilization`), the file's digest, and how long taking samples took.
void write_use(const std::vector<UseSeries>& by_gpu, const std::filesystem::path& file,
               nlohmann::ordered_json& summary);

} // namespace cotenant::cuda
