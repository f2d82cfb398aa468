#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <set>

#include "sim/sm_set.h"

namespace cotenant {
namespace {

SmSet from(const std::set<std::uint32_t>& indices) {
  SmSet set;
  for (const std::uint32_t index : indices) {
    set |= SmSet::range(index, index + 1);
  }
  return set;
}

std::set<std::uint32_t> any_indices() {
  return *rc::gen::container<std::set<std::uint32_t>>(
      rc::gen::resize(100, rc::gen::inRange(0U, kMaxSms)));
}

TEST(SmSet, RangesCrossWords) {
  EXPECT_EQ(SmSet::range(0, 132).count(), 132U);
  EXPECT_EQ(SmSet::range(60, 70).count(), 10U);
  EXPECT_EQ(SmSet::range(64, 64).count(), 0U);
  EXPECT_EQ(SmSet::range(0, 132).lowest(100), SmSet::range(0, 100));
  EXPECT_EQ(SmSet::range(63, 132).lowest(65), SmSet::range(63, 128));
}

TEST(SmSet, BehavesAsASet) {
  EXPECT_TRUE(rc::check([] {
    const auto a = any_indices();
    const auto b = any_indices();
    std::set<std::uint32_t> both = a;
    both.insert(b.begin(), b.end());
    std::set<std::uint32_t> common;
    std::set<std::uint32_t> only_a;
    for (const std::uint32_t index : a) {
      (b.contains(index) ? common : only_a).insert(index);
    }
    SmSet difference = from(a);
    difference -= from(b);
    RC_ASSERT(from(a).count() == a.size());
    RC_ASSERT((from(a) | from(b)) == from(both));
    RC_ASSERT((from(a) & from(b)) == from(common));
    RC_ASSERT(difference == from(only_a));
  }));
}

TEST(SmSet, LowestTakesTheFirst) {
  EXPECT_TRUE(rc::check([] {
    const auto indices = any_indices();
    const auto count = *rc::gen::inRange<std::size_t>(0, indices.size() + 1);
    const std::set<std::uint32_t> first(
        indices.begin(), std::next(indices.begin(), static_cast<std::ptrdiff_t>(count)));
    RC_ASSERT(from(indices).lowest(static_cast<std::uint32_t>(count)) == from(first));
  }));
}

} // namespace
} // namespace cotenant
