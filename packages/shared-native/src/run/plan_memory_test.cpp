// Real out-of-memory: a plan runs if and only if its clients' peaks fit the GPU, to the byte.
#include <gtest/gtest.h>

#include "base/error.h"
#include "run/run_plan.h"
#include "run/workspace_for_test.h"

namespace cotenant {
namespace {

bool accepted(WorkspaceForTest& space, const std::string& system, std::int64_t inference,
              std::int64_t training) {
  for (const auto& [name, peak] :
       {std::pair{"small-inference", inference}, {"small-training", training}}) {
    const auto file = space.data() / "programs/h200" / (std::string(name) + ".program.gz");
    Program program = read_program(file);
    program.peak_bytes = peak;
    write_program(program, file);
  }
  Catalog catalog(space.data());
  try {
    check_plan(read_plan(space.write(space.plan(system))), catalog);
    return true;
  } catch (const InputError& error) {
    EXPECT_NE(std::string_view(error.what()).find("out of memory"), std::string_view::npos)
        << error.what();
    return false;
  }
}

TEST(PlanMemory, ClientsThatShareAGpuFitTogetherOrAreRefused) {
  WorkspaceForTest space;
  const std::int64_t capacity = find_gpu_spec(space.data(), "h200").memory.bytes;
  std::mt19937_64 words(5);
  for (int i = 0; i < 20; ++i) {
    const auto first = static_cast<std::int64_t>(words() % static_cast<std::uint64_t>(capacity));
    const std::int64_t rest = capacity - first;
    EXPECT_TRUE(accepted(space, "mps", first, rest)) << first;
    EXPECT_FALSE(accepted(space, "mps", first, rest + 1)) << first;
    // With a GPU each, only the larger counts.
    EXPECT_TRUE(accepted(space, "ideal", first, capacity)) << first;
    EXPECT_FALSE(accepted(space, "ideal", capacity + 1, first)) << first;
  }
}

} // namespace
} // namespace cotenant
