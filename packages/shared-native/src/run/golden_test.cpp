// Plans in, byte-exact records out, for every system.
//
// test/golden/ holds a GPU specification and two programs of its own, so a new measurement or
// recording does not move these records: they change only when the simulator, a scheduler or the
// traffic does. If that is intended, COTENANT_UPDATE_GOLDEN=1 rewrites them, and the difference
// belongs in the commit.
#include <cstdlib>
#include <gtest/gtest.h>

#include "base/file.h"
#include "run/run_plan.h"
#include "run/workspace_for_test.h"

namespace cotenant {
namespace {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(COTENANT_DATA_DIR) / "test/golden";

class Golden : public testing::TestWithParam<std::string> {};

std::vector<std::string> system_names() {
  std::vector<std::string> names;
  for (const SystemInfo& system : all_systems()) {
    names.push_back(system.name);
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Systems, Golden, testing::ValuesIn(system_names()), [](const auto& test) {
  std::string name = test.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST_P(Golden, RecordsAreByteExact) {
  const TemporaryFolder folder;
  const fs::path plan = folder.path() / "plan.json";
  write_file(plan, WorkspaceForTest::plan(GetParam()).dump());
  Catalog catalog(kGolden / "data");
  RunOptions options;
  options.out = folder.path();
  ASSERT_EQ(run_plan(read_plan(plan), catalog, options), RunOutcome::finished);
  const std::string name = "small-" + GetParam() + ".csv";
  const std::string records = read_file(folder.path() / name);
  const fs::path expected = kGolden / "expected" / name;
  if (std::getenv("COTENANT_UPDATE_GOLDEN") != nullptr) {
    write_file(expected, records);
  }
  EXPECT_EQ(records, read_file(expected));
}

} // namespace
} // namespace cotenant
