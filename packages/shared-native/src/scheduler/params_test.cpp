#include <cmath>
#include <gtest/gtest.h>
#include <limits>

#include "base/error.h"
#include "scheduler/system.h"

namespace cotenant {
namespace {

const std::vector<ParamSpec> kSpecs = {
    {.name = "depth",
     .default_value = std::int64_t{12},
     .min = 1,
     .max = 1e6,
     .unit = "ops",
     .doc = ""},
    {.name = "fraction", .default_value = 0.025, .min = 0, .max = {}, .unit = "", .doc = ""},
    {.name = "padding", .default_value = true, .min = {}, .max = {}, .unit = "", .doc = ""},
    {.name = "mode",
     .default_value = std::string("a"),
     .min = {},
     .max = {},
     .unit = "",
     .doc = ""},
};

Params checked(const std::string& name, const ParamValue& value) {
  return Params::checked(kSpecs, {{name, value}}, "f.json: plan.system.params");
}

std::string error_of(const std::string& name, const ParamValue& value) {
  try {
    checked(name, value);
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Params, DefaultsFillIn) {
  const Params params = Params::checked(kSpecs, {}, "");
  EXPECT_EQ(params.integer("depth"), 12);
  EXPECT_EQ(params.number("fraction"), 0.025);
  EXPECT_TRUE(params.flag("padding"));
  EXPECT_EQ(params.text("mode"), "a");
}

TEST(Params, GivenValuesReplaceDefaults) {
  EXPECT_EQ(checked("depth", std::int64_t{3}).integer("depth"), 3);
  EXPECT_EQ(checked("fraction", 0.5).number("fraction"), 0.5);
  EXPECT_FALSE(checked("padding", false).flag("padding"));
  EXPECT_EQ(checked("mode", std::string("b")).text("mode"), "b");
}

TEST(Params, IntegersAndWholeNumbersAreInterchangeable) {
  EXPECT_EQ(checked("fraction", std::int64_t{2}).number("fraction"), 2.0);
  EXPECT_EQ(checked("depth", 160000.0).integer("depth"), 160000);
}

TEST(Params, BoundsAreInclusive) {
  EXPECT_EQ(checked("depth", std::int64_t{1}).integer("depth"), 1);
  EXPECT_EQ(checked("depth", std::int64_t{1'000'000}).integer("depth"), 1'000'000);
  EXPECT_EQ(checked("fraction", 0.0).number("fraction"), 0.0);
}

TEST(Params, UnknownNamesSuggestTheNearest) {
  EXPECT_EQ(error_of("dept", std::int64_t{1}),
            "f.json: plan.system.params.dept: unknown parameter; did you mean \"depth\"?");
  EXPECT_EQ(error_of("x", std::int64_t{1}),
            "f.json: plan.system.params.x: unknown parameter; expected one of "
            "depth, fraction, padding, mode");
}

TEST(Params, WrongTypesSayWhatIsExpected) {
  EXPECT_EQ(error_of("depth", std::string("deep")),
            "f.json: plan.system.params.depth: \"deep\" is of another type; expected an integer "
            "from 1 to 1000000 "
            "(ops)");
  EXPECT_EQ(error_of("depth", 1.5),
            "f.json: plan.system.params.depth: 1.5 is of another type; expected an integer "
            "from 1 to 1000000 (ops)");
  EXPECT_EQ(error_of("padding", std::int64_t{1}),
            "f.json: plan.system.params.padding: 1 is of another type; expected true or false");
  EXPECT_EQ(error_of("mode", true),
            "f.json: plan.system.params.mode: true is of another type; expected a string");
  EXPECT_EQ(error_of("fraction", false), "f.json: plan.system.params.fraction: false is of another "
                                         "type; expected a number of at least 0");
}

TEST(Params, ValuesOutOfBoundsSayTheBounds) {
  EXPECT_EQ(error_of("depth", std::int64_t{0}),
            "f.json: plan.system.params.depth: 0 is out of range; expected an integer from 1 to "
            "1000000 (ops)");
  EXPECT_EQ(
      error_of("fraction", -0.5),
      "f.json: plan.system.params.fraction: -0.5 is out of range; expected a number of at least 0");
  EXPECT_NE(error_of("fraction", std::nan("")), "no error");
  EXPECT_NE(error_of("fraction", std::numeric_limits<double>::infinity()), "no error");
  EXPECT_NE(error_of("depth", 1e300), "no error");
}

TEST(Params, TypeNames) {
  EXPECT_EQ(param_type(kSpecs[0].default_value), "int");
  EXPECT_EQ(param_type(kSpecs[1].default_value), "number");
  EXPECT_EQ(param_type(kSpecs[2].default_value), "bool");
  EXPECT_EQ(param_type(kSpecs[3].default_value), "string");
}

} // namespace
} // namespace cotenant
