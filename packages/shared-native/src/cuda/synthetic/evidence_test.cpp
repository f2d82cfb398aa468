#include <gtest/gtest.h>

#include "cuda/synthetic/evidence.h"

namespace cotenant::cuda::synthetic {
namespace {

Match match(double recorded, double achieved) {
  return {.name = "gemm",
          .recorded_ns = recorded,
          .achieved_ns = achieved,
          .registers_recorded = 100,
          .registers = 98,
          .blocks_per_sm_recorded = 2,
          .blocks_per_sm = 2,
          .dram_bytes_recorded = 1000,
          .dram_bytes = 900};
}

TEST(Evidence, CountsWhatMatches) {
  std::vector<Match> matches{match(10'000, 10'100), match(10'000, 10'900), match(10'000, 12'000),
                             match(1000, 1250)};
  matches[1].blocks_per_sm = 3;
  for (std::size_t i = 0; i < matches.size(); ++i) {
    matches[i].op = i;
  }
  const auto json = summarize(matches, {.stream_ns = 36'000, .expected_ns = 40'000});
  EXPECT_EQ(json["label"], "synthetic");
  EXPECT_EQ(json["kernels"], 4);
  EXPECT_EQ(json["duration"]["within_3_percent"], 1);
  EXPECT_EQ(json["duration"]["within_3_percent_or_300_ns"], 2);
  EXPECT_EQ(json["duration"]["within_10_percent"], 2);
  EXPECT_DOUBLE_EQ(json["duration"]["max_error"], 0.25);
  EXPECT_EQ(json["occupancy"]["recorded"], 4);
  EXPECT_EQ(json["occupancy"]["equal"], 3);
  EXPECT_EQ(json["registers"]["max_difference"], 2);
  EXPECT_EQ(json["dram_bytes"]["asked"], 3600);
  EXPECT_EQ(json["stream_replay"]["error"], -0.1);
  EXPECT_EQ(json["worst"][0]["op"], 2) << "the most nanoseconds off";
  EXPECT_EQ(json["worst"][1]["op"], 1);
}

TEST(Evidence, SaysWhetherTheSumHolds) {
  EXPECT_EQ(summarize({match(100, 104)}, {})["op_sum"]["within_5_percent"], true);
  EXPECT_EQ(summarize({match(100, 106)}, {})["op_sum"]["within_5_percent"], false);
  EXPECT_EQ(summarize({match(100, 106)}, {})["op_sum"]["error"], 0.06);
}

TEST(Evidence, TransfersCountInTheSumAlone) {
  Match copy = match(5000, 9000);
  copy.kernel = false;
  const auto json = summarize({match(100, 100), copy}, {});
  EXPECT_EQ(json["kernels"], 1);
  EXPECT_EQ(json["duration"]["within_3_percent"], 1);
  EXPECT_EQ(json["op_sum"]["recorded_ns"], 5100);
  EXPECT_EQ(json["op_sum"]["achieved_ns"], 9100);
}

} // namespace
} // namespace cotenant::cuda::synthetic
