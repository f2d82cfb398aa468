// cotenant orion --config FILE.json --algo orion: a configuration of Orion's artifact, simulated.
#include <fmt/format.h>

#include "base/file.h"
#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/orion_plan.h"
#include "cli/orion_results.h"
#include "cli/sim_lane.h"
#include "program/program_file.h"
#include "run/json_fields.h"
#include "run/run_plan.h"

namespace cotenant {
namespace {

namespace fs = std::filesystem;

struct OrionArguments {
  fs::path config;
  OrionOptions options;
  bool progress = false;
};

/// Programs read from kernel files, on disk for as long as the plan that names them may still turn out to be
/// impossible; then kept.
class ImportedFiles {
 public:
  explicit ImportedFiles(const OrionPlan& plan) {
    for (const auto& [file, program] : plan.programs) {
      if (!fs::exists(file)) {
        make_folder(file.parent_path());
        written_.push_back(file);
        write_program(program, file);
      }
    }
  }
  ~ImportedFiles() {
    std::error_code ignored;
    for (const fs::path& file : written_) {
      fs::remove(file, ignored);
      fs::remove(file.parent_path(), ignored); // if it is empty
    }
  }
  ImportedFiles(const ImportedFiles&) = delete;
  ImportedFiles& operator=(const ImportedFiles&) = delete;

  void keep() { written_.clear(); }

 private:
  std::vector<fs::path> written_;
};

void write_results(const OrionConfig& config, const fs::path& out, const std::string& id) {
  const std::string records = read_file(out / (id + ".csv"));
  const auto summary = parse_json(read_file(out / (id + ".json")), id + ".json");
  for (const auto& client : summary["clients"]) {
    const auto name = client["name"].get<std::string>();
    const std::size_t index = std::stoul(name.substr(name.find('_') + 1));
    const double window = client["window_ns"].get<double>() * 1e-9;
    const double done = client["iterations_in_window"].get<double>();
    const auto result = orion_result(config.clients[index].training, latencies_of(records, name),
                                     window > 0 ? done / window : 0);
    write_file(out / (name + ".json"), result.dump() + "\n");
  }
}

void orion(const OrionArguments& arguments, CliContext& context) {
  const OrionOptions& options = arguments.options;
  Catalog catalog(context.data);
  const OrionConfig config = parse_orion_config(
      read_file(arguments.config), arguments.config.string(), arguments.config.parent_path());
  const std::string id = orion_plan_id(arguments.config, options);
  const OrionPlan made = plan_of_orion(config, options, id, catalog);
  const std::string text = made.plan.dump(2) + "\n";
  ImportedFiles imported(made);
  check_plan(parse_plan(text, arguments.config.string(), options.out), catalog);

  make_folder(options.out);
  imported.keep();
  const fs::path file = options.out / (id + ".plan.json");
  write_file(file, text);
  for (const std::string& note : made.notes) {
    fmt::print(stderr, "cotenant: note: {}\n", note);
  }
  fmt::print("{}", text);
  catch_interrupts();
  if (!run_simulated(
          {read_plan(file)}, catalog,
          {.out = options.out, .timeline = {}, .jobs = 1, .progress = arguments.progress})) {
    fmt::print(stderr, "cotenant: interrupted; the same command starts the run again\n");
    context.exit_code = kExitInterrupted;
    return;
  }
  write_results(config, options.out, id);
}

} // namespace

void add_orion_command(CLI::App& app, CliContext& context) {
  auto arguments = std::make_shared<OrionArguments>();
  OrionOptions& options = arguments->options;
  options.out = ".";
  CLI::App* command =
      app.add_subcommand("orion", "Simulate a client configuration of Orion's artifact as it is");
  command
      ->add_option("--config,--config_file", arguments->config,
                   "JSON list of clients, the high-priority one last")
      ->required();
  command->add_option("--algo", options.algorithm, "orion (default), reef or sequential")
      ->check(CLI::IsMember({"orion", "reef", "sequential"}));
  command->add_option("--reef_depth", options.reef_depth, "Best-effort ops in flight (default: 1)")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}));
  command->add_flag("--as_published", options.as_published,
                    "REEF's policy as the artifact has it: the depth counts polls");
  command
      ->add_option("--orion_max_be_duration", options.max_be_duration,
                   "Limit on best-effort kernels, ns (default: 1)")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1'000'000'000'000}));
  command
      ->add_option("--orion_start_update", options.start_update,
                   "High-priority training: ops before its optimizer phase (default: 1)")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000'000}));
  command
      ->add_option("--orion_hp_limit", options.hp_limit,
                   "High-priority training: limit on an iteration, ms (default: 1)")
      ->check(CLI::Range(0.0, 1e9));
  command->add_option("--gpu", options.gpu, "GPU to simulate (default: v100-16)");
  command->add_option("--profiled_on", options.profiled_on,
                      "GPU that kernel files were made on (default: v100-16)");
  command->add_option("--precision", options.precision, "Of recorded programs (default: fp32)");
  command->add_option("--seed", options.seed, "Of the arrivals (default: 42)");
  command->add_option("--out", options.out, "Folder for client_N.json and records (default: .)");
  command->add_flag("--progress", arguments->progress, "Progress as NDJSON on standard error");
  command->callback([arguments, &context] { orion(*arguments, context); });
}

} // namespace cotenant
