// A host: a process that owns one CUDA context, holds live programs and runs plans' clients on them.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cuda/client_streams.h"
#include "cuda/driver.h"
#include "cuda/live_program.h"
#include "run/catalog.h"

namespace cotenant::cuda {

inline constexpr int kHostProtocol = 1;

/// The GPU of the current context, as answers and summaries show it.
nlohmann::ordered_json present_gpu(const Driver& driver);

/// Answers the commands of the host protocol (docs/host-protocol.md) that need no framework. The
/// context that is current when a host is made is the one it works in.
class Host {
 public:
  Host(const Driver& driver, std::filesystem::path data);
  ~Host();

  /// A captured graph as the program `id`; it must outlive the host. Throws InputError that names
  /// the op where graph and recorded program differ.
  void add_graph(const std::string& id, Graph graph);

  /// The program `id` as generated kernels, calibrated on this GPU.
  void add_synthetic(const std::string& id);

  /// Answers one command. Never throws: failures are answers with "ok": false.
  [[nodiscard]] std::string answer(const std::string& request);

 private:
  nlohmann::ordered_json dispatch(const nlohmann::json& request);

  const Driver& driver_;
  Context context_ = nullptr;
  ClientStreams streams_;
  Catalog catalog_;
  std::map<std::string, LiveProgram> programs_;
};

} // namespace cotenant::cuda
