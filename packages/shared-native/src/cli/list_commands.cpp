// cotenant systems | gpus | programs
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "program/program_file.h"
#include "program/program_text.h"
#include "run/catalog.h"
#include "scheduler/system.h"

namespace cotenant {
namespace {

using nlohmann::ordered_json;

ordered_json to_json(const ParamValue& value) {
  return std::visit([](const auto& v) { return ordered_json(v); }, value);
}

const char* type_name(const ParamValue& value) {
  static constexpr const char* kNames[] = {"bool", "int", "number", "string"};
  return kNames[value.index()];
}

void print_systems(bool json) {
  ordered_json list = ordered_json::array();
  for (const SystemInfo& system : all_systems()) {
    ordered_json params = ordered_json::array();
    for (const ParamSpec& param : system.params) {
      params.push_back({{"name", param.name},
                        {"type", type_name(param.default_value)},
                        {"default", to_json(param.default_value)},
                        {"min", param.min ? ordered_json(*param.min) : ordered_json(nullptr)},
                        {"max", param.max ? ordered_json(*param.max) : ordered_json(nullptr)},
                        {"unit", param.unit},
                        {"doc", param.doc}});
    }
    list.push_back({{"name", system.name},
                    {"title", system.title},
                    {"summary", system.summary},
                    {"params", params}});
  }
  if (json) {
    fmt::print("{}\n", list.dump(1));
    return;
  }
  for (const auto& system : list) {
    fmt::print("{}: {}\n  {}\n", system["name"].get<std::string>(),
               system["title"].get<std::string>(), system["summary"].get<std::string>());
    for (const auto& param : system["params"]) {
      fmt::print("    {} = {}{}{}  {}\n", param["name"].get<std::string>(), param["default"].dump(),
                 param["unit"] == "" ? "" : " ", param["unit"].get<std::string>(),
                 param["doc"].get<std::string>());
    }
  }
}

void print_gpus(const std::filesystem::path& data, bool json) {
  ordered_json list = ordered_json::array();
  for (const std::string& id : list_gpu_ids(data)) {
    const GpuSpec gpu = find_gpu_spec(data, id);
    list.push_back({{"id", gpu.id},
                    {"name", gpu.name},
                    {"architecture", gpu.architecture},
                    {"sms", gpu.sm.count},
                    {"memory_bytes", gpu.memory.bytes},
                    {"bandwidth_bytes_per_s", gpu.memory.bandwidth}});
  }
  if (json) {
    fmt::print("{}\n", list.dump(1));
    return;
  }
  for (const auto& gpu : list) {
    fmt::print("{:<10} {:<28} {} SMs, {:.0f} GB, {:.0f} GB/s\n", gpu["id"].get<std::string>(),
               gpu["name"].get<std::string>(), gpu["sms"].get<int>(),
               gpu["memory_bytes"].get<double>() / 1e9,
               gpu["bandwidth_bytes_per_s"].get<double>() / 1e9);
  }
}

void print_programs(const std::filesystem::path& data, bool json) {
  ordered_json list = ordered_json::array();
  for (const std::string& id : list_program_ids(data)) {
    const Program program = read_program(find_program(data, id));
    list.push_back({{"id", id},
                    {"gpu", program.gpu},
                    {"label", program_text::word(program.label)},
                    {"model", program.model},
                    {"mode", program.mode == Mode::training ? "training" : "inference"},
                    {"batch", program.batch},
                    {"precision", program.precision},
                    {"ops", program.ops.size()},
                    {"op_sum_ns", program.op_sum()},
                    {"solo_latency_ns", program.solo_latency},
                    {"persistent_bytes", program.persistent_bytes},
                    {"peak_bytes", program.peak_bytes}});
  }
  if (json) {
    fmt::print("{}\n", list.dump(1));
    return;
  }
  for (const auto& program : list) {
    fmt::print("{:<40} {:>5} ops {:>9.3f} ms of ops {:>9.3f} ms solo {:>7.2f} GiB peak\n",
               program["id"].get<std::string>(), program["ops"].get<int>(),
               program["op_sum_ns"].get<double>() / 1e6,
               program["solo_latency_ns"].get<double>() / 1e6,
               program["peak_bytes"].get<double>() / (1 << 30));
  }
}

} // namespace

void add_list_commands(CLI::App& app, CliContext& context) {
  const auto add = [&](const char* name, const char* help, auto print) {
    auto json = std::make_shared<bool>(false);
    CLI::App* command = app.add_subcommand(name, help);
    command->add_flag("--json", *json, "As JSON");
    command->callback([json, print] { print(*json); });
    return command;
  };
  add("systems", "List the ways of sharing and their parameters",
      [](bool json) { print_systems(json); });
  auto present = std::make_shared<bool>(false);
  add("gpus", "List the GPU specifications", [&context, present](bool json) {
    if (*present) {
      print_present_gpu(json);
    } else {
      print_gpus(context.data, json);
    }
  })->add_flag("--present", *present, "Show the GPU of this machine instead");
  add("programs", "List the programs",
      [&context](bool json) { print_programs(context.data, json); });
}

} // namespace cotenant
