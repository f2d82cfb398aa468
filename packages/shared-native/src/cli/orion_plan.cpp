#include "cli/orion_plan.h"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"
#include "base/text.h"
#include "program/orion_import.h"
#include "program/program_file.h"
#include "run/json_fields.h"
#include "traffic/apollo_trace.h"

namespace cotenant {
namespace {

using nlohmann::ordered_json;
namespace fs = std::filesystem;

bool is_there(const fs::path& file) {
  std::error_code ignored;
  return fs::is_regular_file(file, ignored);
}

/// The project's name of a model: resnet50, mobilenetv2, bert, transformerxl.
std::string model_name(const OrionClient& client) {
  std::string name = client.model == "transformer" ? "transformerxl" : client.model;
  std::erase(name, '_');
  return name;
}

std::string program_name(const OrionClient& client, const OrionOptions& options) {
  return fmt::format("{}-{}-b{}-{}", model_name(client), client.training ? "training" : "inference",
                     client.batch, options.precision);
}

/// A kernel file that exists, checked against the number of ops that the client says it has.
Program read_kernels(const fs::path& file, std::int64_t rows, const OrionClient& client,
                     const char* count_field, const OrionOptions& options, Catalog& catalog) {
  Program program =
      import_orion_kernels(read_file(file), file.string(), program_name(client, options),
                           catalog.gpu(options.profiled_on));
  if (static_cast<std::int64_t>(program.ops.size()) != rows) {
    throw InputError(fmt::format("{}.{}: {}, but {} has {}; expected the number of its rows",
                                 client.where, count_field, rows, file.string(),
                                 program.ops.size()));
  }
  return program;
}

/// Id of the recorded program: recorded on the GPU of the run, or on the first other one that has it.
std::string recorded_program(const OrionClient& client, const OrionOptions& options,
                             const fs::path& data) {
  const std::string name = program_name(client, options);
  const std::string model = model_name(client) + "-";
  std::string found;
  std::vector<std::string> of_model;
  std::vector<std::string> all;
  for (const std::string& id : list_program_ids(data)) {
    const std::string here = id.substr(id.find('/') + 1);
    if (here == name && (found.empty() || id.starts_with(options.gpu + "/"))) {
      found = id;
    }
    (here.starts_with(model) ? of_model : all).push_back(here);
  }
  if (!found.empty()) {
    return found;
  }
  const fs::path& file = client.later_kernel_file ? *client.later_kernel_file : client.kernel_file;
  throw InputError(fmt::format(
      "{}: no program {} is recorded and the kernel file {} is not there; expected one of {}, or "
      "the kernel file",
      client.where, name, quote(file.string()), joined(of_model.empty() ? all : of_model)));
}

class Planner {
 public:
  Planner(const OrionConfig& config, const OrionOptions& options, Catalog& catalog)
      : config_(config), options_(options), catalog_(catalog) {
    result_.notes = config.notes;
  }

  OrionPlan plan(const std::string& id) {
    check_gpu("--gpu", options_.gpu);
    check_gpu("--profiled_on", options_.profiled_on);
    const std::size_t high = config_.clients.size() - 1;
    std::vector<ordered_json> clients;
    for (std::size_t i = 0; i < config_.clients.size(); ++i) {
      clients.push_back(client(i, i == high));
    }
    std::rotate(clients.begin(), clients.end() - 1, clients.end());
    result_.plan = {{"version", 1},
                    {"id", id},
                    {"gpu", options_.gpu},
                    {"seed", options_.seed},
                    {"system", system(config_.clients[high])},
                    {"clients", clients},
                    {"until", fmt::format("client_{}", high)}};
    return std::move(result_);
  }

 private:
  void check_gpu(const char* option, const std::string& id) {
    try {
      catalog_.gpu(id);
    } catch (const InputError& error) {
      throw InputError(fmt::format("{}: {}", option, error.what()));
    }
  }

  void note(std::string line) { result_.notes.push_back(std::move(line)); }

  ordered_json client(std::size_t index, bool high) {
    const OrionClient& client = config_.clients[index];
    return {{"name", fmt::format("client_{}", index)},      {"program", program(index)},
            {"priority", high ? "high" : "best-effort"},    {"traffic", traffic(client)},
            {"requests", client.iterations - kOrionWarmup}, {"warmup", kOrionWarmup}};
  }

  std::string program(std::size_t index) {
    const OrionClient& client = config_.clients[index];
    std::optional<Program> steady; // what every iteration but the first runs
    if (is_there(client.kernel_file)) {
      Program first = read_kernels(client.kernel_file, client.kernels, client, "num_kernels",
                                   options_, catalog_);
      if (!client.later_kernel_file) {
        steady = std::move(first);
      }
    }
    if (client.later_kernel_file && is_there(*client.later_kernel_file)) {
      steady = read_kernels(*client.later_kernel_file, client.later_kernels, client,
                            "additional_num_kernels", options_, catalog_);
    }
    if (steady && options_.profiled_on == options_.gpu) {
      return imported(index, std::move(*steady));
    }
    const std::string id = recorded_program(client, options_, catalog_.data());
    note(fmt::format(
        "client {} runs {}, {} ops: {}", index, id, catalog_.program(id).ops.size(),
        steady ? fmt::format("its kernel file is for {}, not for {}", options_.profiled_on,
                             options_.gpu)
               : fmt::format("kernel_file and num_kernels are not used, {} is not there",
                             quote(client.later_kernel_file ? client.later_kernel_file->string()
                                                            : client.kernel_file.string()))));
    return id;
  }

