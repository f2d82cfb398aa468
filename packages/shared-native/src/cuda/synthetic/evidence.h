// How well the ops of a synthetic program match the recorded ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace cotenant::cuda::synthetic {

/// One op, as recorded and as launched.
struct Match {
  std::size_t op = 0;
  std::string name;
  bool kernel = true;
  double recorded_ns = 0;
  double achieved_ns = 0; ///< measured alone
  std::uint32_t registers_recorded = 0;
  std::uint32_t registers = 0;
  std::uint32_t blocks_per_sm_recorded = 0; ///< 0 = not recorded
  std::uint32_t blocks_per_sm = 0;
  std::uint32_t cluster_recorded = 1;
  std::uint32_t cluster = 1;
  double dram_bytes_recorded = 0;
  double dram_bytes = 0; ///< asked for
};

/// What the whole program took, measured.
struct Replay {
  double stream_ns = 0;   ///< all ops queued ahead in one stream
  double expected_ns = 0; ///< recorded durations and the gaps between launches in a stream
};

/// Counts, errors and the five ops that are the most nanoseconds off.
nlohmann::ordered_json summarize(const std::vector<Match>& matches, const Replay& replay);

} // namespace cotenant::cuda::synthetic
