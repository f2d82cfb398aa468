#include <gtest/gtest.h>

#include "base/error.h"
#include "base/temporary_folder_for_test.h"
#include "cli/spin_program.h"
#include "device/gpu_spec_for_test.h"
#include "program/occupancy.h"
#include "program/program_file.h"

namespace cotenant {
namespace {

TEST(SpinProgram, FillsTheGpuForItsTime) {
  const GpuSpec gpu = h200_for_test();
  const Program program = spin_program(gpu, {.duration = 20 * kMicrosecond}, 3);
  ASSERT_EQ(program.ops.size(), 3U);
  const Op& op = program.ops[0];
  EXPECT_EQ(op.duration, 20'000);
  EXPECT_EQ(op.grid.count(), gpu.sm.count);
  EXPECT_EQ(op.blocks_per_sm, 1U);
  const BlockFootprint block = block_footprint(gpu, op);
  EXPECT_EQ(block.registers, gpu.sm.registers) << "nothing fits beside it";
}

TEST(SpinProgram, IsAProgramFileLikeOthers) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "spin.program.gz";
  const Program program = spin_program(h200_for_test(), {.blocks = 264}, 1, "spin-short");
  write_program(program, file);
  const Program read = read_program(file);
  EXPECT_EQ(read.name, "spin-short");
  EXPECT_EQ(read.label, Label::derived);
  EXPECT_EQ(read.ops[0].grid.x, 264U);
  EXPECT_EQ(render_program(read), render_program(program));
}

TEST(SpinProgram, NamesTheOptionThatIsWrong) {
  const GpuSpec gpu = h200_for_test();
  const auto message = [&](const SpinKernel& kernel, std::uint32_t ops) {
    try {
      spin_program(gpu, kernel, ops);
    } catch (const InputError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_TRUE(message({.duration = 0}, 1).starts_with("--duration-us: "));
  EXPECT_TRUE(message({.threads = 2000}, 1).starts_with("--threads: "));
  EXPECT_TRUE(message({.registers = 300}, 1).starts_with("--registers: "));
  EXPECT_TRUE(message({}, 0).starts_with("--ops: "));
}

} // namespace
} // namespace cotenant
