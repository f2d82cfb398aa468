#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "device/gpu_spec_for_test.h"
#include "program/occupancy.h"

namespace cotenant {
namespace {

Op kernel(std::uint32_t grid, std::uint32_t block, std::uint32_t registers = 0,
          std::uint32_t smem_static = 0, std::uint32_t smem_dynamic = 0) {
  Op op;
  op.name = "k";
  op.grid.x = grid;
  op.block.x = block;
  op.registers = registers;
  op.smem_static = smem_static;
  op.smem_dynamic = smem_dynamic;
  return op;
}

struct Vector {
  std::uint32_t block, grid, blocks_per_sm, sm_needed, registers;
};

// Rows of the kernel files that Orion publishes. The last is a cuBLAS gemmSN kernel; 96 registers a
// thread give it the 5 blocks that its row implies.
const std::vector<Vector> kPublished = {
    {512, 256, 4, 64, 0},   {512, 512, 4, 128, 0},  {512, 1024, 4, 256, 0},  {256, 512, 8, 64, 0},
    {256, 2048, 8, 256, 0}, {256, 3136, 8, 392, 0}, {64, 1024, 32, 32, 0},   {64, 8192, 32, 256, 0},
    {128, 98, 16, 7, 0},    {128, 784, 16, 49, 0},  {128, 3136, 16, 196, 0}, {128, 125, 5, 25, 96},
};

TEST(SmNeeded, ReproducesOrionsPublishedRows) {
  const GpuSpec gpu = h200_for_test();
  for (const Vector& v : kPublished) {
    const Op op = kernel(v.grid, v.block, v.registers);
    EXPECT_EQ(sm_needed_orion_2024(op), v.sm_needed) << v.block << " x " << v.grid;
    EXPECT_EQ(blocks_per_sm(gpu, op), v.blocks_per_sm) << v.block << " x " << v.grid;
    EXPECT_EQ(sm_needed(gpu, op), v.sm_needed) << v.block << " x " << v.grid;
  }
}

TEST(SmNeeded, ThePublishedArithmeticRoundsUpAndForgets) {
  const GpuSpec gpu = h200_for_test();
  // 768 threads: two blocks fit, the artifact says three.
  EXPECT_EQ(blocks_per_sm(gpu, kernel(6, 768)), 2U);
  EXPECT_EQ(sm_needed_orion_2024(kernel(6, 768)), 2U);
  EXPECT_EQ(sm_needed(gpu, kernel(6, 768)), 3U);
  // 32 threads: 64 blocks by threads, but an SM holds 32.
  EXPECT_EQ(sm_needed_orion_2024(kernel(64, 32)), 1U);
  EXPECT_EQ(sm_needed(gpu, kernel(64, 32)), 2U);
  // Dynamic shared memory: 100 KB a block, two fit.
  EXPECT_EQ(sm_needed_orion_2024(kernel(16, 128, 0, 0, 100 * 1024)), 1U);
  EXPECT_EQ(sm_needed(gpu, kernel(16, 128, 0, 0, 100 * 1024)), 8U);
  // Static shared memory: ceil(64 KB / 24 KB) = 3.
  EXPECT_EQ(sm_needed_orion_2024(kernel(12, 128, 0, 24 * 1024)), 4U);
  // 255 registers x 1024 threads: no block fits, where the artifact would divide by zero.
  EXPECT_EQ(sm_needed_orion_2024(kernel(10, 1024, 255)), 10U);
  // 90 112 blocks of one warp: unbounded above, as in the published profiles.
  EXPECT_EQ(sm_needed_orion_2024(kernel(100'352, 256)), 12'544U);
}

TEST(BlocksPerSm, CountsRegistersInWarpUnits) {
  const GpuSpec gpu = h200_for_test();
  EXPECT_EQ(blocks_per_sm(gpu, kernel(1, 256, 128)), 2U); // 4096 a warp, 16 warps
  EXPECT_EQ(blocks_per_sm(gpu, kernel(1, 128, 168)), 3U); // 5376 a warp, 12 warps
  EXPECT_EQ(blocks_per_sm(gpu, kernel(1, 32, 40)), 32U);  // 48 warps, 32 blocks at most
  EXPECT_EQ(blocks_per_sm(gpu, kernel(1, 64, 90)), 10U);  // 96: 3072 a warp, 20 warps
  EXPECT_EQ(blocks_per_sm(gpu, kernel(1, 384, 168)), 1U); // a common Hopper GEMM
}

TEST(BlocksPerSm, CountsTheReservePerBlock) {
  const GpuSpec gpu = h200_for_test();
  // 228 KB: 227 KB + 1 KB reserved is one block, 113 KB + 1 KB two.
  EXPECT_EQ(blocks_per_sm(gpu, kernel(1, 128, 0, 0, 227 * 1024)), 1U);
  EXPECT_EQ(blocks_per_sm(gpu, kernel(1, 128, 0, 0, 113 * 1024)), 2U);
  EXPECT_EQ(blocks_per_sm(gpu, kernel(1, 128, 0, 0, 113 * 1024 + 1)), 1U);
  EXPECT_EQ(blocks_per_sm(v100_for_test(), kernel(1, 128, 0, 48 * 1024)), 2U);
}

TEST(BlocksPerSm, RefusesABlockThatFitsNowhere) {
  EXPECT_THROW(blocks_per_sm(h200_for_test(), kernel(1, 128, 0, 0, 228 * 1024)), InputError);
  EXPECT_THROW(blocks_per_sm(v100_for_test(), kernel(1, 128, 0, 0, 100 * 1024)), InputError);
  EXPECT_THROW(blocks_per_sm(h200_for_test(), kernel(1, 1024, 255)), InputError);
}

TEST(SmNeeded, IsZeroForOpsWithoutBlocks) {
  Op copy;
  copy.kind = OpKind::copy_h2d;
  EXPECT_EQ(sm_needed(h200_for_test(), copy), 0U);
  EXPECT_EQ(sm_needed_orion_2024(copy), 0U);
  EXPECT_EQ(block_footprint(h200_for_test(), copy).threads, 0U);
}

TEST(SmNeeded, SaturatesInsteadOfWrapping) {
  Op op = kernel(4'000'000'000, 1024);
  op.grid.y = 60'000;
  EXPECT_EQ(sm_needed(h200_for_test(), op), UINT32_MAX);
}

// The footprint is what the engines add up; it must allow exactly as many blocks as the rules do.
RC_GTEST_PROP(BlockFootprint, AddsUpToTheOccupancyLimit, ()) {
  const GpuSpec gpu = h200_for_test();
  const auto threads = *rc::gen::inRange(1U, 1025U);
  const auto registers = *rc::gen::inRange(1U, 256U);
  const Op op = kernel(1, threads, registers);
  const std::uint32_t per_warp = (registers * 32 + 255) / 256 * 256;
  const std::uint32_t warps = 4 * (65536 / 4 / per_warp);
  const std::uint32_t by_registers = warps / ((threads + 31) / 32);
  const BlockFootprint block = block_footprint(gpu, op);
  RC_ASSERT(gpu.sm.registers / block.registers == by_registers);
  RC_ASSERT(block.threads % 32 == 0 && block.threads >= threads);
}

// Seen on an H200 (gpus/calibration/h200-splits.json): blocks of 512 threads of 16 registers join either of these.
TEST(BlockFootprint, LeavesToOthersWhatItsWarpsDoNotAllocate) {
  const GpuSpec gpu = h200_for_test();
  const std::uint32_t joins = block_footprint(gpu, kernel(1, 512, 16)).registers;
  EXPECT_EQ(joins, 8192U);
  EXPECT_EQ(block_footprint(gpu, kernel(1, 256, 217)).registers, 65536 - joins);
  EXPECT_EQ(block_footprint(gpu, kernel(1, 384, 132)).registers, 12 * 4352U);
  // Nine of these warps would fit by their sum, but each of four partitions has room for two.
  EXPECT_EQ(block_footprint(gpu, kernel(1, 32, 208)).registers, 65536 / 9 + 1U);
}

} // namespace
} // namespace cotenant
