// cotenant run PLAN.json... --out DIR
#include <fmt/format.h>
#include <set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/cuda_lane.h"
#include "cli/interrupt.h"
#include "cli/sim_lane.h"
#include "run/run_plan.h"
#include "run/summary.h"

namespace cotenant {
namespace {

struct RunArguments {
  std::vector<std::filesystem::path> plans;
  SimArguments sim;
  std::string lane = "sim";
  CudaArguments cuda;
  bool record_refusals = false;
};

struct Refused {
  Plan plan;
  std::string reason;
};

/// Checks all plans before anything runs. With `record`, takes those out that cannot be served.
std::vector<Refused> take_refused(std::vector<Plan>& plans, Catalog& catalog, bool record) {
  std::vector<Plan> served;
  std::vector<Refused> refused;
  for (Plan& plan : plans) {
    try {
      check_plan(plan, catalog);
      served.push_back(std::move(plan));
    } catch (const NotApplicable& refusal) {
      if (!record) {
        throw;
      }
      refused.push_back({std::move(plan), refusal.reason()});
    }
  }
  plans = std::move(served);
  return refused;
}

void run(const RunArguments& arguments, CliContext& context) {
  Catalog catalog(context.data);
  std::vector<Plan> plans;
  std::set<std::string> ids;
  for (const auto& file : arguments.plans) {
    plans.push_back(read_plan(file));
    if (!ids.insert(plans.back().id).second) {
      throw InputError(fmt::format(
          "{}: plan.id: '{}' is the id of an earlier plan; expected ids that differ, since "
          "they name the record files",
          file.string(), plans.back().id));
    }
  }
  if (!arguments.sim.timeline.empty() && plans.size() != 1) {
    throw CLI::ValidationError("--timeline", "takes a single plan");
  }
  if (arguments.lane == "cuda" && (!arguments.sim.timeline.empty() || arguments.sim.oracle)) {
    throw CLI::ValidationError("--lane cuda", "has neither --timeline nor --oracle");
  }
  const std::vector<Refused> refused = take_refused(plans, catalog, arguments.record_refusals);
  make_folder(arguments.sim.out);
  for (const auto& [plan, reason] : refused) {
    record_without_result(plan, arguments.sim.out, arguments.lane, reason, true);
  }
  if (plans.empty()) {
    return;
  }
  catch_interrupts();
  const bool whole =
      arguments.lane == "cuda"
          ? run_on_gpu(plans, catalog, arguments.cuda,
                       {.out = arguments.sim.out, .progress = arguments.sim.progress})
          : run_simulated(std::move(plans), catalog, arguments.sim);
  if (!whole) {
    fmt::print(stderr,
               "cotenant: interrupted; finished plans are kept, run the same command to go on\n");
    context.exit_code = kExitInterrupted;
  }
}

} // namespace

void add_run_command(CLI::App& app, CliContext& context) {
  auto arguments = std::make_shared<RunArguments>();
  CLI::App* command =
      app.add_subcommand("run", "Run plans; skip those whose result is already there");
  command->add_option("plans", arguments->plans, "Plan files")->required();
  command->add_option("--out", arguments->sim.out, "Folder for the record files")->required();
  command
      ->add_option("--lane", arguments->lane, "Where: sim (default), or cuda, this machine's GPU")
      ->check(CLI::IsMember({"sim", "cuda"}));
  command->add_option(
      "--jobs", arguments->sim.jobs,
      "Simulations at a time (default: one a core); a GPU takes one plan at a time");
  command->add_option("--timeline", arguments->sim.timeline,
                      "Write a timeline for ui.perfetto.dev (one plan)");
  command->add_flag("--progress", arguments->sim.progress, "Progress as NDJSON on standard error");
  command->add_flag("--oracle", arguments->sim.oracle,
                    "Simulate every block on its own: slow, for comparison");
  command->add_flag(
      "--record-refusals", arguments->record_refusals,
      "A plan that its system cannot serve gets a summary with the reason, instead of "
      "stopping all");
  add_cuda_options(*command, arguments->cuda);
  command->callback([arguments, &context] { run(*arguments, context); });
}

void add_validate_command(CLI::App& app, CliContext& context) {
  auto plans = std::make_shared<std::vector<std::filesystem::path>>();
  CLI::App* command = app.add_subcommand("validate", "Check plans without running them");
  command->add_option("plans", *plans, "Plan files")->required();
  command->callback([plans, &context] {
    Catalog catalog(context.data);
    for (const auto& file : *plans) {
      check_plan(read_plan(file), catalog);
      fmt::print("{}: ok\n", file.string());
    }
  });
}

} // namespace cotenant
