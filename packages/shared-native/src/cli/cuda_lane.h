// Options of the commands that use this machine's GPU, and the lane that they make.
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "cuda/coordinator/cuda_run.h"
#include "run/catalog.h"
#include "run/plan.h"

namespace cotenant {

struct CudaArguments {
  std::string programs = "live";
  std::string python = "python3";
  std::filesystem::path ledger;
  int watchdog_s = 20;
  bool any_gpu = false;
  bool outputs = false;
};

void add_cuda_options(CLI::App& command, CudaArguments& arguments);

/// What the lane needs, GPU included. Throws cuda::Unavailable when there is none.
cuda::LaneOptions lane_options(const CudaArguments& arguments, const std::filesystem::path& data);

struct GpuRun {
  std::filesystem::path out;
  bool progress = false;
};

/// Runs the plans one after the other; false if the user stopped it. Throws the first error: what was
/// finished before is kept.
bool run_on_gpu(const std::vector<Plan>& plans, Catalog& catalog, const CudaArguments& arguments,
                const GpuRun& run);

} // namespace cotenant
