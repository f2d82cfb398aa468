#include <gtest/gtest.h>

#include "base/error.h"
#include "memory/budget.h"

namespace cotenant {
namespace {

constexpr std::int64_t kGpu = 100'000'000'000;
constexpr std::int64_t kPeaks = 10'000;

std::int64_t one(std::string_view text) {
  const auto steps = parse_budget(text, kGpu, kPeaks);
  EXPECT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].at, 0);
  return steps[0].bytes;
}

TEST(Budget, IsASizeAShareOrTheGpu) {
  EXPECT_EQ(one("gpu"), kGpu);
  EXPECT_EQ(one("70%"), 7'000);
  EXPECT_EQ(one("62.5 %"), 6'250);
  EXPECT_EQ(one("2GiB"), std::int64_t{2} << 30);
  EXPECT_EQ(one(" 1.5 MiB "), 3 << 19);
  EXPECT_EQ(one("8KiB"), 8 << 10);
}

TEST(Budget, MayStep) {
  const auto steps = parse_budget("90%, 60% @ 400ms,80%@1s , gpu@1000001us", kGpu, kPeaks);
  ASSERT_EQ(steps.size(), 4U);
  EXPECT_EQ(steps[0].bytes, 9'000);
  EXPECT_EQ(steps[1].at, 400 * kMillisecond);
  EXPECT_EQ(steps[1].bytes, 6'000);
  EXPECT_EQ(steps[2].at, kSecond);
  EXPECT_EQ(steps[3].at, kSecond + kMicrosecond);
  EXPECT_EQ(steps[3].bytes, kGpu);
}

void expect_refused(std::string_view text, const std::string& message) {
  try {
    parse_budget(text, kGpu, kPeaks);
    ADD_FAILURE() << text << " is accepted";
  } catch (const InputError& error) {
    EXPECT_EQ(error.what(), message);
  }
}

TEST(Budget, AnythingElseIsRefused) {
  const std::string sizes =
      " is no size; expected a number with KiB, MiB, GiB or % (of the sum of the peaks), or gpu";
  for (const std::string text : {"12", "-1GiB", "GiB", "nan%", "1e300GiB", "12 GB", ""}) {
    expect_refused(text, '"' + text + '"' + sizes);
  }
  expect_refused("1GiB, 2GiB @ 3", "\"3\" is no time; expected a number with us, ms or s");
  expect_refused("1GiB @ 3s", "step 1 is \"1GiB @ 3s\"; expected a size without a time, which "
                              "holds from the start");
  expect_refused("1GiB, 2GiB", "step 2 is \"2GiB\"; expected SIZE @ TIME");
  expect_refused("1GiB,", "step 2 is \"\"; expected SIZE @ TIME");
  expect_refused("1GiB, 2GiB @ 3s, 1GiB @ 3s",
                 "step 3, \"1GiB @ 3s\", is not later than the one before; expected times that "
                 "rise");
}

} // namespace
} // namespace cotenant
