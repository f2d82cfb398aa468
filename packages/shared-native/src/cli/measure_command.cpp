// cotenant measure --plans DIR --out DIR --budget SECONDS
#include <cstdio>
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/cuda_lane.h"
#include "cli/interrupt.h"
#include "cuda/coordinator/measure.h"
#include "cuda/driver.h"

namespace cotenant {
namespace {

struct MeasureArguments {
  std::filesystem::path plans;
  std::filesystem::path out;
  double budget_s = 0;
  CudaArguments cuda;
};

void say(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

void run_measure(const MeasureArguments& arguments, CliContext& context) {
  Catalog catalog(context.data);
  cuda::MeasurePlans plans = cuda::read_measure_plans(arguments.plans);
  catch_interrupts();
  cuda::CudaLane lane(catalog, lane_options(arguments.cuda, context.data));
  const cuda::MeasureResult result =
      cuda::measure(lane, catalog, std::move(plans),
                    {.out = arguments.out,
                     .budget = std::chrono::duration<double>(arguments.budget_s),
                     .interrupted = interrupted,
                     .say = say});
  const std::string left_running = lane.shut_down();
  say(fmt::format("{} plans measured, {} reused, {} unavailable, {} failed, {} left",
                  result.finished, result.reused, result.unavailable_plans, result.failures.size(),
                  result.left));
  for (const std::string& failure : result.failures) {
    fmt::print(stderr, "cotenant: {}\n", failure);
  }
  if (!left_running.empty()) {
    fmt::print(stderr, "cotenant: {}\n", left_running);
  }
  if (!result.unavailable.empty()) {
    throw cuda::Unavailable(result.unavailable);
  }
  if (result.interrupted) {
    fmt::print(stderr, "cotenant: interrupted; finished plans are kept, run the same command to go "
                       "on\n");
    context.exit_code = kExitInterrupted;
  } else if (!result.failures.empty()) {
    context.exit_code = kExitFailure;
  }
}

} // namespace

void add_measure_command(CLI::App& app, CliContext& context) {
  auto arguments = std::make_shared<MeasureArguments>();
  CLI::App* command = app.add_subcommand(
      "measure",
      "Run the plans of several systems on this machine's GPU, as many as there is time for");
  command->add_option("--plans", arguments->plans, "Folder with a folder of plans for each system")
      ->required();
  command->add_option("--out", arguments->out, "Folder for the record files, one folder a system")
      ->required();
  command
      ->add_option("--budget", arguments->budget_s,
                   "Seconds; no plan begins that would exceed them")
      ->required()
      ->check(CLI::PositiveNumber);
  add_cuda_options(*command, arguments->cuda);
  command->callback([arguments, &context] { run_measure(*arguments, context); });
}

} // namespace cotenant
