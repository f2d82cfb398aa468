#include <gtest/gtest.h>

#include "sim/engine_generator_for_test.h"
#include "sim/placement.h"

namespace cotenant::test {
namespace {

TEST(Placement, SlotsPerSmAreTheBlocksThatFitOnAnEmptySm) {
  EXPECT_TRUE(rc::check([] {
    const GpuSpec gpu = *rc::gen::element(h200_with(132), whole_v100());
    const SmLimits limits(gpu);
    const KernelShape shape = *any_kernel(gpu);
    SmUse use;
    std::uint32_t count = 0;
    for (; fits(limits, use, shape); ++count) {
      use.add(shape, 1);
    }
    RC_ASSERT(count == shape.slots_per_sm);
  }));
}

// The same on an SM whose split another kernel has made larger: a kernel that asks for less than
// the largest split is not limited by shared memory. The fast engine relies on it.
TEST(Placement, ALargerSplitMakesNoMoreSlots) {
  EXPECT_TRUE(rc::check([] {
    const GpuSpec gpu = *rc::gen::element(h200_with(132), whole_v100());
    const KernelShape shape = *any_kernel(gpu);
    SmUse use;
    use.add(shape, 1);
    use.split = gpu.sm.shared_memory;
    RC_ASSERT(room(SmLimits(gpu), use, shape) == shape.slots_per_sm - 1);
  }));
}

TEST(Placement, RoomCountsTheBlocksThatFit) {
  EXPECT_TRUE(rc::check([] {
    const GpuSpec gpu = *rc::gen::element(h200_with(132), whole_v100());
    const SmLimits limits(gpu);
    SmUse use;
    for (const KernelShape& shape :
         *rc::gen::container<std::vector<KernelShape>>(any_kernel(gpu))) {
      if (fits(limits, use, shape)) {
        use.add(shape, *rc::gen::inRange(1U, room(limits, use, shape) + 1));
      }
    }
    const KernelShape shape = *any_kernel(gpu);
    const std::uint32_t expected = room(limits, use, shape);
    std::uint32_t count = 0;
    for (; fits(limits, use, shape); ++count) {
      use.add(shape, 1);
    }
    RC_ASSERT(count == expected);
  }));
}

TEST(Placement, AnSmKeepsItsSplitUntilItIsEmpty) {
  const GpuSpec gpu = h200_with(1);
  const SmLimits limits(gpu);
  const KernelShape small{.threads = 512, .shared_memory = 1024, .split = 8192, .slots_per_sm = 4};
  const KernelShape large{
      .threads = 128, .shared_memory = 17408, .split = 233472, .slots_per_sm = 13};
  SmUse use;
  use.add(small, 2);
  EXPECT_FALSE(fits(limits, use, large));
  use.remove(small, 1);
  EXPECT_FALSE(fits(limits, use, large));
  use.remove(small, 1);
  EXPECT_TRUE(fits(limits, use, large));
  use.add(large, 1);
  EXPECT_TRUE(fits(limits, use, small)) << "a larger split than needed is no obstacle";
}

} // namespace
} // namespace cotenant::test
