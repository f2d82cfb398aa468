// cotenant verify | overhead: whether live programs compute what they should, and what a launch costs.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/cuda_lane.h"
#include "cli/interrupt.h"
#include "cuda/driver.h"

namespace cotenant {
namespace {

using nlohmann::ordered_json;

struct CheckArguments {
  std::vector<std::string> programs;
  int steps = 3;
  int repeats = 200;
  bool json = false;
  CudaArguments cuda;
};

/// Asks about each program; a failure concerns that program alone.
void ask_about(const CheckArguments& arguments, CliContext& context, const ordered_json& request,
               const std::function<bool(const std::string&, const ordered_json&)>& report) {
  Catalog catalog(context.data);
  for (const std::string& program : arguments.programs) {
    catalog.program(program);
  }
  catch_interrupts();
  cuda::CudaLane lane(catalog, lane_options(arguments.cuda, context.data));
  for (const std::string& program : arguments.programs) {
    ordered_json question = request;
    question["program"] = program;
    try {
      const ordered_json answer = lane.ask(program, question);
      if (!report(program, answer)) {
        context.exit_code = kExitFailure;
      }
    } catch (const cuda::HostFailure& failure) {
      if (interrupted()) {
        context.exit_code = kExitInterrupted;
        return;
      }
      fmt::print(stderr, "cotenant: {}\n", failure.what());
      context.exit_code = kExitFailure;
    }
  }
  if (const std::string left = lane.shut_down(); !left.empty()) {
    fmt::print(stderr, "cotenant: {}\n", left);
  }
}

/// Inference has to agree bit for bit; of training, the difference is told.
bool report_verification(const CheckArguments& arguments, const std::string& program,
                         const ordered_json& answer) {
  const bool exact = answer.value("exact", false);
  if (arguments.json) {
    fmt::print("{}\n", answer.dump());
  } else if (exact) {
    fmt::print("{}: exact in {} steps\n", program, answer.value("steps", 0));
  } else {
    fmt::print("{}: differs by {:.3g} in {} steps\n", program,
               answer.value("max_relative_difference", 0.0), answer.value("steps", 0));
  }
  return exact || answer.value("mode", "") == "training";
}

} // namespace

void add_check_commands(CLI::App& app, CliContext& context) {
  auto arguments = std::make_shared<CheckArguments>();
  const auto add = [&](const char* name, const char* help) {
    CLI::App* command = app.add_subcommand(name, help);
    command->add_option("programs", arguments->programs, "Program ids")->required();
    add_cuda_options(*command, arguments->cuda);
    return command;
  };
  CLI::App* verifying =
      add("verify", "Compare live programs, launched op by op, with PyTorch's own execution");
  verifying->add_option("--steps", arguments->steps, "Requests or iterations (default: 3)")
      ->check(CLI::Range(1, 1000));
  verifying->add_flag("--json", arguments->json, "Answers as JSON, one a line");
  verifying->callback([arguments, &context] {
    ask_about(*arguments, context, {{"do", "verify"}, {"steps", arguments->steps}},
              [&](const std::string& program, const ordered_json& answer) {
                return report_verification(*arguments, program, answer);
              });
  });
  CLI::App* measuring =
      add("overhead", "What a launch costs with and without the scheduler, as JSON");
  measuring->add_option("--repeats", arguments->repeats, "Requests of each kind (default: 200)")
      ->check(CLI::Range(3, 100000));
  measuring->callback([arguments, &context] {
    ask_about(*arguments, context, {{"do", "overhead"}, {"repeats", arguments->repeats}},
              [](const std::string& program, const ordered_json& answer) {
                ordered_json line = {{"program", program}};
                line.update(answer);
                fmt::print("{}\n", line.dump());
                return true;
              });
  });
}

} // namespace cotenant
