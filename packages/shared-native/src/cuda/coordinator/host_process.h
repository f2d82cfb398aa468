// A host as a child process: the coordinator's side of the protocol (docs/host-protocol.md).
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cuda/coordinator/child_process.h"
#include "cuda/coordinator/host_answer.h"

namespace cotenant::cuda {

/// One request is under way at most. Every failure is a HostFailure whose message names the host, what
/// it was busy with, and, where it did not say itself what was wrong, its last words. After a failure
/// that loses the host its process is already dead.
class HostProcess {
 public:
  /// Starts the process; it is not waited for. `name` is for messages. Throws IoError.
  HostProcess(std::string name, const Command& command);

  /// Sends a request. `busy_with` says what the host then does: "loading h200/…". It has `limit` to
  /// answer. A host that is dead is noticed by poll().
  void request(const nlohmann::ordered_json& request, std::string busy_with,
               std::chrono::milliseconds limit);

  /// The answer to the request, if it has come. Does not wait.
  std::optional<nlohmann::ordered_json> poll();

  /// Gives the host `limit` from now to answer, if it had more.
  void hurry(std::chrono::milliseconds limit);

  [[nodiscard]] bool busy() const { return busy_; }
  [[nodiscard]] bool usable() const { return usable_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] pid_t pid() const { return child_.pid(); }
  [[nodiscard]] ChildProcess& child() { return child_; }

  /// Asks the host to end, and kills it if it does not.
  void quit(std::chrono::milliseconds limit);
  void kill();

 private:
  [[noreturn]] void lose(HostFault fault, const std::string& why);

  std::string name_;
  ChildProcess child_;
  bool usable_ = true;
  bool busy_ = false;
  std::string busy_with_;
  std::chrono::steady_clock::time_point deadline_;
};

/// How long hosts may take, beside runs.
inline constexpr std::chrono::seconds kHelloLimit{300}; ///< a framework is read from a cold disk
inline constexpr std::chrono::seconds kLoadLimit{600};  ///< a model is built, kernels are generated
inline constexpr std::chrono::seconds kQuitLimit{10};
inline constexpr std::chrono::seconds kStopLimit{3}; ///< to leave a run that was stopped

/// What came of a request: the answer, or the failure.
struct HostReply {
  nlohmann::ordered_json answer;
  std::exception_ptr error;
};

/// Waits until all hosts have answered or failed; replies are in their order. `tick` is called now and
/// then; when it throws, hosts get kStopLimit to answer, then they are killed, and its exception is
/// thrown. `on_failure`, if given, says that what the hosts do makes no sense without each other: it is
/// called when one of them fails or `tick` throws, to tell the others, which then get kStopLimit too.
std::vector<HostReply> await_replies(const std::vector<HostProcess*>& hosts,
                                     const std::function<void()>& tick,
                                     const std::function<void()>& on_failure = {});

/// Throws the first failure that is not a mere consequence of another (interrupted), if there is one.
void throw_failure(const std::vector<HostReply>& replies);

} // namespace cotenant::cuda
