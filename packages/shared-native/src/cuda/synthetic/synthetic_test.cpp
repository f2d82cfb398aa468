#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cuda/synthetic/fake_gpu_for_test.h"
#include "cuda/synthetic/synthetic.h"
#include "program/program_file.h"

namespace cotenant::cuda::synthetic {
namespace {

using nlohmann::json;

Op kernel(Nanos duration, std::uint32_t blocks = 528) {
  Op op;
  op.name = "gemm";
  op.grid.x = blocks;
  op.block.x = 256;
  op.registers = 64;
  op.blocks_per_sm = 4;
  op.duration = duration;
  op.sm_util = 0.2;
  op.dram_read_bytes = 4'000'000;
  op.dram_write_bytes = 1'000'000;
  return op;
}

Op transfer(OpKind kind, std::int64_t bytes) {
  Op op;
  op.kind = kind;
  op.name = "transfer";
  op.bytes = bytes;
  op.duration = 3000;
  return op;
}

Program program_of(std::vector<Op> ops) {
  Program program;
  program.name = "small";
  program.gpu = "h200";
  program.ops = std::move(ops);
  return program;
}

LiveProgram make(FakeGpu& gpu, const Program& program) {
  return make_synthetic(gpu.driver, h200_for_test(), program, {.compile = keep_source});
}

const Work& work_of(const LiveOp& op) {
  return *static_cast<const Work*>(op.params[0]);
}

TEST(Synthetic, KeepsGeometryAndComesWithinThreePercent) {
  FakeGpu gpu;
  Op clustered = kernel(80'000, 1056);
  clustered.cluster = 4;
  clustered.smem_dynamic = 9000;
  const Program program = program_of({kernel(20'000), clustered, kernel(6000)});
  const LiveProgram live = make(gpu, program);
  ASSERT_EQ(live.ops.size(), 3U);
  EXPECT_TRUE(live.synthetic);
  EXPECT_EQ(live.id, "h200/small");
  EXPECT_EQ(live.ops[1].grid, clustered.grid);
  EXPECT_EQ(live.ops[1].block, clustered.block);
  EXPECT_EQ(live.ops[1].shared_bytes, 9000U);
  ASSERT_EQ(live.ops[1].attributes.size(), 1U);
  EXPECT_EQ(live.ops[1].attributes[0].value.dimension[0], 4U);
  EXPECT_TRUE(live.ops[0].attributes.empty());

  const json evidence = json::parse(live.evidence);
  EXPECT_EQ(evidence["kernels"], 3);
  EXPECT_EQ(evidence["duration"]["within_3_percent_or_300_ns"], 3) << live.evidence;
  EXPECT_EQ(evidence["occupancy"]["equal"], 3);
  EXPECT_EQ(evidence["op_sum"]["within_5_percent"], true);
  EXPECT_EQ(evidence["compiled_kernels"], 1);
  EXPECT_NEAR(evidence["stream_replay"]["error"].get<double>(), 0, 0.05);
}

TEST(Synthetic, TunesRepeatsOnce) {
  FakeGpu gpu;
  std::vector<Op> ops(40, kernel(20'000));
  ops[7].duration = 20'010; // the same layer, recorded with a little noise
  ops[9].duration = 25'000;
  const LiveProgram live = make(gpu, program_of(ops));
  const json evidence = json::parse(live.evidence);
  EXPECT_EQ(evidence["calibrated"], 2);
  EXPECT_LE(evidence["measurements"], 2 * 8);
}

TEST(Synthetic, StreamsThroughOtherMemoryEveryTime) {
  FakeGpu gpu;
  const LiveProgram live = make(gpu, program_of({kernel(20'000), kernel(20'000), kernel(9000)}));
  const Work& first = work_of(live.ops[0]);
  const Work& second = work_of(live.ops[1]);
  EXPECT_EQ(first.first, 1U);
  EXPECT_EQ(second.first, 0U) << "one op counts iterations";
  EXPECT_GE(second.begin_row, first.begin_row + 528 * first.block_rows);
  EXPECT_EQ(first.epoch_rows, second.epoch_rows);
  EXPECT_GE(first.epoch_rows, work_of(live.ops[2]).begin_row);
  const auto memory = (std::uint64_t{first.row_mask} + 1) * kRowBytes;
  EXPECT_GE(memory, 4 * static_cast<std::uint64_t>(h200_for_test().memory.l2_bytes));
  // While it is measured, too: no launch finds the rows of the one before.
  for (std::size_t i = 1; i < gpu.launches.size(); ++i) {
    if (gpu.launches[i].work.begin_row != 0 && gpu.launches[i - 1].work.block_rows != 0) {
      EXPECT_NE(gpu.launches[i].work.begin_row, gpu.launches[i - 1].work.begin_row);
    }
  }
}

TEST(Synthetic, CopiesAndFillsAsManyBytes) {
  FakeGpu gpu;
  const LiveProgram live =
      make(gpu, program_of({transfer(OpKind::copy_h2d, 1000), kernel(20'000),
                            transfer(OpKind::copy_d2d, 70'000), transfer(OpKind::copy_d2h, 16),
                            transfer(OpKind::memset, 400), transfer(OpKind::memset, 7)}));
  EXPECT_EQ(live.ops[0].copy.width, 1000U);
  EXPECT_EQ(live.ops[0].copy.source_type, MemoryType::host);
  EXPECT_EQ(live.ops[0].copy.target_type, MemoryType::device);
  EXPECT_NE(live.ops[2].copy.source_device, live.ops[2].copy.target_device);
  EXPECT_EQ(live.ops[3].copy.target_type, MemoryType::host);
  EXPECT_EQ(live.ops[4].fill.element_size, 4U);
  EXPECT_EQ(live.ops[4].fill.width, 100U);
  EXPECT_EQ(live.ops[5].fill.element_size, 1U);
  EXPECT_EQ(live.ops[5].fill.width, 7U);
  EXPECT_EQ(json::parse(live.evidence)["kernels"], 1);
}

TEST(Synthetic, KernelsThatCannotBeShortEnoughAreReported) {
  FakeGpu gpu;
  const LiveProgram live = make(gpu, program_of({kernel(500), kernel(60'000)}));
  const json evidence = json::parse(live.evidence);
  EXPECT_LT(evidence["dram_bytes"]["asked"], evidence["dram_bytes"]["recorded"]);
  EXPECT_EQ(evidence["worst"][0]["recorded_ns"], 500);
}

TEST(Synthetic, FreesEverything) {
  FakeGpu gpu;
  {
    const LiveProgram live =
        make(gpu, program_of({kernel(20'000), transfer(OpKind::copy_h2d, 64)}));
    EXPECT_GT(gpu.alive, 0);
  }
  EXPECT_EQ(gpu.alive, 0);
  gpu.memory_limit = 1 << 20;
  EXPECT_THROW(make(gpu, program_of({kernel(20'000)})), DeviceError);
  EXPECT_EQ(gpu.alive, 0);
}

TEST(Synthetic, RefusesWhatAGpuDoesNotRun) {
  FakeGpu gpu;
  EXPECT_THROW(make(gpu, program_of({kernel(20'000), transfer(OpKind::host, 0)})), InputError);
  EXPECT_EQ(gpu.alive, 0);
}

TEST(Synthetic, TakesARecordedProgram) {
  FakeGpu gpu;
  const Program program =
      read_program(find_program(COTENANT_DATA_DIR, "h200/resnet50-inference-b4-fp32"));
  const LiveProgram live = make(gpu, program);
  ASSERT_EQ(live.ops.size(), program.ops.size());
  const json evidence = json::parse(live.evidence);
  EXPECT_EQ(evidence["occupancy"]["equal"], evidence["occupancy"]["recorded"]) << live.evidence;
  EXPECT_EQ(evidence["clusters_differ"], 0);
  for (const LiveOp& op : live.ops) {
    EXPECT_EQ(op.function != nullptr, op.kind == OpKind::kernel);
  }
}

} // namespace
} // namespace cotenant::cuda::synthetic
