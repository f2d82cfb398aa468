#include "memory/layout.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <queue>
#include <utility>

namespace cotenant {
namespace {

/// Free stretches below `top`, by offset; neighbours are merged.
class Holes {
 public:
  /// Best fit: the smallest hole that is large enough, of equal ones the lowest; else the end.
  std::int64_t take(std::int64_t bytes) {
    auto best = holes_.end();
    for (auto hole = holes_.begin(); hole != holes_.end(); ++hole) {
      if (hole->second >= bytes && (best == holes_.end() || hole->second < best->second)) {
        best = hole;
      }
    }
    if (best == holes_.end()) {
      return std::exchange(top_, top_ + bytes);
    }
    const auto [offset, size] = *best;
    holes_.erase(best);
    if (size > bytes) {
      holes_[offset + bytes] = size - bytes;
    }
    return offset;
  }

  void give_back(std::int64_t offset, std::int64_t bytes) {
    const auto next = holes_.lower_bound(offset);
    if (next != holes_.end() && next->first == offset + bytes) {
      bytes += next->second;
      holes_.erase(next);
    }
    const auto after = holes_.lower_bound(offset);
    if (after != holes_.begin()) {
      const auto before = std::prev(after);
      if (before->first + before->second == offset) {
        offset = before->first;
        bytes += before->second;
        holes_.erase(before);
      }
    }
    if (offset + bytes == top_) {
      top_ = offset;
    } else {
      holes_[offset] = bytes;
    }
  }

  [[nodiscard]] std::int64_t top() const { return top_; }

 private:
  std::map<std::int64_t, std::int64_t> holes_;
  std::int64_t top_ = 0;
};

} // namespace

Layout lay_out(const std::vector<Tensor>& tensors) {
  using End = std::pair<std::uint32_t, std::size_t>; // last op, tensor
  std::priority_queue<End, std::vector<End>, std::greater<>> ends;
  Layout layout;
  Holes holes;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    while (!ends.empty() && ends.top().first < tensors[i].first) {
      const std::size_t ended = ends.top().second;
      ends.pop();
      holes.give_back(layout.offsets[ended], tensors[ended].bytes);
    }
    layout.offsets.push_back(holes.take(tensors[i].bytes));
    layout.extent = std::max(layout.extent, holes.top());
    ends.emplace(tensors[i].last, i);
  }
  return layout;
}

} // namespace cotenant
