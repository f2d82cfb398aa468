// Which regions of memory a job needs during which of its ops. A region is what jobs pass on to each other,
// whole; a job needs one from the first op that uses anything in it to the last.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "memory/layout.h"

namespace cotenant {

/// Ops `first` to `last` use something in region `region`.
struct RegionUse {
  std::uint32_t region = 0;
  std::uint32_t first = 0;
  std::uint32_t last = 0;
};

class RegionUses {
 public:
  RegionUses() = default;
  /// `tensors` as they are laid out, cut in regions of `bytes`; of a program of `ops` ops.
  RegionUses(const std::vector<Tensor>& tensors, const Layout& layout, std::int64_t bytes,
             std::uint32_t ops);

  [[nodiscard]] std::uint32_t regions() const { return regions_; }
  /// Regions whose use begins with op `op`, or ends with its completion.
  [[nodiscard]] std::span<const std::uint32_t> begin_with(std::uint32_t op) const {
    return row(begins_, begin_rows_, op);
  }
  [[nodiscard]] std::span<const std::uint32_t> end_with(std::uint32_t op) const {
    return row(ends_, end_rows_, op);
  }

  /// Per op: the most regions held from its start to the next op's, if up to `ahead` ops are in flight, itself
  /// among them.
  [[nodiscard]] std::vector<std::uint32_t> held(std::uint32_t ahead) const;

 private:
  static std::span<const std::uint32_t> row(const std::vector<std::uint32_t>& values,
                                            const std::vector<std::uint32_t>& rows,
                                            std::uint32_t op) {
    return std::span(values).subspan(rows[op], rows[op + 1] - rows[op]);
  }

  std::uint32_t ops_ = 0;
  std::uint32_t regions_ = 0;
  std::vector<RegionUse> uses_;       ///< by region, then in time; they neither overlap nor touch
  std::vector<std::uint32_t> begins_; ///< regions, by op of the begin
  std::vector<std::uint32_t> begin_rows_;
  std::vector<std::uint32_t> ends_; ///< regions, by op of the end
  std::vector<std::uint32_t> end_rows_;
};

} // namespace cotenant
