#include <fmt/format.h>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/csv.h"
#include "program/program_file.h"
#include "program/program_text.h"

namespace cotenant {

namespace {

using namespace program_text;
using Json = nlohmann::ordered_json;

std::string header_line(const Program& program) {
  // Members that this version does not know (provenance) stay; those that it does are written from
  // the program.
  Json json = Json::object();
  if (!program.header_json.empty()) {
    json = Json::parse(program.header_json);
  }
  json["format"] = kFormat;
  json["version"] = kVersion;
  json["name"] = program.name;
  json["gpu"] = program.gpu;
  json["label"] = word(program.label);
  json["model"] = program.model;
  json["mode"] = word(program.mode);
  json["batch"] = program.batch;
  json["precision"] = program.precision;
  json["ops"] = program.ops.size();
  json["memory_events"] = program.memory.size();
  Json& solo = json["solo"];
  solo["latency_ns"] = program.solo_latency;
  solo["busy_ns"] = program.solo_busy;
  solo["op_sum_ns"] = program.op_sum();
  solo["dependent_gap_ns"] = program.dependent_gap;
  Json& memory = json["memory"];
  memory["persistent_bytes"] = program.persistent_bytes;
  memory["peak_bytes"] = program.peak_bytes;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void append_op(std::string& out, std::size_t index, const Op& op) {
  auto to = std::back_inserter(out);
  fmt::format_to(to, "{},{},", index, word(op.kind));
  append_csv_field(out, op.name);
  fmt::format_to(to, ",{},", word(op.phase));
  if (op.kind == OpKind::kernel) {
    fmt::format_to(to, "{},{},{},{},{},{},", op.grid.x, op.grid.y, op.grid.z, op.block.x,
                   op.block.y, op.block.z);
    // 0 stands for "not recorded", which is an empty field.
    fmt::format_to(to, "{},{},{},{},{},", op.registers == 0 ? "" : std::to_string(op.registers),
                   op.smem_static, op.smem_dynamic, op.cluster,
                   op.blocks_per_sm == 0 ? "" : std::to_string(op.blocks_per_sm));
  } else {
    out += ",,,,,,,,,,,";
  }
  fmt::format_to(to, "{},{},{},{},", op.duration, op.duration_p25, op.duration_p75, op.host_gap);
  if (op.kind != OpKind::kernel || op.bytes != 0) {
    fmt::format_to(to, "{}", op.bytes);
  }
  for (const std::int64_t bytes : {op.dram_read_bytes, op.dram_write_bytes}) {
    out += ',';
    if (bytes >= 0) {
      fmt::format_to(to, "{}", bytes);
    }
  }
  for (const double share : {op.sm_util, op.dram_util}) {
    out += ',';
    if (share >= 0) {
      fmt::format_to(to, "{:.4f}", share);
    }
  }
  fmt::format_to(to, ",{},{},{},{},{},", op.flop_fp32, op.flop_fp16, op.flop_fp64, op.flop_tensor,
                 word(op.boundness));
  append_csv_field(out, op.evidence);
  out += '\n';
}

} // namespace

std::string render_program(const Program& program) {
  std::string out = header_line(program);
  fmt::format_to(std::back_inserter(out), "\n{}\n", kOpColumns);
  for (std::size_t i = 0; i < program.ops.size(); ++i) {
    append_op(out, i, program.ops[i]);
  }
  fmt::format_to(std::back_inserter(out), "{}\n{}\n", kMemoryMark, kMemoryColumns);
  for (const MemoryEvent& event : program.memory) {
    fmt::format_to(std::back_inserter(out), "{},{},{},{}\n", event.op,
                   event.alloc ? "alloc" : "free", event.block, event.bytes);
  }
  fmt::format_to(std::back_inserter(out), "[end] ops={} memory_events={}\n", program.ops.size(),
                 program.memory.size());
  return out;
}

} // namespace cotenant