  std::string imported(std::size_t index, Program program) {
    const std::string name = program.name;
    // Named by content: programs of earlier plans keep theirs.
    const std::string digest = sha256_hex(render_program(program)).substr(0, 12);
    const fs::path file =
        fs::absolute(options_.out) / "programs" / fmt::format("{}-{}.program.gz", name, digest);
    note(fmt::format("client {} runs its kernel file, {} ops; the files have no copies, no memory "
                     "and no counters",
                     index, program.ops.size()));
    result_.programs.push_back({.file = file, .program = std::move(program)});
    return file.string();
  }

  ordered_json traffic(const OrionClient& client) {
    if (!client.gaps_file) {
      if (client.rate == 0) {
        return {{"kind", "closed"}};
      }
      return {{"kind", client.uniform ? "uniform" : "poisson"}, {"rate", client.rate}};
    }
    if (!is_there(*client.gaps_file) &&
        client.gaps_file->filename() == "inter_arrival_times.json") {
      note(fmt::format("{} is not there: the built-in trace apollo has the same gaps",
                       quote(client.gaps_file->string())));
      check_gaps(client, apollo_trace().size());
      return {{"kind", "trace"}, {"trace", "apollo"}};
    }
    const std::string file = client.gaps_file->string();
    if (!is_there(*client.gaps_file)) {
      throw InputError(fmt::format("{}.args.input_file: {} is not there; expected a JSON list of "
                                   "gaps in seconds",
                                   client.where, quote(file)));
    }
    check_gaps(client, parse_json(read_file(*client.gaps_file), file).size());
    return {{"kind", "trace"}, {"gaps_file", fs::absolute(*client.gaps_file).string()}};
  }

  /// A trace must last as long as its client.
  static void check_gaps(const OrionClient& client, std::size_t gaps) {
    if (gaps + 1 < static_cast<std::size_t>(client.iterations)) {
      throw InputError(fmt::format("{}.args.input_file: {} gaps are too few for {} iterations; "
                                   "expected a longer trace, or num_iters of {} at most",
                                   client.where, gaps, client.iterations, gaps + 1));
    }
  }

  ordered_json system(const OrionClient& high) {
    const std::string& algorithm = options_.algorithm;
    unused(options_.reef_depth.has_value() && algorithm != "reef", "--reef_depth", algorithm);
    unused(options_.max_be_duration.has_value() && algorithm != "orion", "--orion_max_be_duration",
           algorithm);
    unused(options_.start_update.has_value() && algorithm != "orion", "--orion_start_update",
           algorithm);
    unused(options_.hp_limit.has_value() && algorithm != "orion", "--orion_hp_limit", algorithm);
    if (algorithm == "reef") {
      return {{"name", options_.as_published ? "reef-as-published" : "reef"},
              {"params", {{"depth", options_.reef_depth.value_or(1)}}}};
    }
    if (algorithm == "sequential") {
      return {{"name", "sequential"}};
    }
    // 0 would mean the plan's default; of an op of a nanosecond or more, 1 says the same.
    ordered_json params = {
        {"max_be_duration_ns", std::max<std::int64_t>(options_.max_be_duration.value_or(1), 1)}};
    if (high.training) {
      params["start_update"] = options_.start_update.value_or(1);
      params["hp_limit_ms"] = std::max(options_.hp_limit.value_or(1), 1e-6);
    } else {
      unused(options_.start_update.has_value(), "--orion_start_update",
             "a high-priority client that serves inference");
      unused(options_.hp_limit.has_value(), "--orion_hp_limit",
             "a high-priority client that serves inference");
    }
    if (!options_.max_be_duration && config_.clients.size() > 1) {
      note("--orion_max_be_duration is not given: 1 ns, as in launch_jobs.py, which lets "
           "best-effort kernels go one by one");
    }
    return {{"name", "orion"}, {"params", params}};
  }

  void unused(bool given, const char* option, const std::string& reason) {
    if (given) {
      note(fmt::format("{} has no meaning for {}", option, reason));
    }
  }

  const OrionConfig& config_;
  const OrionOptions& options_;
  Catalog& catalog_;
  OrionPlan result_;
};

} // namespace

OrionPlan plan_of_orion(const OrionConfig& config, const OrionOptions& options,
                        const std::string& id, Catalog& catalog) {
  return Planner(config, options, catalog).plan(id);
}

std::string orion_plan_id(const fs::path& config, const OrionOptions& options) {
  std::string id = config.stem().string() + "-" + options.algorithm;
  for (char& c : id) {
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
    c = plain ? c : '-';
  }
  return id;
}

} // namespace cotenant
