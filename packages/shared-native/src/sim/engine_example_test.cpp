// Examples on four SMs, worked out by hand, for both engines.
#include <gtest/gtest.h>

#include "sim/engine_scenario_for_test.h"

namespace cotenant::test {
namespace {

/// `blocks` blocks of `threads` threads that take `block_ns` each; uses no shared memory, so a
/// split of any size will do.
KernelShape kernel(std::uint32_t blocks, std::uint32_t threads, Nanos block_ns, double issue = 0,
                   double dram = 0) {
  KernelShape shape;
  shape.blocks = blocks;
  shape.threads = threads;
  shape.slots_per_sm = 2048 / threads;
  shape.waves = (blocks + 4 * shape.slots_per_sm - 1) / (4 * shape.slots_per_sm);
  shape.duration = block_ns * shape.waves;
  shape.block_ns = static_cast<double>(block_ns);
  shape.issue = shape.issue_used = issue;
  shape.dram = dram;
  return shape;
}

class Example : public testing::TestWithParam<bool> {
 protected:
  std::vector<Span> run() {
    const auto engine = GetParam() ? wave_engine(scenario_) : block_engine(scenario_);
    outcome_ = play(scenario_, *engine);
    return outcome_.spans;
  }

  Scenario scenario_{.gpu = h200_with(4)};
  Outcome outcome_;
};

using Spans = std::vector<Span>;

TEST_P(Example, KernelsOfAStreamFollowEachOther) {
  scenario_.streams = {
      {.begin = 10, .gap = 5, .kernels = {kernel(1, 128, 100), kernel(9, 1024, 50)}}};
  EXPECT_EQ(run(), (Spans{{0, 0, 10, 110}, {0, 1, 115, 215}}));
  // One SM for 100 ns; eight blocks on four SMs, then one block.
  EXPECT_DOUBLE_EQ(outcome_.counters.sm_busy_ns, 100 + 4 * 50 + 50);
}

TEST_P(Example, SmallKernelsRunSideBySide) {
  scenario_.streams = {{.kernels = {kernel(2, 512, 100)}},
                       {.begin = 30, .kernels = {kernel(2, 512, 100)}}};
  EXPECT_EQ(run(), (Spans{{0, 0, 0, 100}, {1, 0, 30, 130}}));
  EXPECT_DOUBLE_EQ(outcome_.counters.sm_busy_ns, 400) << "on different SMs, the emptiest";
}

TEST_P(Example, AKernelWaitsBehindOneThatFillsTheGpu) {
  scenario_.streams = {{.kernels = {kernel(16, 1024, 100)}},
                       {.begin = 30, .kernels = {kernel(4, 1024, 100)}}};
  EXPECT_EQ(run(), (Spans{{0, 0, 0, 200}, {1, 0, 30, 300}}));
}

// SMs 0 to 3 are ahead by 7/32, 5/32, 3/32 and 1/32 of a block.
TEST_P(Example, WavesFallOutOfStepWhenAnotherKernelComes) {
  scenario_.gpu.contention.block_drift = 0.5;
  scenario_.streams = {{.kernels = {kernel(32, 1024, 800)}},
                       {.begin = 100, .priority = 1, .kernels = {kernel(1, 1024, 100)}}};
  // It waits for the SM that is first, at 625, and is in one of that SM's slots until 725. The other kernel's slots are free at
  // 625, 675, 725 and 775 and have three more blocks each.
  EXPECT_EQ(run(), (Spans{{1, 0, 100, 725}, {0, 0, 0, 3175}}));
}

TEST_P(Example, AnSmThatIsAheadMayBeInItsNextWave) {
  scenario_.gpu.contention.block_drift = 0.5;
  scenario_.streams = {{.kernels = {kernel(32, 1024, 800)}},
                       {.begin = 650, .priority = 1, .kernels = {kernel(1, 1024, 100)}}};
  // SM 0 has replaced its blocks at 625, so SM 1 is the next to have room.
  EXPECT_EQ(run(), (Spans{{1, 0, 650, 775}, {0, 0, 0, 3175}}));
}

TEST_P(Example, AKernelThatStartsBesideAnotherIsOutOfStep) {
  scenario_.gpu.contention.block_drift = 0.5;
  scenario_.streams = {{.kernels = {kernel(1, 1024, 10'000)}},
                       {.begin = 10, .kernels = {kernel(32, 1024, 800)}}};
  // Seven blocks at once, that end at 635, 685, 735 and 785. The eighth, at 635, is the last of a wave, and takes 625 again.
  EXPECT_EQ(run(), (Spans{{1, 0, 10, 3935}, {0, 0, 0, 10'000}}));
}

// SMs 0 to 3 are ahead by 42, 30, 18 and 6 of 1600 ns, and not by 350 and more.
TEST_P(Example, ComputingBlocksOfOneAnSmHardlyFallOutOfStep) {
  scenario_.gpu.contention.block_drift = 0.5;
  scenario_.streams = {{.kernels = {kernel(12, 2048, 1600, 0.75)}},
                       {.begin = 100, .priority = 1, .kernels = {kernel(1, 2048, 100)}}};
  EXPECT_EQ(run(), (Spans{{1, 0, 100, 1658}, {0, 0, 0, 4858}}));
  scenario_.streams[0].kernels = {
      kernel(12, 2048, 1600, 0.25)}; // waits for memory most of the time
  EXPECT_EQ(run(), (Spans{{1, 0, 100, 1350}, {0, 0, 0, 4750}}));
}

TEST_P(Example, AKernelOfTwoWavesOrWithoutCompanyStaysInStep) {
  scenario_.gpu.contention.block_drift = 0.5;
  scenario_.streams = {{.kernels = {kernel(16, 1024, 800), kernel(32, 1024, 800)}},
                       {.begin = 100, .priority = 1, .kernels = {kernel(1, 1024, 100)}}};
  EXPECT_EQ(run(), (Spans{{1, 0, 100, 900}, {0, 0, 0, 1700}, {0, 1, 1700, 4900}}));
}

TEST_P(Example, WhatALastWaveLeavesIsFilled) {
  // Ten blocks: eight, then two; the other kernel's blocks start beside the two.
  scenario_.streams = {{.kernels = {kernel(10, 1024, 100)}},
                       {.begin = 30, .kernels = {kernel(4, 1024, 100)}}};
  EXPECT_EQ(run(), (Spans{{0, 0, 0, 200}, {1, 0, 30, 200}}));
}

TEST_P(Example, PriorityGoesFirstButEvictsNothing) {
  scenario_.streams = {{.kernels = {kernel(24, 1024, 100)}},
                       {.begin = 130, .priority = 1, .kernels = {kernel(8, 1024, 10)}}};
  // At 200 the second wave ends, the urgent kernel takes all SMs, and the third wave follows it.
  EXPECT_EQ(run(), (Spans{{1, 0, 130, 210}, {0, 0, 0, 310}}));
}

TEST_P(Example, APriorityKernelThatDoesNotFitKeepsOthersWaiting) {
  // 1024 threads are resident on each SM; the urgent blocks need 2048, the small ones would fit.
  scenario_.streams = {{.kernels = {kernel(4, 1024, 100)}},
                       {.begin = 10, .priority = 1, .kernels = {kernel(1, 2048, 10)}},
                       {.begin = 20, .kernels = {kernel(1, 128, 10)}}};
  EXPECT_EQ(run(), (Spans{{0, 0, 0, 100}, {1, 0, 10, 110}, {2, 0, 20, 110}}));
}

TEST_P(Example, ASplitKeepsAKernelOutThatWouldFit) {
  KernelShape spinning = kernel(4, 512, 1000);
  spinning.shared_memory = 1024;
  spinning.split = 8192;
  KernelShape gemm = kernel(4, 256, 10);
  gemm.shared_memory = 33 * 1024;
  gemm.split = 228 * 1024;
  scenario_.streams = {{.kernels = {spinning}}, {.begin = 100, .priority = 1, .kernels = {gemm}}};
  EXPECT_EQ(run(), (Spans{{0, 0, 0, 1000}, {1, 0, 100, 1010}}));
}

TEST_P(Example, WhoCameFirstGoesFirstAtIssueSlotsAndStillLosesSome) {
  // Either takes three quarters of the slots alone. From 30 on the second goes at 1 - 0.9 x 0.75 = 0.325 of its speed, which
  // slows the first to 1 - 0.75 x 0.75 x 0.325 = 0.817: the last 70 of its 100 ns take 85.7. The second has
  // done 27.8 by then, and has the SM to itself.
  scenario_.streams = {{.kernels = {kernel(4, 512, 100, 0.75)}},
                       {.begin = 30, .kernels = {kernel(4, 512, 100, 0.75)}}};
  EXPECT_EQ(run(), (Spans{{0, 0, 0, 116}, {1, 0, 30, 188}}));
}

TEST_P(Example, BlocksOfALaterWaveCameLater) {
  // One block of the first kernel at a time on each SM. That of its second wave comes when the first ends, as above, at 115.7,
  // and goes at 0.325 of its speed: the second kernel needs 88.3 for the 72.2 ns that it has left. Then 71.3 are left.
  scenario_.streams = {{.kernels = {kernel(8, 1536, 100, 0.75)}},
                       {.begin = 30, .priority = 1, .kernels = {kernel(4, 512, 100, 0.75)}}};
  EXPECT_EQ(run(), (Spans{{1, 0, 30, 204}, {0, 0, 0, 276}}));
}

TEST_P(Example, BlocksOfOneKernelShareIssueSlotsAsAlone) {
  // Two on an SM want 1.5 times its slots, in either launch: recorded that way.
  KernelShape two = kernel(8, 512, 100, 0.75);
  two.issue_alone = 1.5;
  two.issue_used = 0.5;
  scenario_.streams = {{.kernels = {two}}};
  EXPECT_EQ(run(), (Spans{{0, 0, 0, 100}}));
}

TEST_P(Example, BandwidthIsSharedMaxMin) {
  scenario_.streams = {{.kernels = {kernel(4, 512, 100, 0, 0.25)}},
                       {.kernels = {kernel(1, 512, 100, 0, 0.125)}}};
  // The small demand is met. The four blocks share the other 7/8: they run at 7/8 of their rate
  // until 100.
  EXPECT_EQ(run(), (Spans{{1, 0, 0, 100}, {0, 0, 0, 113}}));
  EXPECT_DOUBLE_EQ(outcome_.counters.dram_busy_ns, 4 * 25 + 12.5);
}

TEST_P(Example, TrafficOfOthersAddsLatency) {
  scenario_.gpu.contention = {.dram_queueing_gain = 0.5, .dram_latency_ns = 100};
  // The first obtains half of the bandwidth: the second, which uses none, takes 1.5 times as long
  // until 100, and does not disturb the first.
  KernelShape streaming = kernel(2, 512, 100, 0, 0.25);
  streaming.in_flight = 1000;
  KernelShape beside = kernel(2, 512, 100);
  for (KernelShape* shape : {&streaming, &beside}) {
    shape->alone = shape->loads_alone(scenario_.gpu);
  }
  scenario_.streams = {{.kernels = {streaming}}, {.kernels = {beside}}};
  EXPECT_EQ(run(), (Spans{{0, 0, 0, 100}, {1, 0, 0, 134}}));
}

TEST_P(Example, WhoUsesAllBandwidthMakesOthersWaitForWhatItHasInFlight) {
  scenario_.gpu.contention = {.dram_queueing_gain = 1, .dram_latency_ns = 100};
  // 300 ns in flight: a load takes 400 instead of 100 until 100, when 75 of the second's are left.
  KernelShape streaming = kernel(2, 512, 100, 0, 0.5);
  streaming.in_flight = 150;
  KernelShape beside = kernel(2, 512, 100);
  for (KernelShape* shape : {&streaming, &beside}) {
    shape->alone = shape->loads_alone(scenario_.gpu);
  }
  scenario_.streams = {{.kernels = {streaming}}, {.kernels = {beside}}};
  EXPECT_EQ(run(), (Spans{{0, 0, 0, 100}, {1, 0, 0, 175}}));
}

TEST_P(Example, APausedGpuResumesWhereItWas) {
  scenario_.streams = {{.kernels = {kernel(16, 1024, 100)}},
                       {.begin = 160, .kernels = {kernel(1, 128, 10)}}};
  scenario_.pauses = {{.from = 150, .until = 1000}};
  EXPECT_EQ(run(), (Spans{{0, 0, 0, 1050}, {1, 0, 160, 1060}}));
  EXPECT_DOUBLE_EQ(outcome_.counters.sm_busy_ns, 4 * 200 + 10);
}

TEST_P(Example, AKernelThatStartsDuringAPauseWaitsForItsEnd) {
  scenario_.streams = {{.begin = 20, .kernels = {kernel(1, 128, 100)}}};
  scenario_.pauses = {{.from = 10, .until = 50}};
  EXPECT_EQ(run(), (Spans{{0, 0, 20, 150}}));
}

TEST_P(Example, ResidentShareIsThatOfThreads) {
  scenario_.streams = {{.kernels = {kernel(4, 512, 100)}}, {.kernels = {kernel(2, 1024, 100)}}};
  const auto engine = GetParam() ? wave_engine(scenario_) : block_engine(scenario_);
  engine->start(0, scenario_.streams[0].kernels[0], 0, 0);
  EXPECT_DOUBLE_EQ(engine->resident_share(0), 0.25);
  engine->start(1, scenario_.streams[1].kernels[0], 0, 0);
  EXPECT_DOUBLE_EQ(engine->resident_share(0), 0.25);
  EXPECT_DOUBLE_EQ(engine->resident_share(1), 0.25);
  EXPECT_EQ(engine->next(), 100);
}

INSTANTIATE_TEST_SUITE_P(Engines, Example, testing::Bool(),
                         [](const auto& example) { return example.param ? "Wave" : "Block"; });

} // namespace
} // namespace cotenant::test
