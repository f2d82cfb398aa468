#include <gtest/gtest.h>

#include "sim/contention.h"
#include "sim/engine_scenario_for_test.h"
#include "sim/ticks.h"

namespace cotenant::test {
namespace {

constexpr std::uint32_t kKib = 1024;

Op kernel(std::uint32_t blocks, std::uint32_t threads, std::uint32_t shared_memory = 0) {
  Op op;
  op.grid.x = blocks;
  op.block.x = threads;
  op.registers = 16;
  op.smem_dynamic = shared_memory;
  op.duration = 10'000;
  op.sm_util = 0.5;
  op.dram_util = 0.25;
  return op;
}

TEST(KernelShape, CountsWaves) {
  const GpuSpec gpu = h200_with(132);
  const KernelShape full = kernel_shape(gpu, kernel(132 * 4 * 3, 512));
  EXPECT_EQ(full.slots_per_sm, 4U);
  EXPECT_EQ(full.waves, 3U);
  EXPECT_EQ(kernel_shape(gpu, kernel(132 * 4 * 3 + 1, 512)).waves, 4U);
  EXPECT_NEAR(full.block_ns, 10'000.0 / 3, 1e-4) << "less what rounding up its end takes";
  EXPECT_EQ(kernel_shape(gpu, kernel(1, 100)).threads, 128U) << "whole warps";
}

TEST(KernelShape, SpreadsTheUseOfAKernelOverItsBlocks) {
  const GpuSpec gpu = h200_with(132);
  const KernelShape few = kernel_shape(gpu, kernel(66, 512));
  EXPECT_NEAR(few.dram, 0.25 / 66, 1e-9);
  // Three full waves: a block uses what is used, by the number that run at once.
  const KernelShape full = kernel_shape(gpu, kernel(132 * 4 * 3, 512));
  EXPECT_NEAR(full.dram, 0.25 / (132 * 4), 1e-9);
  // A wave and a half: the same average use in 1.5 waves' worth of blocks in the time of two, where nothing is short.
  Op relaxed = kernel(132 * 4 * 3 / 2, 512);
  relaxed.sm_util = 0.1;
  const KernelShape uneven = kernel_shape(gpu, relaxed);
  EXPECT_NEAR(uneven.dram, 0.25 / (132 * 4 * 0.75), 1e-9);
}

// A block a SM is left for the second wave. In the first, four compete.
TEST(KernelShape, LastWaveOfFewBlocksIsQuickerWhereIssueSlotsAreShort) {
  const GpuSpec gpu = h200_with(132);
  Op op = kernel(132 * 5, 512);
  op.sm_util = 0.6;
  const KernelShape shape = kernel_shape(gpu, op);
  ASSERT_EQ(shape.waves, 2U);
  const double last = 1 / issue_rate(shape.issue, shape.issue_extra, shape.issue_alone);
  EXPECT_LT(last, 0.7);
  EXPECT_NEAR(shape.block_ns * (1 + last), 10'000, 1e-3);
  // Seen over its life, it uses what was recorded.
  EXPECT_NEAR(shape.compute * shape.blocks_at_once(), 0.6, 1e-6);
  EXPECT_NEAR(shape.dram * shape.blocks_at_once(), 0.25, 1e-6);

  op.sm_util = 0.1;
  EXPECT_NEAR(kernel_shape(gpu, op).block_ns, 5'000, 1e-3) << "nothing is short";
}

// Two blocks on one SM, one on each of the others: those are quicker, and ask for bandwidth as much the sooner.
TEST(KernelShape, NeverAsksForMoreBandwidthThanThereIs) {
  const GpuSpec gpu = h200_with(132);
  Op op = kernel(133, 512);
  op.sm_util = 0.5;
  op.dram_util = 1;
  const KernelShape shape = kernel_shape(gpu, op);
  const auto on_each = [&](std::uint32_t blocks) {
    return blocks * issue_rate(shape.issue * blocks, shape.issue_extra, shape.issue_alone);
  };
  EXPECT_GT(on_each(1), 1.2);
  EXPECT_LE(shape.dram * (on_each(2) + 131 * on_each(1)), 1);
}

// The more warps of a scheduler share what was used, the more they would have liked to use.
TEST(IssueDemand, ExceedsWhatWasUsedWhereWarpsWaitForEachOther) {
  const GpuSpec gpu = h200_with(132);
  const auto used = [&](std::uint32_t blocks, std::uint32_t threads, double share) {
    Op op = kernel(blocks, threads);
    op.sm_util = share;
    return kernel_shape(gpu, op);
  };
  // One warp a scheduler waits for nobody.
  EXPECT_NEAR(used(132, 128, 0.5).issue, 0.5, 1e-9);
  // Two: 1 - (1 - p)^2 = 0.75 gives p = 0.5 each. Sixteen, barely busy: as if they did not meet.
  EXPECT_NEAR(used(132, 256, 0.75).issue, 1.0, 1e-9);
  EXPECT_EQ(used(132, 256, 0.75).issue_alone, 1.0);
  EXPECT_NEAR(used(132 * 4, 512, 0.02).issue * 4, 0.02, 3e-4);
  const KernelShape saturated = used(132 * 4, 512, 0.94);
  EXPECT_GT(saturated.issue_alone, 2.5);
  EXPECT_NEAR(saturated.issue * 4, saturated.issue_alone, 1e-9);
}

TEST(IssueDemand, OfFewWarpsCrowdsTheirSchedulers) {
  const GpuSpec gpu = h200_with(132);
  Op op = kernel(132, 64);
  op.sm_util = 0.25; // of four schedulers, by two warps on two of them
  const KernelShape shape = kernel_shape(gpu, op);
  EXPECT_NEAR(shape.issue, 0.25, 1e-9) << "what others feel, on average";
  EXPECT_NEAR(shape.issue + shape.issue_extra, 0.5, 1e-9) << "where they are";
  EXPECT_EQ(shape.issue_alone, 1.0);
}

// gpus/calibration/h200-sharing.json, pairs: a computing kernel of 256 threads beside itself in 128, 512 and
// 1024 threads took 1.23, 2.19 and 4.12 times as long. It keeps a scheduler busy for 0.83 of the time
// with two warps.
TEST(IssueDemand, SlowsComputingKernelsAsMeasured) {
  const GpuSpec gpu = h200_with(132);
  Op op = kernel(132, 256);
  op.sm_util = 0.83;
  const KernelShape shape = kernel_shape(gpu, op);
  const double per_warp = shape.issue / 8;
  const auto slowdown = [&](int warps) {
    return 1 / issue_rate(shape.issue + per_warp * warps, shape.issue_extra, shape.issue_alone);
  };
  EXPECT_NEAR(slowdown(4), 1.23, 0.30);
  EXPECT_NEAR(slowdown(16), 2.19, 0.85);
  EXPECT_NEAR(slowdown(32), 4.12, 0.90);
}

TEST(KernelShape, NeverSlowsItself) {
  const GpuSpec gpu = h200_with(132);
  Op op = kernel(132 * 4 + 1,
                 512); // the second wave is one block: average use is half of the first wave's
  op.sm_util = 1;
  op.dram_util = 1;
  const KernelShape shape = kernel_shape(gpu, op);
  EXPECT_LE(shape.issue * shape.slots_per_sm + shape.issue_extra, shape.issue_alone);
  EXPECT_LE(shape.dram * 132 * shape.slots_per_sm, 1);
  EXPECT_GT(shape.dram * 132 * shape.slots_per_sm, 1 - 1e-5);
}

TEST(KernelShape, CountsBandwidthByWhatCanBeHad) {
  GpuSpec gpu = h200_with(132);
  gpu.memory.achievable_fraction = 0.5;
  EXPECT_NEAR(kernel_shape(gpu, kernel(1, 512)).dram, 0.5, 1e-9);
}

/// What a load takes longer beside an elementwise kernel of 131072 blocks of 128 threads that streams, ns.
double wait_beside(int loads_bytes, int stores_bytes) {
  const GpuSpec gpu = h200_for_test();
  Op op = kernel(131'072, 128);
  op.dram_read_bytes = std::int64_t{131'072} * 128 * loads_bytes;
  op.dram_write_bytes = std::int64_t{131'072} * 128 * stores_bytes;
  op.dram_util = gpu.memory.achievable_fraction;
  op.duration = static_cast<Nanos>(static_cast<double>(op.dram_read_bytes + op.dram_write_bytes) /
                                   (gpu.memory.bandwidth * gpu.memory.achievable_fraction) * 1e9);
  const KernelShape shape = kernel_shape(gpu, op);
  const double in_flight = shape.in_flight_alone(gpu.contention, gpu.sm.count);
  return load_latency(gpu.contention, in_flight) - gpu.contention.dram_latency_ns;
}

// gpus/calibration/h200-streams.json, chains of 132 blocks: a kernel of eight dependent loads, from 1, 8 or 512 MiB, beside it
// less one of none, less the same alone, by eight.
TEST(InFlight, MakesLoadsWaitAsMeasured) {
  EXPECT_NEAR(wait_beside(32, 0), 750, 200) << "read: 570 to 930";
  EXPECT_NEAR(wait_beside(0, 32), 2650, 600) << "fill: 2120 to 3240";
  EXPECT_NEAR(wait_beside(32, 32), 3170, 300) << "scale: 2880 to 3450";
  EXPECT_NEAR(wait_beside(64, 32), 4490, 250) << "add: 4270 to 4670";
}

TEST(InFlight, IsOfABlockWhatItMovesButNoMoreThanItsThreadsHold) {
  GpuSpec gpu = h200_with(132);
  gpu.contention = {.dram_loads_in_flight = 0.5, .dram_stores_in_flight = 2};
  Op op = kernel(132, 512);
  op.dram_util = 0.1;
  op.dram_read_bytes = 1000;
  op.dram_write_bytes = 1000;
  const double all = 0.1 * 10'000 / 132; // ns of the whole bandwidth
  const double most = 512 * 96 / gpu.memory.bandwidth * 1e9;
  EXPECT_NEAR(kernel_shape(gpu, op).in_flight, all * 1.25, 1e-9);
  op.dram_util = 1;
  ASSERT_GT(10'000.0 / 132, most);
  EXPECT_NEAR(kernel_shape(gpu, op).in_flight, most * 1.25, 1e-9);
  op.dram_write_bytes = 0;
  EXPECT_NEAR(kernel_shape(gpu, op).in_flight, most * 0.5, 1e-9);
}

TEST(KernelShape, WaitsForMemoryWhileNeitherItsSmsNorDramAreBusy) {
  const GpuSpec gpu = h200_with(132);
  Op op = kernel(66, 512); // on half of the SMs
  op.sm_util = 0.3;
  op.dram_util = 0.1;
  EXPECT_NEAR(kernel_shape(gpu, op).waiting, 0.4, 1e-9) << "its SMs are busy for 0.6";
  op.dram_util = 0.7;
  EXPECT_NEAR(kernel_shape(gpu, op).waiting, 0.3, 1e-9);
  op.dram_util = 1;
  EXPECT_EQ(kernel_shape(gpu, op).waiting, 0) << "what it waits for is its share of the bandwidth";
}

TEST(KernelShape, TakesBytesWhereUtilisationIsMissing) {
  GpuSpec gpu = h200_with(132);
  gpu.memory.bandwidth = 1e12; // 1000 bytes a nanosecond
  Op op = kernel(1, 512);
  op.dram_util = kUnknown;
  op.dram_read_bytes = 1'000'000;
  op.dram_write_bytes = 1'500'000;
  EXPECT_NEAR(kernel_shape(gpu, op).dram, 0.25, 1e-9);
}

TEST(KernelShape, AssumesByClassWhereCountersAreMissing) {
  const GpuSpec gpu = h200_with(132);
  Op op = kernel(132, 512);
  op.sm_util = kUnknown;
  op.dram_util = kUnknown;
  const auto shape_of = [&](Boundness boundness) {
    op.boundness = boundness;
    return kernel_shape(gpu, op);
  };
  const KernelShape compute = shape_of(Boundness::compute);
  const KernelShape memory = shape_of(Boundness::memory);
  const KernelShape unknown = shape_of(Boundness::unknown);
  EXPECT_GT(2 * compute.issue, 1) << "two of a kind do not go together";
  EXPECT_GT(2 * 132 * memory.dram, 1);
  EXPECT_LT(compute.issue + memory.issue, 1.1) << "opposites do";
  EXPECT_LE(132 * (compute.dram + memory.dram), 1);
  EXPECT_LT(2 * unknown.issue, 1);
}

TEST(KernelShape, TakesAnImmeasurablyShortKernelForOneNanosecond) {
  Op op = kernel(1, 32);
  op.duration = 0;
  EXPECT_EQ(kernel_shape(h200_with(132), op).duration, 1);
}

TEST(Split, IsTheSmallestStepThatHoldsAllBlocks) {
  const GpuSpec gpu = h200_with(132); // a block takes 1 KiB more than it asks for
  EXPECT_EQ(kernel_shape(gpu, kernel(132, 512)).split, 8 * kKib);
  EXPECT_EQ(kernel_shape(gpu, kernel(132, 128)).split, 16 * kKib);
  EXPECT_EQ(kernel_shape(gpu, kernel(132, 128, 4 * kKib)).split, 100 * kKib);
  EXPECT_EQ(kernel_shape(gpu, kernel(132, 128, 16 * kKib)).split, 228 * kKib)
      << "none holds all 16";
  EXPECT_EQ(kernel_shape(whole_v100(), kernel(80, 128)).split, 0U) << "no reserve on this GPU";
}

TEST(Split, FollowsACarveOutPreferenceIfOneBlockFits) {
  const GpuSpec gpu = h200_with(132);
  EXPECT_EQ(kernel_shape(gpu, kernel(132, 128), 50).split, 132 * kKib) << "114 KiB, rounded up";
  const KernelShape narrow = kernel_shape(gpu, kernel(132, 128, 16 * kKib), 0);
  EXPECT_EQ(narrow.split, 32 * kKib);
  EXPECT_EQ(narrow.slots_per_sm, 1U) << "no more blocks than the split holds";
  EXPECT_EQ(kernel_shape(gpu, kernel(132, 128, 16 * kKib), 100).slots_per_sm, 13U);
}

// Which foreground blocks join SMs that a background kernel holds, as seen on an H200: the
// background has 132 blocks of 512 threads, the foreground 128 of 128 threads in a stream of higher
// priority. Not reproduced: that a foreground without shared memory joins a background without any.
// By the rule it asks for 16 KiB, the background for 8, and it waits, as it was seen to do beside a
// background of 1024 threads.
struct Sighting {
  std::uint32_t background_kib;
  std::optional<int> background_carveout; ///< percent, if it stated a preference
  std::uint32_t largest_that_joins_kib;
};

class SplitSightings : public testing::TestWithParam<Sighting> {};

TEST_P(SplitSightings, DecideWhoWaits) {
  const Sighting& seen = GetParam();
  const GpuSpec gpu = h200_with(132);
  for (const std::uint32_t kib : {0U, 1U, 4U, 16U, 32U, 64U, 100U, 128U, 200U}) {
    Op background = kernel(132, 512, seen.background_kib * kKib);
    background.duration = 4'000'000;
    const Stream behind{.kernels = {kernel_shape(gpu, background, seen.background_carveout)}};
    const Stream front{.begin = 700'000,
                       .priority = 1,
                       .kernels = {kernel_shape(gpu, kernel(128, 128, kib * kKib))}};
    const Scenario scenario{.gpu = gpu, .streams = {behind, front}};
    for (const auto& engine : {block_engine(scenario), wave_engine(scenario)}) {
      const Outcome outcome = play(scenario, *engine);
      const bool joins = outcome.spans.front().stream == 1;
      EXPECT_EQ(joins, kib <= seen.largest_that_joins_kib) << kib << " KiB";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    H200, SplitSightings,
    testing::Values(Sighting{32, std::nullopt, 4}, Sighting{100, std::nullopt, 100},
                    Sighting{32, 0, 1},    // maximum L1: the smallest step that holds one block
                    Sighting{100, 0, 4},   // the same
                    Sighting{0, 100, 200}, // maximum shared memory
                    Sighting{32, 100, 128}, Sighting{100, 100, 100}));

} // namespace
} // namespace cotenant::test
