// cotenant program show | scale | import-orion
#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "cli/commands.h"
#include "program/orion_import.h"
#include "program/program_file.h"
#include "program/scale.h"
#include "run/catalog.h"

namespace cotenant {
namespace {

struct ProgramArguments {
  std::string program;
  std::string gpu;
  std::string name;
  std::filesystem::path out;
  bool json = false;
};

void show(const ProgramArguments& arguments, const CliContext& context) {
  Catalog catalog(context.data);
  const Program& recorded = catalog.program(arguments.program);
  const std::string gpu = arguments.gpu.empty() ? recorded.gpu : arguments.gpu;
  const PreparedProgram& prepared = catalog.prepared(arguments.program, gpu);
  const Program& program = prepared.program;
  const auto kernels = std::count_if(program.ops.begin(), program.ops.end(),
                                     [](const Op& op) { return op.kind == OpKind::kernel; });
  const auto of_class = [&](Boundness boundness) {
    return std::count_if(program.ops.begin(), program.ops.end(), [&](const Op& op) {
      return op.kind == OpKind::kernel && op.boundness == boundness;
    });
  };
  const nlohmann::ordered_json document = {{"id", arguments.program},
                                           {"name", program.name},
                                           {"gpu", program.gpu},
                                           {"label", program_label_name(program.label)},
                                           {"ops", program.ops.size()},
                                           {"kernels", kernels},
                                           {"compute_bound", of_class(Boundness::compute)},
                                           {"memory_bound", of_class(Boundness::memory)},
                                           {"unknown_bound", of_class(Boundness::unknown)},
                                           {"op_sum_ns", program.op_sum()},
                                           {"solo_latency_ns", program.solo_latency},
                                           {"solo_sim_ns", prepared.solo_latency},
                                           {"persistent_bytes", program.persistent_bytes},
                                           {"peak_bytes", program.peak_bytes}};
  if (arguments.json) {
    fmt::print("{}\n", document.dump(1));
    return;
  }
  for (const auto& [key, value] : document.items()) {
    fmt::print("{:<18} {}\n", key, value.is_string() ? value.get<std::string>() : value.dump());
  }
}

void scale(const ProgramArguments& arguments, const CliContext& context) {
  Catalog catalog(context.data);
  const Program& recorded = catalog.program(arguments.program);
  write_program(scale_program(recorded, catalog.gpu(recorded.gpu), catalog.gpu(arguments.gpu)),
                arguments.out);
}

void import_orion(const ProgramArguments& arguments, const CliContext& context) {
  Catalog catalog(context.data);
  write_program(import_orion_kernels(read_file(arguments.program), arguments.program,
                                     arguments.name, catalog.gpu(arguments.gpu)),
                arguments.out);
}

} // namespace

void add_program_command(CLI::App& app, CliContext& context) {
  auto arguments = std::make_shared<ProgramArguments>();
  CLI::App* program = app.add_subcommand("program", "Look at programs, derive them, import them");
  program->require_subcommand(1);

  CLI::App* showing =
      program->add_subcommand("show", "What a program is, on its GPU or on another");
  showing->add_option("program", arguments->program, "Program id or file")->required();
  showing->add_option("--gpu", arguments->gpu, "GPU (default: the one it was recorded on)");
  showing->add_flag("--json", arguments->json, "As JSON");
  showing->callback([arguments, &context] { show(*arguments, context); });

  CLI::App* scaling = program->add_subcommand("scale", "Derive a program for another GPU");
  scaling->add_option("program", arguments->program, "Program id or file")->required();
  scaling->add_option("--gpu", arguments->gpu, "GPU to derive it for")->required();
  scaling->add_option("--out", arguments->out, "File to write (.program.gz)")->required();
  scaling->callback([arguments, &context] { scale(*arguments, context); });

  CLI::App* importing = program->add_subcommand("import-orion", "Read one of Orion's kernel files");
  importing
      ->add_option("file", arguments->program,
                   "CSV: Name,Profile,Memory_footprint,SM_usage,Duration")
      ->required();
  importing->add_option("--name", arguments->name, "Name of the program")->required();
  importing->add_option("--gpu", arguments->gpu, "GPU that the file was profiled on")->required();
  importing->add_option("--out", arguments->out, "File to write (.program.gz)")->required();
  importing->callback([arguments, &context] { import_orion(*arguments, context); });
}

} // namespace cotenant
