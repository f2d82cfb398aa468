#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "device/gpu_spec_for_test.h"
#include "program/occupancy.h"
#include "program/orion_import.h"
#include "program/program_file.h"

namespace cotenant {
namespace {

const std::string kHeader = "Name,Profile,Memory_footprint,SM_usage,Duration\n";

Program import(const std::string& rows, const std::string& name = "net-training-b32-fp32") {
  return import_orion_kernels(kHeader + rows, "k.csv", name, v100_for_test());
}

std::string refusal(const std::string& csv) {
  try {
    import_orion_kernels(csv, "k.csv", "net", v100_for_test());
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(OrionImport, ReadsEveryColumn) {
  const Program program = import("Conv,1,0,64,97000\n"
                                 "BatchNorm,0,0,392,10900\n"
                                 "relu,-1,0,1,4200\n");
  EXPECT_EQ(program.label, Label::imported);
  EXPECT_EQ(program.gpu, "v100-16");
  EXPECT_EQ(program.model, "net");
  EXPECT_EQ(program.mode, Mode::training);
  EXPECT_EQ(program.batch, 32U);
  EXPECT_EQ(program.precision, "fp32");
  ASSERT_EQ(program.ops.size(), 3U);
  EXPECT_EQ(program.ops[0].name, "Conv");
  EXPECT_EQ(program.ops[0].boundness, Boundness::compute);
  EXPECT_EQ(program.ops[1].boundness, Boundness::memory);
  EXPECT_EQ(program.ops[2].boundness, Boundness::unknown);
  EXPECT_EQ(program.ops[1].duration, 10'900);
  EXPECT_EQ(program.ops[2].evidence, "orion profile=-1");
}

TEST(OrionImport, KeepsTheNumberOfSmsThatAKernelNeeds) {
  for (const std::uint32_t sms : {1U, 13U, 64U, 80U, 81U, 12'544U, 112'896U}) {
    const Program program = import("k,0,0," + std::to_string(sms) + ",5000\n");
    EXPECT_EQ(sm_needed(v100_for_test(), program.ops[0]), sms);
  }
}

TEST(OrionImport, PutsUnquotedCommasBackIntoTheName) {
  const Program program = import("void add<float, int, 4>(int, float),0,0,8,5000\n"
                                 "\"quoted, name\",1,0,9,6000\n"
                                 "operator<<\"x\", int>,1,0,9,6000\n"
                                 "f(1, 1),0,0,8,5000\n");
  EXPECT_EQ(program.ops[0].name, "void add<float, int, 4>(int, float)");
  EXPECT_EQ(program.ops[0].duration, 5000);
  EXPECT_EQ(program.ops[1].name, "quoted, name");
  EXPECT_EQ(program.ops[2].name, "operator<<\"x\", int>");
  EXPECT_EQ(program.ops[3].name, "f(1, 1)");
}

TEST(OrionImport, MarksPlaceholderRows) {
  const Program program = import("Conv,-1,1,1,7\nConv,-1,1,1,1\nadd,-1,0,1,2700\n");
  EXPECT_EQ(program.ops[0].evidence, "placeholder row, not a measurement");
  EXPECT_EQ(program.ops[1].evidence, "placeholder row, not a measurement");
  EXPECT_EQ(program.ops[2].evidence, "orion profile=-1");
}

TEST(OrionImport, TakesLaterColumnsDataFramesAndWindowsLineEnds) {
  const Program program =
      import_orion_kernels("Name,Profile,Memory_footprint,SM_usage,Duration,Block,Grid\r\n"
                           "Conv-a(b, c),1.0,0,64.0,97000.4,128,512\r\n",
                           "k.csv", "whatever", v100_for_test());
  EXPECT_EQ(program.ops[0].name, "Conv-a(b, c)");
  EXPECT_EQ(program.ops[0].duration, 97'000);
  EXPECT_EQ(program.model, "whatever");
}

TEST(OrionImport, RefusesWhatItCannotReadNamingTheRow) {
  const std::string row = "Conv,1,0,64,97000\n";
  EXPECT_EQ(refusal(""),
            "k.csv: row 1: is empty; expected the columns \"Name,Profile,Memory_footprint,SM_usage,"
            "Duration\"");
  EXPECT_EQ(refusal("Name,Profile,SM_usage,Duration\n" + row),
            "k.csv: row 1: is \"Name,Profile,SM_usage,Duration\"; expected the columns "
            "\"Name,Profile,Memory_footprint,SM_usage,Duration\"");
  EXPECT_EQ(refusal(kHeader), "k.csv: row 2: the file ends here; expected at least one kernel");
  EXPECT_EQ(refusal(kHeader + row + "Conv,1,64,97000\n"),
            "k.csv: row 3: has 4 fields; expected 5 as in the header");
  EXPECT_EQ(refusal(kHeader + row + "\n" + row), "k.csv: row 3: is empty; expected a kernel");
  EXPECT_EQ(refusal(kHeader + "Conv,2,0,64,97000\n"),
            "k.csv: row 2, column Profile: is \"2\"; expected a whole number from -1 to 1");
  EXPECT_EQ(refusal(kHeader + "Conv,,0,64,97000\n"),
            "k.csv: row 2, column Profile: is \"\"; expected a whole number from -1 to 1");
  EXPECT_EQ(
      refusal(kHeader + "Conv,1,0,64.5,97000\n"),
      "k.csv: row 2, column SM_usage: is \"64.5\"; expected a whole number from 1 to 10000000");
  EXPECT_EQ(refusal(kHeader + "Conv,1,0,0,97000\n"),
            "k.csv: row 2, column SM_usage: is \"0\"; expected a whole number from 1 to 10000000");
  EXPECT_EQ(refusal(kHeader + row + "Conv,1,0,64,-5\n"),
            "k.csv: row 3, column Duration: is \"-5\"; expected nanoseconds, 0 or more");
  EXPECT_EQ(refusal(kHeader + "Conv,1,0,64,nan\n"),
            "k.csv: row 2, column Duration: is \"nan\"; expected nanoseconds, 0 or more");
  // A comma in a number would shift the columns; it is not taken for part of the name.
  EXPECT_EQ(refusal(kHeader + "Conv,1,0,64,97,000\n"),
            "k.csv: row 2, column Name: has 6 fields; expected 5, commas in a name only within its "
            "brackets");
}

RC_GTEST_PROP(OrionImport, BecomesAProgramFileThatReadsBack, ()) {
  std::string rows;
  const auto count = *rc::gen::inRange(1, 20);
  for (int i = 0; i < count; ++i) {
    rows += "k<a, b>," + std::to_string(*rc::gen::inRange(-1, 2)) + ",0," +
            std::to_string(*rc::gen::inRange(1, 20'000)) + ',' +
            std::to_string(*rc::gen::inRange(0, 5'000'000)) + '\n';
  }
  const std::string text = render_program(import(rows));
  RC_ASSERT(render_program(parse_program(text, "x")) == text);
}

} // namespace
} // namespace cotenant
