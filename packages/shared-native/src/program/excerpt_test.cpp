#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "program/excerpt.h"
#include "program/program_file.h"

namespace cotenant {
namespace {

const std::string kSource = "h200/resnet50-training-b32-fp32";

Program source() {
  return read_program(find_program(COTENANT_DATA_DIR, kSource));
}

std::string refusal(const OpRange& ops, std::uint32_t repeat, const std::string& model) {
  try {
    excerpt(source(), kSource, ops, repeat, model);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Excerpt, RepeatsOneKernelAsItWasRecorded) {
  const Program from = source();
  const Program program = excerpt(from, kSource, {.first = 11}, 3, "conv2d");
  EXPECT_EQ(program.name, "conv2d-inference-b32-fp32");
  EXPECT_EQ(program.gpu, "h200");
  EXPECT_EQ(program.label, Label::recorded);
  ASSERT_EQ(program.ops.size(), 3U);
  for (const Op& op : program.ops) {
    EXPECT_EQ(op.name, from.ops[11].name);
    EXPECT_EQ(op.grid, from.ops[11].grid);
    EXPECT_EQ(op.duration, from.ops[11].duration);
    EXPECT_EQ(op.sm_util, from.ops[11].sm_util);
  }
  EXPECT_EQ(program.solo_busy, 3 * from.ops[11].duration);
  EXPECT_EQ(program.solo_latency, 0) << "nobody measured it";
  EXPECT_TRUE(program.memory.empty());
}

TEST(Excerpt, SaysWhereItComesFromAndIsAProgramFileLikeOthers) {
  const Program program = excerpt(source(), kSource, {.first = 11}, 2, "conv2d");
  const Program read = parse_program(render_program(program), "x");
  const auto header = nlohmann::json::parse(read.header_json);
  EXPECT_EQ(header["provenance"]["excerpt"]["program"], kSource);
  EXPECT_EQ(header["provenance"]["excerpt"]["op"], 11);
  EXPECT_EQ(header["provenance"]["gpu_name"], "NVIDIA H200") << "the recording's own";
  EXPECT_FALSE(header["solo"].contains("latency_p25_ns")) << "of the whole program";
  EXPECT_EQ(render_program(read), render_program(program));
}

TEST(Excerpt, LeadsBackToTheProgram) {
  const Program program = excerpt(source(), kSource, {.first = 11}, 2, "conv2d");
  const auto origin = excerpt_origin(parse_program(render_program(program), "x"));
  ASSERT_TRUE(origin);
  EXPECT_EQ(origin->program, kSource);
  EXPECT_EQ(origin->ops.first, 11U);
  EXPECT_EQ(origin->ops.count, 1U);
  EXPECT_EQ(origin->repeat, 2U);
  EXPECT_FALSE(excerpt_origin(source()));
}

TEST(Excerpt, TakesSomeOpsInTheirOrder) {
  const Program from = source();
  const Program program = excerpt(from, kSource, {.first = 1, .count = 3}, 2, "start");
  ASSERT_EQ(program.ops.size(), 6U);
  for (std::size_t i = 0; i < program.ops.size(); ++i) {
    EXPECT_EQ(program.ops[i].name, from.ops[1 + i % 3].name);
    EXPECT_EQ(program.ops[i].kind, from.ops[1 + i % 3].kind);
  }
  const auto origin = excerpt_origin(parse_program(render_program(program), "x"));
  ASSERT_TRUE(origin);
  EXPECT_EQ(origin->ops.first, 1U);
  EXPECT_EQ(origin->ops.count, 3U);
}

TEST(Excerpt, ANoteThatIsNoneIsRefused) {
  Program program;
  program.name = "x";
  program.header_json = R"({"provenance":{"excerpt":{"program":"h200/a","op":"first"}}})";
  EXPECT_THROW(excerpt_origin(program), InputError);
}

TEST(Excerpt, NamesTheOptionThatIsWrong) {
  EXPECT_EQ(refusal({.first = 0}, 1, "conv2d"),
            "--op: 0 is no kernel of h200/resnet50-training-b32-fp32; expected the index of a "
            "kernel, from 2 to 660");
  EXPECT_TRUE(
      refusal({.first = 5000}, 1, "conv2d").starts_with("--op: 5000 is behind the last op of "));
  EXPECT_TRUE(refusal({.first = 11}, 0, "conv2d").starts_with("--repeat: is 0; expected "));
  EXPECT_EQ(refusal({.first = 11, .count = 2}, 50'001, "conv2d"),
            "--repeat: is 50001; expected a whole number from 1 to 50000");
  EXPECT_TRUE(
      refusal({.first = 11, .count = 0}, 1, "conv2d").starts_with("--count: is 0; expected "));
  EXPECT_TRUE(refusal({.first = 11, .count = 5000}, 1, "conv2d").starts_with("--count: is 5000; "));
  EXPECT_TRUE(refusal({.first = 11}, 1, "Conv 2d").starts_with("--model: is 'Conv 2d'; expected "));
}

} // namespace
} // namespace cotenant
