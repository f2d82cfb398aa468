// What a host answers, checked: a host is another program, and may say anything.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "sim/simulation.h"

namespace cotenant::cuda {

/// Why a host could not do what it was asked.
enum class HostFault : std::uint8_t {
  input,    ///< the request is wrong: a program that does not match, a bad plan; the host goes on
  device,   ///< the GPU refused or broke; the host's context is lost
  watchdog, ///< an op did not complete; the host's context is lost
  interrupted, ///< it was told to stop
  unavailable, ///< what it needs is not on this machine: a GPU, PyTorch
  lost,        ///< it died, fell silent, or said something that is no answer
};

class HostFailure : public std::runtime_error {
 public:
  HostFailure(HostFault fault, const std::string& message)
      : std::runtime_error(message), fault_(fault) {}
  [[nodiscard]] HostFault fault() const { return fault_; }

  /// After such a failure the host must not be used again.
  [[nodiscard]] bool host_is_lost() const {
    return fault_ == HostFault::device || fault_ == HostFault::watchdog ||
           fault_ == HostFault::lost;
  }

 private:
  HostFault fault_;
};

/// Answer to "hello".
struct HostHello {
  std::string uuid;           ///< of the GPU
  nlohmann::ordered_json gpu; ///< as the host describes it
  nlohmann::ordered_json software;
};

/// Answer to "pace".
struct HostPace {
  std::vector<double> period; ///< ns, by stream
  bool late = false;          ///< the host was not ready in time
};

HostPace read_pace(const nlohmann::ordered_json& answer);

/// One client of a RunResult.
struct HostClient {
  std::size_t client = 0; ///< index in the plan
  ClientTotals totals;
  nlohmann::ordered_json matched;           ///< how well synthetic kernels match; null for others
  std::optional<std::string> output_sha256; ///< of the client's output, where it was asked for
};

/// Answer to "run".
struct HostRun {
  std::vector<HostClient> clients;
  Nanos duration = 0;
  nlohmann::ordered_json counters; ///< what else the host says: launches, decision times
};

/// One line of a host as an object with "ok": true. Throws HostFailure: of the kind and with the text
/// that the host gives, or `lost` for a line that is no answer. Messages are one line.
nlohmann::ordered_json parse_answer(std::string_view line);

/// Throw HostFailure (lost) for an answer that lacks something or has it of the wrong kind.
HostHello read_hello(const nlohmann::ordered_json& answer);
HostRun read_run(const nlohmann::ordered_json& answer, const std::vector<std::size_t>& clients);

/// `text` on one line: line breaks become "; ", other control characters blanks.
std::string on_one_line(std::string_view text);

} // namespace cotenant::cuda
