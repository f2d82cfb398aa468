#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/csv.h"

namespace cotenant {
namespace {

using Fields = std::vector<std::string>;

Fields split(std::string_view line) {
  Fields fields;
  EXPECT_EQ(split_csv_row(line, fields), std::nullopt) << line;
  return fields;
}

TEST(SplitCsvRow, FollowsRfc4180) {
  EXPECT_EQ(split("a,b,c"), (Fields{"a", "b", "c"}));
  EXPECT_EQ(split(""), (Fields{""}));
  EXPECT_EQ(split(","), (Fields{"", ""}));
  EXPECT_EQ(split("\"a,b\",\"say \"\"hi\"\"\",\"\""), (Fields{"a,b", "say \"hi\"", ""}));
}

TEST(SplitCsvRow, GivesAReasonForBrokenQuoting) {
  Fields fields;
  EXPECT_EQ(split_csv_row("a,\"b", fields), "field 2 has an opening quote and no closing one");
  EXPECT_EQ(split_csv_row("\"a\"b", fields), "field 1 goes on after its closing quote");
  EXPECT_EQ(split_csv_row("a,b\"c\"", fields), "field 2 has a quote inside an unquoted field");
}

RC_GTEST_PROP(SplitCsvRow, ReadsBackWhatWasWritten, (const Fields& given)) {
  RC_PRE(!given.empty());
  std::string line;
  for (std::size_t i = 0; i < given.size(); ++i) {
    line += i == 0 ? "" : ",";
    append_csv_field(line, given[i]);
  }
  Fields fields;
  RC_ASSERT(split_csv_row(line, fields) == std::nullopt);
  RC_ASSERT(fields == given);
}

} // namespace
} // namespace cotenant
