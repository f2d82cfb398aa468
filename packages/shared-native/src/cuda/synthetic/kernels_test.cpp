#include <gtest/gtest.h>

#include "cuda/synthetic/fake_gpu_for_test.h"
#include "cuda/synthetic/kernels.h"

namespace cotenant::cuda::synthetic {
namespace {

Op kernel(std::uint32_t registers, std::uint32_t blocks_per_sm, std::uint32_t shared_static = 0) {
  Op op;
  op.name = "gemm";
  op.grid.x = 132;
  op.block.x = 256;
  op.registers = registers;
  op.smem_static = shared_static;
  op.blocks_per_sm = blocks_per_sm;
  return op;
}

TEST(Kernels, CompilesEachVariantOnce) {
  FakeGpu gpu;
  std::string architecture;
  {
    const std::vector<Op> ops{kernel(64, 4), kernel(64, 4), kernel(10, 8), kernel(12, 8),
                              kernel(64, 4, 2112)};
    const Kernels kernels(gpu.driver, ops, [&](const std::string& source, const std::string& a) {
      architecture = a;
      return source;
    });
    EXPECT_EQ(kernels.count(), 3U);
    EXPECT_EQ(kernels.choose(ops[4]).kernel->variant, variant_for(64, 2112));
  }
  EXPECT_EQ(architecture, "sm_90");
  EXPECT_EQ(gpu.alive, 0);
}

TEST(Kernels, PrefersTheRecordedOccupancyToTheNearestRegisters) {
  FakeGpu gpu;
  // 64 registers allow four blocks of 256 threads; five were recorded, which 48 registers allow.
  const std::vector<Op> ops{kernel(64, 4), kernel(48, 5), kernel(40, 6)};
  const Kernels kernels(gpu.driver, ops, keep_source);
  EXPECT_EQ(kernels.choose(ops[0]).kernel->variant.registers, 64U);
  const KernelChoice choice = kernels.choose(kernel(64, 5));
  EXPECT_EQ(choice.kernel->variant.registers, 48U);
  EXPECT_EQ(choice.blocks_per_sm, 5U);
  EXPECT_EQ(kernels.choose(kernel(64, 3)).kernel->variant.registers, 64U)
      << "no kernel has that occupancy";
  EXPECT_EQ(kernels.choose(kernel(40, 0)).kernel->variant.registers, 40U) << "not recorded";
}

TEST(Kernels, AsksForMuchSharedMemoryAndLargeClusters) {
  FakeGpu gpu;
  std::vector<Op> ops{kernel(64, 1), kernel(128, 1), kernel(32, 1, 16)};
  ops[0].smem_dynamic = 100 * 1024;
  ops[2].cluster = 16;
  const Kernels kernels(gpu.driver, ops, keep_source);
  const auto value = [&](const char* name, int attribute) {
    const auto found = gpu.attributes.find({name, attribute});
    return found == gpu.attributes.end() ? -1 : found->second;
  };
  EXPECT_EQ(value("cotenant_r64_s0", kFunctionMaxDynamicSharedBytes), 100 * 1024);
  EXPECT_EQ(value("cotenant_r128_s0", kFunctionMaxDynamicSharedBytes), 100 * 1024)
      << "it may stand in for the other";
  EXPECT_EQ(value("cotenant_r32_s16", kFunctionMaxDynamicSharedBytes), -1);
  EXPECT_EQ(value("cotenant_r32_s16", kFunctionNonPortableClusters), 1);
}

TEST(Kernels, LetsGoOfAModuleThatLacksAKernel) {
  FakeGpu gpu;
  const std::vector<Op> ops{kernel(64, 4)};
  EXPECT_THROW(Kernels(gpu.driver, ops,
                       [](const std::string&, const std::string&) {
                         return std::string("void cotenant_empty() void cotenant_hold()");
                       }),
               DeviceError);
  EXPECT_EQ(gpu.alive, 0);
}

} // namespace
} // namespace cotenant::cuda::synthetic
