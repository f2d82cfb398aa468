// The client configuration of Orion's artifact (launch_jobs.py --config_file), read strictly.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cotenant {

/// Requests that Orion's clients run before their clock starts; counted by num_iters.
inline constexpr std::int64_t kOrionWarmup = 10;

/// One entry of the list. The last entry is the high-priority client.
struct OrionClient {
  std::string where; ///< for messages: "FILE: client 0"
  std::string model; ///< args.model_name of vision models, arch of the others
  bool training = false;
  std::uint32_t batch = 0;
  std::int64_t iterations = 0;                            ///< warm-up included
  double rate = 0;                                        ///< requests per second; 0: closed loop
  bool uniform = false;                                   ///< equal gaps; else exponential ones
  std::optional<std::filesystem::path> gaps_file;         ///< replaces rate and uniform
  std::filesystem::path kernel_file;                      ///< profile of the first iteration
  std::int64_t kernels = 0;                               ///< rows that kernel_file must have
  std::optional<std::filesystem::path> later_kernel_file; ///< profile of all later iterations
  std::int64_t later_kernels = 0;
};

struct OrionConfig {
  std::vector<OrionClient> clients;
  std::vector<std::string> notes; ///< fields that change nothing here, one line each
};

/// Reads a configuration. Relative paths in it start at `folder`. Throws InputError "FILE: client N.field: what
/// is wrong; expected …"; fields that Orion knows and that mean nothing here become notes.
OrionConfig parse_orion_config(std::string_view text, const std::string& source,
                               const std::filesystem::path& folder);

} // namespace cotenant
