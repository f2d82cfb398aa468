// A plan's clients on the GPU of this process.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cuda/client_streams.h"
#include "cuda/driver.h"
#include "cuda/live_program.h"
#include "run/catalog.h"

namespace cotenant::cuda {

/// One "run" command of the host protocol.
struct RunRequest {
  std::filesystem::path plan;
  std::vector<std::size_t> clients; ///< those of the plan that this process runs
  std::filesystem::path shared;     ///< SharedRun of all processes of the run
  std::string records;              ///< rows go to <records>.<client>.csv
  bool pin = true;                  ///< bind launching threads to a core each
  Nanos watchdog = 20 * kSecond;
  Nanos time_limit = kNever; ///< in place of the plan's
  /// By client here: which of the streams that it may have (StreamKey::spare); 0 for the first.
  std::vector<std::size_t> spares;
  /// High-priority requests, warm-up included, whose ops are timed on the GPU: rows
  /// launch,op,elapsed_ns go to <records>.<client>.ops.csv.
  std::size_t timed_requests = 0;
};

/// Throws InputError that names the field.
RunRequest parse_run_request(const nlohmann::json& request);

/// Runs to the end of the shared run. Throws InputError for a plan or program that does not fit,
/// Stuck and DeviceError for what happens on the GPU.
nlohmann::ordered_json run_clients(const Driver& driver, Context context,
                                   ClientStreams& client_streams, Catalog& catalog,
                                   const std::map<std::string, LiveProgram>& programs,
                                   const RunRequest& request);

} // namespace cotenant::cuda
