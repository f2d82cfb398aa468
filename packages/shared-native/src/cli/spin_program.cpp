#include "cli/spin_program.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "program/occupancy.h"

namespace cotenant {
namespace {

/// Of the SMs' issue slots: it keeps time rather than busy.
constexpr double kIssue = 0.1;

void require(bool holds, const char* option, const std::string& value, const char* expected) {
  if (!holds) {
    throw InputError(fmt::format("--{}: is {}; expected {}", option, value, expected));
  }
}

} // namespace

Program spin_program(const GpuSpec& gpu, const SpinKernel& kernel, std::uint32_t ops,
                     const std::string& name) {
  require(kernel.duration >= 1 && kernel.duration <= 10 * kSecond, "duration-us",
          fmt::format("{}", static_cast<double>(kernel.duration) / kMicrosecond),
          "from 0.001 to 10000000");
  require(kernel.threads >= 1 && kernel.threads <= 1024, "threads", std::to_string(kernel.threads),
          "a whole number from 1 to 1024");
  require(kernel.registers >= 1 && kernel.registers <= 255, "registers",
          std::to_string(kernel.registers), "a whole number from 1 to 255");
  require(ops >= 1 && ops <= 100'000, "ops", std::to_string(ops),
          "a whole number from 1 to 100000");

  Op op;
  op.name = "spin";
  op.boundness = Boundness::compute;
  op.grid.x = kernel.blocks == 0 ? gpu.sm.count : kernel.blocks;
  op.block.x = kernel.threads;
  op.registers = kernel.registers;
  op.duration = op.duration_p25 = op.duration_p75 = kernel.duration;
  op.dram_read_bytes = 0;
  op.dram_write_bytes = 0;
  op.sm_util = kIssue;
  op.dram_util = 0;
  op.evidence = "made up";
  op.blocks_per_sm = blocks_per_sm(gpu, op);

  Program program;
  program.name =
      name.empty() ? fmt::format("spin-{}ns-{}x{}", kernel.duration, op.grid.x, ops) : name;
  program.gpu = gpu.id;
  program.label = Label::derived;
  program.model = "spin";
  program.mode = Mode::inference;
  program.batch = 1;
  program.precision = "fp32";
  program.ops.assign(ops, op);
  program.solo_busy = program.op_sum();
  program.header_json =
      nlohmann::json{{"provenance", {{"made_by", "cotenant program spin"}}}}.dump();
  return program;
}

} // namespace cotenant
