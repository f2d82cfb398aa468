#include <cmath>
#include <gtest/gtest.h>

#include "cuda/synthetic/workload.h"
#include "device/gpu_spec_for_test.h"

namespace cotenant::cuda::synthetic {
namespace {

Op kernel(std::uint32_t blocks, std::uint32_t threads) {
  Op op;
  op.grid.x = blocks;
  op.block.x = threads;
  op.registers = 64;
  op.duration = 100'000;
  op.sm_util = 0.5;
  op.dram_read_bytes = 100'000'000;
  op.dram_write_bytes = 50'000'000;
  return op;
}

Demand demand_of(const Op& op) {
  return synthetic::demand_of(h200_for_test(), op, variant_for(op.registers, 0));
}

/// Rows that all blocks of a launch stream, by the kernels' own arithmetic.
std::pair<double, double> rows(const Work& work, std::uint64_t blocks) {
  double read = 0;
  double write = 0;
  for (std::uint64_t b = 0; b < blocks; ++b) {
    const auto dice = static_cast<std::uint32_t>(b) * 2654435769U;
    read += work.read_rows + (dice < work.read_part ? 1 : 0);
    write += work.write_rows + (dice < work.write_part ? 1 : 0);
  }
  return {read, write};
}

TEST(Workload, MovesTheRecordedBytes) {
  const Op op = kernel(1000, 256);
  const Work work = work_at(demand_of(op), 0);
  const auto [read, write] = rows(work, 1000);
  EXPECT_NEAR(read * kRowBytes, 100e6, 1e6);
  EXPECT_NEAR(write * kRowBytes, 50e6, 1e6);
  EXPECT_GE(work.steps, work.groups);
}

TEST(Workload, SpreadsFewBytesOverSomeBlocks) {
  Op op = kernel(10'000, 128);
  op.dram_read_bytes = 512'000; // a row for every tenth block
  op.dram_write_bytes = 0;
  const Work work = work_at(demand_of(op), 0);
  EXPECT_EQ(work.read_rows, 0U);
  EXPECT_NEAR(rows(work, 10'000).first, 1000, 5);
  EXPECT_EQ(work.write_part, 0U);
}

TEST(Workload, EveryRowOfABlockHasAGroup) {
  for (const std::int64_t bytes : {0LL, 1LL, 511LL, 4096LL, 100'000LL, 3'000'000LL}) {
    Op op = kernel(3, 96);
    op.dram_read_bytes = bytes;
    op.dram_write_bytes = 2 * bytes;
    const Demand demand = demand_of(op);
    const Work work = work_at(demand, 7.5);
    const std::uint32_t most = work.write_rows + (work.write_part > 0 ? 1 : 0);
    EXPECT_GE(work.groups * demand.warps * demand.together, most) << bytes;
    EXPECT_EQ(work.block_rows, std::max(most, work.read_rows + (work.read_part > 0 ? 1U : 0U)));
    EXPECT_GE(work.steps, work.groups);
    EXPECT_GE(work.steps, work.hops + (work.hop_part > 0 ? 1 : 0));
    EXPECT_GE(work.steps, 1U);
  }
}

TEST(Workload, IssuesTheRecordedShare) {
  const Op op = kernel(132 * 4, 256);
  const Variant variant = variant_for(64, 0);
  const Demand demand = demand_of(op);
  // Half of four slots a cycle, 132 SMs, 100 us at 1.98 GHz.
  const double slots = 0.5 * 4 * 132 * 100e3 * 1.98;
  const double asked = demand.rounds * variant_shape(variant).round_slots() * 132 * 4 * 8;
  EXPECT_NEAR(asked, slots, slots * 1e-6);
  const Work work = work_at(demand, 3);
  EXPECT_EQ(std::uint64_t{work.fma_each} * work.steps + work.fma_more,
            static_cast<std::uint64_t>(std::llround(demand.rounds)));
}

TEST(Workload, DialTakesAwayArithmeticFirstThenTraffic) {
  const Demand demand = demand_of(kernel(528, 256));
  const auto rounds = [](const Work& w) {
    return std::uint64_t{w.fma_each} * w.steps + w.fma_more;
  };
  EXPECT_GT(rounds(work_at(demand, 0)), rounds(work_at(demand, -0.5)));
  EXPECT_EQ(rounds(work_at(demand, -1)), 0U);
  EXPECT_EQ(work_at(demand, -1).read_rows, work_at(demand, 0).read_rows);
  EXPECT_LT(work_at(demand, -1.5).read_rows, work_at(demand, -1).read_rows);
  EXPECT_EQ(work_at(demand, kLeastDial), Work{.steps = 1});
  EXPECT_DOUBLE_EQ(bytes_asked(demand, 0), 150e6);
  EXPECT_DOUBLE_EQ(bytes_asked(demand, -1.5), 75e6);
  EXPECT_EQ(work_at(demand, 12.25).hops, 12U);
  EXPECT_EQ(work_at(demand, 12.25).hop_part, 1U << 30);
}

TEST(Workload, AssumesTrafficAsTheSimulatorDoes) {
  Op op = kernel(528, 256);
  op.dram_read_bytes = -1;
  op.dram_write_bytes = -1;
  op.dram_util = 0.5;
  const GpuSpec gpu = h200_for_test();
  EXPECT_NEAR(bytes_asked(demand_of(op), 0), 0.5 * gpu.memory.bandwidth * 100e-6,
              0.01 * gpu.memory.bandwidth * 100e-6);
}

TEST(Workload, BlocksOfLessThanAWarpHaveShorterRows) {
  Op op = kernel(10, 8);
  const Demand demand = demand_of(op);
  EXPECT_EQ(demand.row_bytes, 128U);
  EXPECT_EQ(demand.warps, 1U);
  EXPECT_NEAR(bytes_asked(demand, 0), 150e6, 1);
}

} // namespace
} // namespace cotenant::cuda::synthetic
