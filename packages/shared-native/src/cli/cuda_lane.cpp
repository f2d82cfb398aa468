#include "cli/cuda_lane.h"

#include <cstdlib>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/fingerprint.h"
#include "cli/interrupt.h"
#include "cuda/driver.h"

namespace cotenant {
namespace {

namespace fs = std::filesystem;
using cuda::Command;

constexpr std::chrono::seconds kProbeLimit{60};

fs::path own_binary() {
  std::error_code failed;
  fs::path binary = fs::read_symlink("/proc/self/exe", failed);
  if (failed) {
    throw IoError(fmt::format("/proc/self/exe: {}", failed.message()));
  }
  return binary;
}

/// `folder` before what the user has in the variable.
std::string before(const fs::path& folder, const char* variable) {
  const char* theirs = std::getenv(variable);
  return theirs == nullptr || *theirs == '\0' ? folder.string() : folder.string() + ":" + theirs;
}

/// The coordinator itself stays clear of CUDA: a child looks at the GPU.
nlohmann::ordered_json probe_gpu(const fs::path& data) {
  Command command;
  command.arguments = {own_binary(), "--data", data, "cuda-host", "--describe"};
  const cuda::CommandResult result = cuda::run_command(command, "", kProbeLimit);
  if (result.status == kExitUnavailable) {
    std::string why = cuda::on_one_line(result.output);
    const std::string prefix = "cotenant: ";
    throw cuda::Unavailable(why.starts_with(prefix) ? why.substr(prefix.size()) : why);
  }
  auto gpu = nlohmann::ordered_json::parse(result.output, nullptr, false);
  if (result.status != 0 || !gpu.is_object() || gpu.value("uuid", "").empty()) {
    throw cuda::Unavailable("unavailable: looking at the GPU failed: " +
                            cuda::on_one_line(result.output));
  }
  return gpu;
}

Command host_command(const CudaArguments& arguments, const fs::path& data) {
  const fs::path binary = own_binary();
  Command command;
  command.set = {{"COTENANT_DATA", fs::absolute(data)}};
  if (arguments.programs == "synthetic") {
    command.arguments = {binary, "--data", fs::absolute(data), "cuda-host"};
    return command;
  }
  command.arguments = {arguments.python, "-m", "cotenant_capture.live_host"};
  command.set.emplace_back("COTENANT_LIBRARY", binary.parent_path() / "libcotenant.so");
  command.set.emplace_back("PYTHONUNBUFFERED", "1");
  if (const fs::path capture = fs::absolute(data) / "capture"; fs::exists(capture)) {
    command.set.emplace_back("PYTHONPATH", before(capture, "PYTHONPATH"));
  }
  return command;
}

} // namespace

void add_cuda_options(CLI::App& command, CudaArguments& arguments) {
  const char* group = "With this machine's GPU";
  command
      .add_option(
          "--programs", arguments.programs,
          "live (default): the models, built by PyTorch; synthetic: generated kernels of the "
          "same shapes and durations")
      ->check(CLI::IsMember({"live", "synthetic"}))
      ->group(group);
  command
      .add_option("--ledger", arguments.ledger,
                  "Folder that keeps finished measurements and is looked into before measuring")
      ->group(group);
  command.add_option("--python", arguments.python, "Python with PyTorch (default: python3)")
      ->group(group);
  command
      .add_option("--watchdog", arguments.watchdog_s,
                  "Seconds without progress after which a run is ended (default: 20)")
      ->check(CLI::Range(1, 3600))
      ->group(group);
  command.add_flag("--any-gpu", arguments.any_gpu, "Run plans for another GPU, labelled so")
      ->group(group);
  command
      .add_flag("--outputs", arguments.outputs, "Digests of the models' outputs in the summaries")
      ->group(group);
}

cuda::LaneOptions lane_options(const CudaArguments& arguments, const fs::path& data) {
  cuda::LaneOptions options;
  options.data = data;
  options.programs =
      arguments.programs == "live" ? cuda::ProgramKind::live : cuda::ProgramKind::synthetic;
  options.gpu = probe_gpu(data);
  options.host = host_command(arguments, data);
  if (!arguments.ledger.empty()) {
    options.ledger = arguments.ledger;
  }
  options.any_gpu = arguments.any_gpu;
  options.outputs = arguments.outputs;
  options.watchdog = std::chrono::seconds(arguments.watchdog_s);
  options.fingerprint = [](const std::string& system) {
    return code_fingerprint("cuda-" + system);
  };
  options.interrupted = interrupted;
  options.say = [](const std::string& line) { fmt::print(stderr, "cotenant: {}\n", line); };
  return options;
}

bool run_on_gpu(const std::vector<Plan>& plans, Catalog& catalog, const CudaArguments& arguments,
                const GpuRun& run) {
  cuda::CudaLane lane(catalog, lane_options(arguments, catalog.data()));
  for (const Plan& plan : plans) {
    lane.check(plan);
  }
  for (const Plan& plan : plans) {
    if (!lane.reuse(plan, run.out)) {
      lane.open_counters(plan);
    }
  }
  for (const Plan& plan : plans) {
    const auto report = [&](double done, Nanos now) {
      if (run.progress) {
        fmt::print(stderr, "{{\"plan\":\"{}\",\"done\":{:.4f},\"run_ns\":{}}}\n", plan.id, done,
                   now);
      }
    };
    if (lane.run(plan, run.out, report) == RunOutcome::interrupted) {
      return false;
    }
    report(1, 0);
  }
  if (const std::string left = lane.shut_down(); !left.empty()) {
    fmt::print(stderr, "cotenant: {}\n", left);
  }
  return !interrupted();
}

} // namespace cotenant
