// Every program under programs/ as it is committed.
#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <map>

#include "base/error.h"
#include "base/file.h"
#include "device/gpu_spec.h"
#include "program/occupancy.h"
#include "program/program_file.h"
#include "program/scale.h"

namespace cotenant {
namespace {

class ShippedProgram : public testing::TestWithParam<std::string> {
 protected:
  Program program_ = read_program(find_program(COTENANT_DATA_DIR, GetParam()));
  GpuSpec gpu_ = find_gpu_spec(COTENANT_DATA_DIR, program_.gpu);
};

TEST_P(ShippedProgram, IsWhatItsIdSays) {
  EXPECT_EQ(program_.gpu + '/' + program_.name, GetParam());
  EXPECT_EQ(program_.label, Label::recorded);
  EXPECT_EQ(program_.name, program_.model +
                               (program_.mode == Mode::training ? "-training-b" : "-inference-b") +
                               std::to_string(program_.batch) + '-' + program_.precision);
  EXPECT_GE(program_.peak_bytes, program_.persistent_bytes);
}

TEST_P(ShippedProgram, OpsAddUpToTheMeasuredBusyTime) {
  const auto busy = static_cast<double>(program_.solo_busy);
  EXPECT_NEAR(static_cast<double>(program_.op_sum()), busy, 0.05 * busy);
  if (program_.solo_latency > 0) { // an excerpt was not measured by itself
    EXPECT_GE(program_.solo_latency, program_.solo_busy);
  }
}

// The driver was asked when the program was recorded; the arithmetic has to agree with it.
TEST_P(ShippedProgram, OccupancyIsWhatTheDriverReported) {
  for (const Op& op : program_.ops) {
    if (op.kind == OpKind::kernel && op.blocks_per_sm > 0) {
      EXPECT_EQ(blocks_per_sm(gpu_, op), op.blocks_per_sm) << op.name;
    }
  }
}

TEST_P(ShippedProgram, TrainingHasAllPhasesInOrder) {
  std::map<Phase, std::size_t> ops;
  for (const Op& op : program_.ops) {
    ++ops[op.phase];
  }
  EXPECT_EQ(ops.size(), program_.mode == Mode::training ? 3U : 1U);
  EXPECT_GT(ops[Phase::forward], 0U);
}

TEST_P(ShippedProgram, DerivesToEveryOtherGpu) {
  for (const std::string& id : list_gpu_ids(COTENANT_DATA_DIR)) {
    const GpuSpec to = find_gpu_spec(COTENANT_DATA_DIR, id);
    if (to.architecture == "gfx906" && program_.precision == "bf16") {
      // Blocks of Hopper's matrix kernels hold more registers than a compute unit can give them.
      EXPECT_THROW(scale_program(program_, gpu_, to), InputError);
      continue;
    }
    const Program derived = scale_program(program_, gpu_, to);
    ASSERT_EQ(derived.ops.size(), program_.ops.size());
    for (const Op& op : derived.ops) {
      EXPECT_GE(blocks_per_sm(to, op), 1U);
    }
    const std::string text = render_program(derived);
    EXPECT_EQ(render_program(parse_program(text, id)), text);
  }
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

/// All but those that `cotenant program spin` made up.
std::vector<std::string> recorded_program_ids() {
  std::vector<std::string> ids = list_program_ids(COTENANT_DATA_DIR);
  std::erase_if(ids, [](const std::string& id) { return id.find("/spin-") != std::string::npos; });
  return ids;
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ShippedProgram);
INSTANTIATE_TEST_SUITE_P(Programs, ShippedProgram, testing::ValuesIn(recorded_program_ids()),
                         test_name);

} // namespace
} // namespace cotenant
