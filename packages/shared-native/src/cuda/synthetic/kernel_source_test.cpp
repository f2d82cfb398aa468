#include <gtest/gtest.h>
#include <vector>

#include "cuda/synthetic/kernel_source.h"
#include "cuda/synthetic/work.h"

namespace cotenant::cuda::synthetic {
namespace {

TEST(KernelSource, GivesEveryVariantAKernelOfItsOwn) {
  const std::vector<Variant> variants{variant_for(64, 0), variant_for(64, 2112),
                                      variant_for(255, 16)};
  const std::string text = kernel_source(variants);
  EXPECT_NE(text.find("__maxnreg__(64) cotenant_r64_s0(const Work w)"), std::string::npos);
  EXPECT_NE(text.find("__maxnreg__(64) cotenant_r64_s2112(const Work w)"), std::string::npos);
  EXPECT_NE(text.find("__maxnreg__(255) cotenant_r255_s16(const Work w)"), std::string::npos);
  EXPECT_NE(text.find(" cotenant_hold(unsigned long long ns)"), std::string::npos);
  EXPECT_NE(text.find(" cotenant_empty(const Work w)"), std::string::npos);
  EXPECT_EQ(text.find("#include"), std::string::npos) << "the run-time compiler has no headers";
}

TEST(KernelSource, TellsKernelsOfTheSameArgumentsThatTheHostFills) {
  const std::string text = kernel_source({});
  std::size_t at = text.find("struct Work {");
  ASSERT_NE(at, std::string::npos);
  const auto next = [&](const std::string& member) {
    const std::size_t found = text.find(member, at);
    EXPECT_NE(found, std::string::npos) << member;
    at = found;
  };
  next("unsigned long long source;");
  next("unsigned long long epoch;");
  next("unsigned int row_mask;");
  next("unsigned int never;");
  EXPECT_LT(at, text.find("};"));
}

TEST(KernelSource, EveryLoopEnds) {
  // Kernels loop over their arguments only; the helper that waits has a deadline.
  const std::string text = kernel_source(std::vector{variant_for(32, 0)});
  EXPECT_EQ(text.find("while (true)"), std::string::npos);
  EXPECT_EQ(text.find("for (;;)"), std::string::npos);
  EXPECT_NE(text.find("while (now - begin < ns)"), std::string::npos);
}

TEST(VariantShape, SpendsRegistersOnAccumulators) {
  const VariantShape small = variant_shape(variant_for(32, 0));
  const VariantShape large = variant_shape(variant_for(168, 0));
  EXPECT_EQ(large.limit, 168U);
  EXPECT_GT(large.accumulators, 100U);
  EXPECT_LT(large.accumulators + 16, 168U) << "room for rows in flight";
  EXPECT_EQ(large.passes, 1U);
  EXPECT_GE(small.accumulators * small.passes, 16U) << "the loop costs little beside its body";
  EXPECT_LT(small.together, large.together);
}

TEST(VariantShape, SharesKernelsThatTheCompilerCannotTellApart) {
  EXPECT_EQ(variant_for(10, 0), variant_for(18, 0));
  EXPECT_EQ(variant_for(0, 0), variant_for(kFewestRegisters, 0)) << "not recorded";
  EXPECT_NE(variant_for(30, 0), variant_for(31, 0));
  EXPECT_EQ(variant_for(400, 0).registers, 255U);
}

} // namespace
} // namespace cotenant::cuda::synthetic
