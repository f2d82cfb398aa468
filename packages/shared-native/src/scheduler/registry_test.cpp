#include <algorithm>
#include <gtest/gtest.h>
#include <set>

#include "base/error.h"
#include "scheduler/system.h"

namespace cotenant {
namespace {

TEST(Registry, HoldsThePublishedSystemsSortedByName) {
  std::vector<std::string> names;
  for (const SystemInfo& system : all_systems()) {
    names.push_back(system.name);
  }
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  for (const char* name : {"ideal", "mps", "mps-priority", "orion", "reef", "reef-as-published",
                           "sequential", "streams", "streams-priority", "timeslice"}) {
    EXPECT_TRUE(std::binary_search(names.begin(), names.end(), name)) << name;
  }
}

TEST(Registry, EverySystemDocumentsItselfAndItsParameters) {
  for (const SystemInfo& system : all_systems()) {
    EXPECT_FALSE(system.title.empty()) << system.name;
    EXPECT_FALSE(system.summary.empty()) << system.name;
    EXPECT_EQ(system.summary.back(), '.') << system.name;
    std::set<std::string> seen;
    for (const ParamSpec& param : system.params) {
      EXPECT_TRUE(seen.insert(param.name).second) << system.name << "." << param.name;
      EXPECT_FALSE(param.doc.empty()) << system.name << "." << param.name;
      EXPECT_EQ(param.doc.back(), '.') << system.name << "." << param.name;
    }
  }
}

TEST(Registry, FindsByName) {
  EXPECT_EQ(find_system("orion").name, "orion");
}

TEST(Registry, UnknownNamesSuggestTheNearest) {
  try {
    find_system("oryon");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "unknown system \"oryon\"; did you mean \"orion\"?");
  }
}

SystemInstance nothing(const Params& /*params*/, const Setup& /*setup*/) {
  return {};
}

TEST(RegistryDeathTest, DefectsOfASystemAbort) {
  const SystemInfo taken{
      .name = "orion", .title = "", .summary = "", .params = {}, .make = nothing};
  EXPECT_DEATH(RegisterSystem{taken}, "two systems are called orion");
  const SystemInfo unmade{.name = "x", .title = "", .summary = "", .params = {}, .make = nullptr};
  EXPECT_DEATH(RegisterSystem{unmade}, "system x cannot be made");
  SystemInfo outside = taken;
  outside.name = "x";
  outside.params = {{.name = "depth",
                     .default_value = std::int64_t{0},
                     .min = 1,
                     .max = {},
                     .unit = "",
                     .doc = ""}};
  EXPECT_DEATH(RegisterSystem{outside}, "default of x.depth: 0 is out of range");
}

} // namespace
} // namespace cotenant
