#include <gtest/gtest.h>

#include "cli/orion_results.h"

namespace cotenant {
namespace {

TEST(OrionResults, PercentilesAreNumpys) {
  // numpy.percentile([1, 2, 3, 4, 10], [0, 50, 95, 99, 100])
  const std::vector<Nanos> values = {1, 2, 3, 4, 10};
  EXPECT_DOUBLE_EQ(percentile(values, 0), 1);
  EXPECT_DOUBLE_EQ(percentile(values, 0.5), 3);
  EXPECT_DOUBLE_EQ(percentile(values, 0.95), 8.8);
  EXPECT_DOUBLE_EQ(percentile(values, 0.99), 9.76);
  EXPECT_DOUBLE_EQ(percentile(values, 1), 10);
  EXPECT_DOUBLE_EQ(percentile({7}, 0.99), 7);
}

TEST(OrionResults, LatencyCountsFromTheScheduledArrival) {
  EXPECT_EQ(latencies_of("client,index,arrival_ns,start_ns,end_ns\n"
                         "a,0,0,50,90\nb,0,10,20,30\na,1,100,100,140\n",
                         "a"),
            (std::vector<Nanos>{40, 90}));
}

TEST(OrionResults, KeysAreOrions) {
  EXPECT_EQ(orion_result(false, {1'000'000, 3'000'000}, 12.5).dump(),
            R"({"p50_latency":2.0,"p95_latency":2.9,"p99_latency":2.98,"throughput":12.5})");
  EXPECT_EQ(orion_result(true, {1'000'000}, 2).dump(), R"({"throughput":2.0})");
  EXPECT_EQ(orion_result(false, {}, 0)["p99_latency"], nullptr);
}

} // namespace
} // namespace cotenant
