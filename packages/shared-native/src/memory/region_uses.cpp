#include "memory/region_uses.h"

#include <algorithm>
#include <numeric>

namespace cotenant {
namespace {

/// Uses by region and time, those of a region that overlap or touch joined.
std::vector<RegionUse> joined(std::vector<RegionUse> uses) {
  std::sort(uses.begin(), uses.end(), [](const RegionUse& a, const RegionUse& b) {
    return a.region != b.region ? a.region < b.region : a.first < b.first;
  });
  std::vector<RegionUse> result;
  for (const RegionUse& use : uses) {
    if (!result.empty() && result.back().region == use.region &&
        use.first <= result.back().last + 1) {
      result.back().last = std::max(result.back().last, use.last);
    } else {
      result.push_back(use);
    }
  }
  return result;
}

/// Regions in rows of ops: `op_of` says which row a use belongs to.
template <typename OpOf>
void fill_rows(const std::vector<RegionUse>& uses, std::uint32_t ops, OpOf op_of,
               std::vector<std::uint32_t>& values, std::vector<std::uint32_t>& rows) {
  rows.assign(std::size_t{ops} + 1, 0);
  for (const RegionUse& use : uses) {
    ++rows[op_of(use) + 1];
  }
  std::partial_sum(rows.begin(), rows.end(), rows.begin());
  values.resize(uses.size());
  std::vector<std::uint32_t> next = rows;
  for (const RegionUse& use : uses) {
    values[next[op_of(use)]++] = use.region;
  }
}

} // namespace

RegionUses::RegionUses(const std::vector<Tensor>& tensors, const Layout& layout, std::int64_t bytes,
                       std::uint32_t ops)
    : ops_(ops) {
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::int64_t end = layout.offsets[i] + tensors[i].bytes;
    for (std::int64_t region = layout.offsets[i] / bytes; region * bytes < end; ++region) {
      uses_.push_back({.region = static_cast<std::uint32_t>(region),
                       .first = tensors[i].first,
                       .last = tensors[i].last});
    }
  }
  uses_ = joined(std::move(uses_));
  regions_ = uses_.empty() ? 0 : uses_.back().region + 1;
  fill_rows(
      uses_, ops, [](const RegionUse& use) { return use.first; }, begins_, begin_rows_);
  fill_rows(
      uses_, ops, [](const RegionUse& use) { return use.last; }, ends_, end_rows_);
}

std::vector<std::uint32_t> RegionUses::held(std::uint32_t ahead) const {
  // A use is taken when its first op is launched: up to `ahead` - 1 ops before that one is at the front.
  std::vector<RegionUse> early = uses_;
  for (RegionUse& use : early) {
    use.first -= std::min(use.first, ahead - 1);
  }
  std::vector<std::int64_t> change(std::size_t{ops_} + 1, 0);
  for (const RegionUse& use : joined(std::move(early))) {
    ++change[use.first];
    --change[use.last + 1];
  }
  std::vector<std::uint32_t> result(ops_);
  std::int64_t held = 0;
  for (std::uint32_t op = 0; op < ops_; ++op) {
    held += change[op];
    result[op] = static_cast<std::uint32_t>(held);
  }
  return result;
}

} // namespace cotenant
