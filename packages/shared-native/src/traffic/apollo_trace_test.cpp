#include <algorithm>
#include <gtest/gtest.h>
#include <numeric>
#include <set>

#include "traffic/apollo_trace.h"

namespace cotenant {
namespace {

// Statistics of the published inter_arrival_times.json.
TEST(ApolloTrace, HasThePublishedStatistics) {
  auto gaps = apollo_trace();
  ASSERT_EQ(gaps.size(), 6240U);
  EXPECT_EQ(std::accumulate(gaps.begin(), gaps.end(), Nanos{0}), 299'733 * kMillisecond);
  EXPECT_EQ(std::set<Nanos>(gaps.begin(), gaps.end()).size(), 69U);
  std::sort(gaps.begin(), gaps.end());
  EXPECT_EQ(gaps.front(), 4 * kMillisecond);
  EXPECT_EQ(gaps[gaps.size() / 2 - 1], 31 * kMillisecond);
  EXPECT_EQ(gaps[gaps.size() / 2], 31 * kMillisecond);
  EXPECT_EQ(gaps.back(), 213 * kMillisecond);
}

TEST(ApolloTrace, SegmentsFollowEachOtherAndStartWithTheirFirstSubmission) {
  const auto gaps = apollo_trace();
  // densenet 21/s, inception 21/s, vgg 17/s, bert 26/s, resnet152 19/s, a minute each.
  const std::size_t sizes[] = {1260, 1260, 1020, 1560, 1140};
  const Nanos first_ms[] = {31, 35, 64, 187, 101};
  const Nanos second_ms[] = {12, 36, 152, 47, 55};
  const Nanos length_ms[] = {59'947, 59'964, 59'915, 59'987, 59'920};
  auto at = gaps.begin();
  for (std::size_t segment = 0; segment < 5; ++segment) {
    const auto end = at + static_cast<std::ptrdiff_t>(sizes[segment]);
    EXPECT_EQ(at[0], first_ms[segment] * kMillisecond);
    EXPECT_EQ(at[1], second_ms[segment] * kMillisecond);
    EXPECT_EQ(std::accumulate(at, end, Nanos{0}), length_ms[segment] * kMillisecond);
    at = end;
  }
  EXPECT_EQ(at, gaps.end());
}

TEST(ApolloTrace, ASegmentRepeatsItsSecond) {
  const auto gaps = apollo_trace();
  for (std::size_t i = 22; i + 21 < 1260; ++i) {
    ASSERT_EQ(gaps[i], gaps[i + 21]);
  }
}

} // namespace
} // namespace cotenant
