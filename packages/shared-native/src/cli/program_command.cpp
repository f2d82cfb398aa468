// cotenant program show | scale | take | import-orion | spin
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "cli/commands.h"
#include "cli/spin_program.h"
#include "program/excerpt.h"
#include "program/orion_import.h"
#include "program/program_file.h"
#include "program/program_text.h"
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
  double duration_us = 100;
  SpinKernel kernel;
  std::uint32_t ops = 1;
  std::uint32_t op = 0;
  std::uint32_t count = 1;
  std::uint32_t repeat = 1;
  std::string model;
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
                                           {"label", program_text::word(program.label)},
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

void take(const ProgramArguments& arguments, const CliContext& context) {
  Catalog catalog(context.data);
  write_program(excerpt(catalog.program(arguments.program), arguments.program,
                        {.first = arguments.op, .count = arguments.count}, arguments.repeat,
                        arguments.model),
                arguments.out);
}

void import_orion(const ProgramArguments& arguments, const CliContext& context) {
  Catalog catalog(context.data);
  write_program(import_orion_kernels(read_file(arguments.program), arguments.program,
                                     arguments.name, catalog.gpu(arguments.gpu)),
                arguments.out);
}

void spin(const ProgramArguments& arguments, const CliContext& context) {
  Catalog catalog(context.data);
  SpinKernel kernel = arguments.kernel;
  kernel.duration = std::llround(std::clamp(arguments.duration_us, 0.0, 1e9) * kMicrosecond);
  write_program(spin_program(catalog.gpu(arguments.gpu), kernel, arguments.ops, arguments.name),
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

  CLI::App* taking =
      program->add_subcommand("take", "Take a kernel or some ops in a row as a program of its own");
  taking->add_option("program", arguments->program, "Program id or file")->required();
  taking->add_option("--op", arguments->op, "Index of the kernel in the program")->required();
  taking->add_option("--count", arguments->count,
                     "Ops from there on, for one with its memset or some in a row (default: 1)");
  taking->add_option("--repeat", arguments->repeat, "How often (default: 1)");
  taking->add_option("--model", arguments->model, "What to call it, such as conv2d")->required();
  taking->add_option("--out", arguments->out, "File to write (.program.gz)")->required();
  taking->callback([arguments, &context] { take(*arguments, context); });

  CLI::App* importing = program->add_subcommand("import-orion", "Read one of Orion's kernel files");
  importing
      ->add_option("file", arguments->program,
                   "CSV: Name,Profile,Memory_footprint,SM_usage,Duration")
      ->required();
  importing->add_option("--name", arguments->name, "Name of the program")->required();
  importing->add_option("--gpu", arguments->gpu, "GPU that the file was profiled on")->required();
  importing->add_option("--out", arguments->out, "File to write (.program.gz)")->required();
  importing->callback([arguments, &context] { import_orion(*arguments, context); });

  CLI::App* spinning =
      program->add_subcommand("spin", "Make up kernels of one length, to benchmark preemption");
  spinning->add_option("--duration-us", arguments->duration_us, "Of one kernel, alone")->required();
  spinning->add_option("--blocks", arguments->kernel.blocks, "In the grid (default: one a SM)");
  spinning->add_option("--threads", arguments->kernel.threads, "A block (default: 1024)");
  spinning->add_option("--registers", arguments->kernel.registers,
                       "A thread (default: 64, all of an SM with 1024 threads)");
  spinning->add_option("--ops", arguments->ops, "Kernels in the program (default: 1)");
  spinning->add_option("--gpu", arguments->gpu, "GPU that it is for")->required();
  spinning->add_option("--name", arguments->name, "Name of the program");
  spinning->add_option("-o,--out", arguments->out, "File to write (.program.gz)")->required();
  spinning->callback([arguments, &context] { spin(*arguments, context); });
}

} // namespace cotenant
