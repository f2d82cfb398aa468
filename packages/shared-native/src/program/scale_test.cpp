#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "device/gpu_spec_for_test.h"
#include "program/occupancy.h"
#include "program/program_file.h"
#include "program/program_generator_for_test.h"
#include "program/scale.h"

namespace cotenant {
namespace {

// Round numbers: B has half of everything that A has.
GpuSpec gpu_a() {
  GpuSpec gpu = h200_for_test();
  gpu.id = "a";
  gpu.sm.count = 100;
  gpu.sm.clock_mhz = 1000;
  gpu.sm.fp32_lanes = 64;
  gpu.memory.bandwidth = 1e12;
  gpu.memory.achievable_fraction = 1;
  gpu.memory.l2_bytes = 50'000'000;
  gpu.link.h2d_bandwidth = 20e9;
  gpu.link.d2h_bandwidth = 20e9;
  gpu.launch.empty_kernel = 1000;
  gpu.peak.bf16_flops = 256e12;
  gpu.peak.tf32_flops = 128e12;
  return gpu;
}

GpuSpec gpu_b() {
  GpuSpec gpu = gpu_a();
  gpu.id = "b";
  gpu.sm.count = 50;
  gpu.sm.clock_mhz = 500;
  gpu.sm.fp32_lanes = 32;
  gpu.memory.bandwidth = 0.5e12;
  gpu.memory.l2_bytes = 6'000'000;
  gpu.link.h2d_bandwidth = 10e9;
  gpu.launch.empty_kernel = 2000;
  return gpu;
}

// 11 us: 1 us floor and 10 us of something. 1024 threads: two blocks an SM.
Op kernel(std::uint32_t grid) {
  Op op;
  op.name = "k";
  op.grid.x = grid;
  op.block.x = 1024;
  op.duration = op.duration_p25 = op.duration_p75 = 11'000;
  op.sm_util = 0;
  op.dram_util = 0;
  op.dram_read_bytes = 0;
  op.dram_write_bytes = 0;
  return op;
}

Op scaled(const Op& op, const GpuSpec& from, const GpuSpec& to,
          const std::string& precision = "fp32") {
  Program program;
  program.gpu = from.id;
  program.precision = precision;
  program.ops = {op};
  return scale_program(program, from, to).ops[0];
}

Nanos nanos(const Op& op, const std::string& precision = "fp32") {
  return scaled(op, gpu_a(), gpu_b(), precision).duration;
}

TEST(ScaleProgram, LatencyFollowsTheClock) {
  EXPECT_EQ(nanos(kernel(10)), 2000 + 10'000 * 2); // one wave on both
  Op tiny = kernel(10);
  tiny.duration = 800; // below the floor: all of it is floor
  EXPECT_EQ(nanos(tiny), 1600);
}

TEST(ScaleProgram, LatencyCountsOncePerWave) {
  EXPECT_EQ(nanos(kernel(200)), 2000 + 10'000 * 2 * 2); // 200 slots on A, 100 on B
}

TEST(ScaleProgram, BusyPipesFollowTheBlocksOfTheFullestSm) {
  // Half of 11 us on 100 SMs with a block each: 5500 cycles a block, 11 us on B, two of them on an
  // SM.
  Op op = kernel(100);
  op.sm_util = 0.5;
  EXPECT_EQ(nanos(op), 2000 + 4500 * 2 + 2 * 11'000);
  // The same, all of it FP32 work: half of the lanes at half the clock take 22 us a block.
  op.flop_fp32 = 70'400'000;
  EXPECT_EQ(nanos(op), 2000 + 4500 * 2 + 2 * 22'000);
}

TEST(ScaleProgram, TensorWorkFollowsTheTensorPeakOfThePrecision) {
  Op op = kernel(100);
  op.sm_util = 0.5;
  op.flop_tensor = 1'408'000'000; // 5.5 us at 2.56 TFLOP/s an SM
  GpuSpec to = gpu_b();
  to.peak.bf16_flops = 32e12; // 0.64 TFLOP/s an SM: 22 us a block
  EXPECT_EQ(scaled(op, gpu_a(), to, "bf16").duration, 2000 + 4500 * 2 + 2 * 22'000);
  // A target without such units does it on its FP32 lanes: 32 GFLOP/s an SM.
  to.peak.bf16_flops = 0;
  EXPECT_EQ(scaled(op, gpu_a(), to, "bf16").duration, 2000 + 4500 * 2 + 2 * 440'000);
}

TEST(ScaleProgram, DramTrafficFollowsTheBandwidth) {
  Op op = kernel(100);
  op.dram_read_bytes = 4'000'000;
  op.dram_write_bytes = 1'500'000; // 5.5 us on A, 11 us on B
  op.dram_util = 0.5;
  const Op on_b = scaled(op, gpu_a(), gpu_b());
  EXPECT_EQ(on_b.duration, 2000 + 4500 * 2 + 11'000);
  EXPECT_NEAR(on_b.dram_util, 11'000.0 / 22'000.0, 1e-9);
  EXPECT_EQ(on_b.boundness, Boundness::unknown); // 50 % of each
}

TEST(ScaleProgram, InputsThatTheSmallerL2CannotHoldComeFromDram) {
  Op op = kernel(100);
  op.dram_read_bytes = 500'000;
  op.dram_write_bytes = 5'000'000; // 5.5 us on A
  op.dram_util = 0.5;
  op.flop_fp32 = 10'000'000;
  op.evidence = "ai=1.00<=knee=12.80"; // 10 MB from cold caches
  const Op on_b = scaled(op, gpu_a(), gpu_b());
  EXPECT_EQ(on_b.duration, 2000 + 4500 * 2 + 30'000);
  EXPECT_EQ(on_b.dram_read_bytes, 10'000'000);
  EXPECT_EQ(on_b.boundness, Boundness::memory);
  EXPECT_EQ(on_b.evidence, "ai=1.00<=knee=3.20");
  // 1 MB of inputs may well be waiting in 6 MB of L2.
  op.evidence = "ai=10.00<=knee=12.80";
  op.dram_write_bytes = 4'500'000;
  EXPECT_EQ(scaled(op, gpu_a(), gpu_b()).dram_read_bytes, 500'000);
}

TEST(ScaleProgram, WithoutCountersTheClassDecides) {
  Op op = kernel(100);
  op.sm_util = op.dram_util = kUnknown;
  op.dram_read_bytes = op.dram_write_bytes = -1;
  EXPECT_EQ(nanos(op), 2000 + 10'000 * 2);
  op.boundness = Boundness::memory;
  EXPECT_EQ(nanos(op), 11'000 * 2);
  op.boundness = Boundness::compute;
  EXPECT_EQ(nanos(op), 11'000 * 2 * 2);
  EXPECT_EQ(scaled(op, gpu_a(), gpu_b()).boundness, Boundness::compute);
  EXPECT_EQ(scaled(op, gpu_a(), gpu_b()).sm_util, kUnknown);
}

TEST(ScaleProgram, CopiesKeepTheirSetUpAndFollowTheLink) {
  Op copy;
  copy.kind = OpKind::copy_h2d;
  copy.bytes = 200'000; // 10 us at 20 GB/s
  copy.duration = copy.duration_p25 = copy.duration_p75 = 12'000;
  EXPECT_EQ(nanos(copy), 2000 + 20'000);
  copy.kind = OpKind::copy_d2d;
  copy.bytes = 5'000'000; // read and written: 10 us on A
  EXPECT_EQ(nanos(copy), 2000 + 1000 * 2 + 20'000);
  copy.kind = OpKind::memset;
  EXPECT_EQ(nanos(copy), 2000 + 6000 * 2 + 10'000);
  copy.kind = OpKind::host;
  EXPECT_EQ(nanos(copy), 12'000);
}

TEST(ScaleProgram, ABlockThatIsTooLargeBecomesOnePerSm) {
  const GpuSpec v100 = v100_for_test();
  Op op = kernel(132);
  op.block.x = 384;
  op.registers = 168;
  op.smem_dynamic = 200 * 1024;
  op.cluster = 2;
  op.evidence = "no counters";
  op.sm_util = op.dram_util = kUnknown;
  EXPECT_THROW(blocks_per_sm(v100, op), InputError);
  const Op derived = scaled(op, h200_for_test(), v100, "bf16");
  EXPECT_EQ(blocks_per_sm(v100, derived), 1U);
  EXPECT_EQ(derived.smem_static + derived.smem_dynamic, 96U * 1024);
  EXPECT_EQ(derived.cluster, 1U);
  EXPECT_EQ(derived.evidence, "no counters; smem 204800>98304: as one block per SM");
}

TEST(ScaleProgram, IsLabelledDerivedAndForgetsWhatWasMeasuredElsewhere) {
  Program program = small_program();
  program.header_json =
      R"({"solo":{"latency_ns":5,"latency_p25_ns":4},"provenance":{"torch":"2.11"}})";
  const Program derived = scale_program(program, h200_for_test(), v100_for_test());
  EXPECT_EQ(derived.gpu, "v100-16");
  EXPECT_EQ(derived.label, Label::derived);
  EXPECT_EQ(derived.solo_latency, 0);
  const auto header =
      nlohmann::json::parse(parse_program(render_program(derived), "x").header_json);
  EXPECT_FALSE(header["solo"].contains("latency_p25_ns"));
  EXPECT_EQ(header["provenance"]["torch"], "2.11");
  EXPECT_EQ(header["provenance"]["derived_from"]["gpu"], "h200");
  EXPECT_EQ(header["provenance"]["derived_from"]["solo"]["latency_p25_ns"], 4);
}

TEST(ScaleProgram, TheSameGpuReturnsTheProgramUnchanged) {
  const Program program = small_program();
  EXPECT_EQ(render_program(scale_program(program, h200_for_test(), h200_for_test())),
            render_program(program));
}

Op random_kernel() {
  Op op = random_op();
  op.kind = OpKind::kernel;
  op.block = {*rc::gen::inRange(1U, 1025U), 1, 1};
  op.grid = {*rc::gen::inRange(1U, 5000U), 1, 1};
  op.registers = *rc::gen::inRange(0U, 65U);
  op.smem_static = 0;
  op.smem_dynamic = *rc::gen::inRange(0U, 90'000U);
  op.dram_read_bytes = *rc::gen::inRange<std::int64_t>(-1, 100'000'000);
  op.dram_write_bytes = *rc::gen::inRange<std::int64_t>(-1, 100'000'000);
  op.flop_fp32 = *rc::gen::inRange<std::int64_t>(0, 1'000'000'000);
  return op;
}

RC_GTEST_PROP(ScaleProgram, ATwinUnderAnotherNameKeepsEveryDuration, ()) {
  const Op op = random_kernel();
  GpuSpec twin = h200_for_test();
  twin.id = "twin";
  RC_ASSERT(scaled(op, h200_for_test(), twin).duration == op.duration);
}

// A better GPU is never slower.
RC_GTEST_PROP(ScaleProgram, IsMonotoneInWhatTheTargetHas, ()) {
  const Op op = random_kernel();
  const GpuSpec from = h200_for_test();
  const GpuSpec to = v100_for_test();
  const Nanos before = scaled(op, from, to).duration;
  GpuSpec better = to;
  better.memory.bandwidth *= *rc::gen::inRange(10, 40) / 10.0;
  RC_ASSERT(scaled(op, from, better).duration <= before);
  better = to;
  better.sm.count += *rc::gen::inRange(0U, 100U);
  // The tensor peak is the whole GPU's; more SMs must not dilute it.
  better.peak.bf16_flops *= better.sm.count / static_cast<double>(to.sm.count);
  RC_ASSERT(scaled(op, from, better).duration <= before);
  better = to;
  better.sm.clock_mhz += *rc::gen::inRange(0, 1000);
  RC_ASSERT(scaled(op, from, better).duration <= before);
  better = to;
  better.sm.fp32_lanes *= 2;
  RC_ASSERT(scaled(op, from, better).duration <= before);
}

} // namespace
} // namespace cotenant
