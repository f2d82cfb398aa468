#include <gtest/gtest.h>

#include "base/error.h"
#include "memory/live_bytes.h"
#include "memory/tensors.h"

namespace cotenant {
namespace {

using Trace = std::vector<MemoryEvent>;

MemoryEvent taken(std::uint32_t op, std::uint32_t block, std::int64_t bytes) {
  return {.op = op, .alloc = true, .block = block, .bytes = bytes};
}
MemoryEvent freed(std::uint32_t op, std::uint32_t block, std::int64_t bytes) {
  return {.op = op, .alloc = false, .block = block, .bytes = bytes};
}

TEST(Tensors, LiveFromTheFirstOpBehindTheAllocationToTheLastBeforeTheFree) {
  const Tensors tensors = tensors_of(Trace{taken(1, 0, 100), freed(3, 0, 100)}, 5, 0);
  ASSERT_EQ(tensors.ephemeral.size(), 1U);
  EXPECT_EQ(tensors.ephemeral[0].first, 1U);
  EXPECT_EQ(tensors.ephemeral[0].last, 2U);
  EXPECT_EQ(tensors.ephemeral[0].lifetime(), 2U);
}

TEST(Tensors, WhatNoOpUsesIsNoTensor) {
  EXPECT_TRUE(tensors_of(Trace{taken(2, 0, 100), freed(2, 0, 100)}, 5, 0).ephemeral.empty());
}

TEST(Tensors, WhatIsNeverFreedIsPersistent) {
  const Tensors tensors = tensors_of(Trace{taken(1, 0, 100)}, 5, 7);
  EXPECT_TRUE(tensors.ephemeral.empty());
  EXPECT_EQ(tensors.persistent_bytes, 107);
}

TEST(Tensors, ShortLivedOnesAreToldFromLongLivedOnesByOpsAndSize) {
  const Tensors tensors =
      tensors_of(Trace{taken(0, 0, 1), taken(0, 1, 2), freed(2, 0, 1), freed(3, 1, 2)}, 5, 0);
  const ShortLived most{.ops = 2, .bytes = 1};
  ASSERT_EQ(short_lived(tensors.ephemeral, most).size(), 1U);
  EXPECT_EQ(short_lived(tensors.ephemeral, most)[0].bytes, 1);
  ASSERT_EQ(long_lived(tensors.ephemeral, most).size(), 1U);
  EXPECT_EQ(long_lived(tensors.ephemeral, most)[0].bytes, 2);
  EXPECT_EQ(short_lived(tensors.ephemeral, {.ops = 3, .bytes = 1}).size(), 1U);
  EXPECT_EQ(short_lived(tensors.ephemeral, {.ops = 3, .bytes = 2}).size(), 2U);
}

TEST(Tensors, LiveBytesPeakWhileOpsRunAndFallWhenTheyComplete) {
  const Trace trace{taken(0, 0, 10), taken(1, 1, 20), freed(2, 0, 10), freed(3, 1, 20)};
  const LiveBytes live = live_bytes(tensors_of(trace, 3, 5), 3);
  EXPECT_EQ(live.during, (std::vector<std::int64_t>{15, 35, 25}));
  EXPECT_EQ(live.behind, (std::vector<std::int64_t>{15, 25, 5}));
  EXPECT_EQ(live.peak, 35);
  EXPECT_EQ(live.persistent, 5);
}

void expect_refused(const Trace& trace, const std::string& message) {
  try {
    tensors_of(trace, 5, 0);
    ADD_FAILURE() << "accepted; expected: " << message;
  } catch (const InputError& error) {
    EXPECT_EQ(error.what(), message);
  }
}

TEST(Tensors, TracesThatCannotBeAreRefusedAndNamed) {
  expect_refused({freed(1, 3, 10)},
                 "memory event 0: frees block 3, which was never taken; expected a block that is "
                 "allocated");
  expect_refused({taken(1, 3, 10), taken(2, 3, 10)},
                 "memory event 1: allocates block 3, which is allocated; expected a block that is "
                 "free");
  expect_refused({taken(1, 3, 10), freed(2, 3, 11)},
                 "memory event 1: frees 11 bytes of block 3; expected its 10 bytes");
  expect_refused({taken(2, 3, 10), freed(1, 3, 10)},
                 "memory event 1: is before op 1; expected an op from 2 to 5, in order");
  expect_refused({taken(6, 3, 10)},
                 "memory event 0: is before op 6; expected an op from 0 to 5, in order");
  expect_refused({taken(1, 3, 0)}, "memory event 0: is of 0 bytes; expected at least one");
}

} // namespace
} // namespace cotenant
