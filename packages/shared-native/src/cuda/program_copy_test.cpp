#include <gtest/gtest.h>

#include "cuda/program_copy.h"

namespace cotenant::cuda {
namespace {

using Names = std::vector<std::string>;

TEST(ProgramCopy, EveryClientOfAProcessHasItsOwn) {
  Plan plan;
  for (const char* program : {"h200/a", "h200/b", "h200/a", "h200/a"}) {
    plan.clients.emplace_back().program = program;
  }
  EXPECT_EQ(program_copies(plan, {0, 1, 2, 3}),
            (Names{"h200/a", "h200/b", "h200/a#2", "h200/a#3"}));
  EXPECT_EQ(program_copies(plan, {2}), Names{"h200/a"}) << "alone in its process";
  EXPECT_EQ(program_copies(plan, {3, 1, 2}), (Names{"h200/a", "h200/b", "h200/a#2"}));
}

TEST(ProgramCopy, IsOfARecordedProgram) {
  EXPECT_EQ(recorded_program("h200/a#2"), "h200/a");
  EXPECT_EQ(recorded_program("h200/a#12"), "h200/a");
  EXPECT_EQ(recorded_program("h200/resnet50"), "h200/resnet50");
  EXPECT_EQ(recorded_program("/tmp/#2/b.program.gz"), "/tmp/#2/b.program.gz");
  EXPECT_EQ(recorded_program("a#"), "a#");
  EXPECT_EQ(recorded_program("12"), "12");
}

} // namespace
} // namespace cotenant::cuda
