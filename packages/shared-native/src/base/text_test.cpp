#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/text.h"

namespace cotenant {
namespace {

TEST(ParseInteger, TakesWholeDecimalIntegersOnly) {
  EXPECT_EQ(parse_integer("0"), 0);
  EXPECT_EQ(parse_integer("-12"), -12);
  EXPECT_EQ(parse_integer("9223372036854775807"), INT64_MAX);
  for (const char* bad : {"", " 1", "1 ", "+1", "1.0", "0x10", "1e3", "9223372036854775808", "-"}) {
    EXPECT_EQ(parse_integer(bad), std::nullopt) << bad;
  }
}

TEST(ParseNumber, TakesFiniteNumbersOnly) {
  EXPECT_EQ(parse_number("0.25"), 0.25);
  EXPECT_EQ(parse_number("-1e-3"), -0.001);
  for (const char* bad : {"", "nan", "inf", "-inf", "1e999", "0,5", "1.0x", "+1"}) {
    EXPECT_EQ(parse_number(bad), std::nullopt) << bad;
  }
}

RC_GTEST_PROP(ParseInteger, ReadsBackWhatToStringWrites, (std::int64_t value)) {
  RC_ASSERT(parse_integer(std::to_string(value)) == value);
}

TEST(Quote, KeepsMessagesOnOneLine) {
  EXPECT_EQ(quote("a\"b\nc"), "\"a\\\"b\\x0ac\"");
  EXPECT_LT(quote(std::string(1000, 'x')).size(), 100U);
}

TEST(DidYouMean, FindsTheNearestName) {
  const std::vector<std::string> systems = {"ideal", "mps", "mps-priority", "reef", "orion"};
  EXPECT_EQ(did_you_mean("oiron", systems), "; did you mean \"orion\"?");
  EXPECT_EQ(did_you_mean("mps_priority", systems), "; did you mean \"mps-priority\"?");
  EXPECT_EQ(did_you_mean("tally", systems),
            "; expected one of ideal, mps, mps-priority, reef, orion");
  EXPECT_EQ(did_you_mean("x", {}), "; there is none");
}

TEST(Joined, CountsWhatItLeavesOut) {
  EXPECT_EQ(joined({"a", "b", "c"}, 2), "a, b and 1 more");
}

} // namespace
} // namespace cotenant
