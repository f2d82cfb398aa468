// Layouts and regions: tensors that live at the same time lie apart, and no region is needed without a tensor in it.
#include <algorithm>
#include <gtest/gtest.h>
#include <set>

#include "memory/random_trace_for_test.h"
#include "memory/region_uses.h"

namespace cotenant {
namespace {

constexpr std::uint32_t kOps = 20;

std::vector<Tensor> random_tensors(std::uint64_t seed) {
  std::mt19937_64 words(seed);
  return tensors_of(testing::random_trace(words, kOps, 1000), kOps, 0).ephemeral;
}

TEST(Layout, BestFitReusesWhatWasFreed) {
  const std::vector<Tensor> tensors = {
      {.first = 0, .last = 0, .bytes = 10}, {.first = 0, .last = 9, .bytes = 5},
      {.first = 0, .last = 1, .bytes = 6},  {.first = 0, .last = 9, .bytes = 5},
      {.first = 2, .last = 9, .bytes = 6},  {.first = 3, .last = 9, .bytes = 11}};
  const Layout layout = lay_out(tensors);
  EXPECT_EQ(layout.offsets, (std::vector<std::int64_t>{0, 10, 15, 21, 15, 26}));
  EXPECT_EQ(layout.extent, 37);
}

TEST(Layout, TensorsThatLiveAtTheSameTimeLieApart) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto tensors = random_tensors(seed);
    const Layout layout = lay_out(tensors);
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      ASSERT_GE(layout.offsets[i], 0);
      ASSERT_LE(layout.offsets[i] + tensors[i].bytes, layout.extent);
      for (std::size_t k = 0; k < i; ++k) {
        const bool together =
            tensors[i].first <= tensors[k].last && tensors[k].first <= tensors[i].last;
        const bool apart = layout.offsets[i] + tensors[i].bytes <= layout.offsets[k] ||
                           layout.offsets[k] + tensors[k].bytes <= layout.offsets[i];
        ASSERT_TRUE(!together || apart) << "seed " << seed << ": " << i << " and " << k;
      }
    }
  }
}

/// Regions that something lies in during ops `from` to `to`.
std::set<std::int64_t> touched(const std::vector<Tensor>& tensors, const Layout& layout,
                               std::int64_t bytes, std::uint32_t from, std::uint32_t to) {
  std::set<std::int64_t> regions;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].first <= to && from <= tensors[i].last) {
      for (std::int64_t byte = layout.offsets[i]; byte < layout.offsets[i] + tensors[i].bytes;
           ++byte) {
        regions.insert(byte / bytes);
      }
    }
  }
  return regions;
}

TEST(RegionUses, HeldAreTheRegionsWithAnythingInThem) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto tensors = random_tensors(seed);
    const Layout layout = lay_out(tensors);
    const RegionUses uses(tensors, layout, 300, kOps);
    for (const std::uint32_t ahead : {1U, 3U, 100U}) {
      const auto held = uses.held(ahead);
      for (std::uint32_t op = 0; op < kOps; ++op) {
        ASSERT_EQ(held[op],
                  touched(tensors, layout, 300, op, std::min(op + ahead - 1, kOps - 1)).size())
            << "seed " << seed << ", op " << op << ", ahead " << ahead;
      }
    }
  }
}

TEST(RegionUses, EveryUseThatBeginsEnds) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto tensors = random_tensors(seed);
    const RegionUses uses(tensors, lay_out(tensors), 300, kOps);
    std::multiset<std::uint32_t> open;
    for (std::uint32_t op = 0; op < kOps; ++op) {
      for (const std::uint32_t region : uses.begin_with(op)) {
        EXPECT_LT(region, uses.regions());
        EXPECT_EQ(open.count(region), 0U);
        open.insert(region);
      }
      for (const std::uint32_t region : uses.end_with(op)) {
        ASSERT_EQ(open.erase(region), 1U);
      }
    }
    EXPECT_TRUE(open.empty());
  }
}

} // namespace
} // namespace cotenant
