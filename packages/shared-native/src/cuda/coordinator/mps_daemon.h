// An MPS control daemon that belongs to us from start to end.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cuda/coordinator/child_process.h"
#include "cuda/coordinator/process_identity.h"

namespace cotenant::cuda {

/// Starts `nvidia-cuda-mps-control -d` with pipe and log folders of its own below the temporary folder,
/// so that no other daemon of the machine is met or disturbed, and ends it: `quit`, wait, then a check
/// by pid and start time that daemon and servers are gone; those that are not are killed, these very
/// processes and no others. Nothing of the GPU's settings is changed.
///
/// A small process of our own, the keeper, starts the daemon, ends it when it is told to or when we are
/// gone without having done so, and takes over what the daemon leaves behind, so that no zombie stays where
/// process 1 does not care for orphans.
class MpsDaemon {
 public:
  /// `control` is the program, looked up on the PATH. Throws HostFailure (unavailable) with the reason
  /// when MPS cannot be had here.
  explicit MpsDaemon(std::string control);
  ~MpsDaemon();
  MpsDaemon(const MpsDaemon&) = delete;
  MpsDaemon& operator=(const MpsDaemon&) = delete;

  /// What a client process needs in its environment.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> environment() const;

  /// The control daemon still runs.
  [[nodiscard]] bool alive() const { return daemon_.alive(); }

  /// Daemon and servers as they are now.
  [[nodiscard]] std::vector<ProcessIdentity> processes() const;

  /// Ends all of it. REQUIRES: no client runs any more. Returns what could not be ended, for a message;
  /// empty if nothing is left. Safe to call again.
  std::string stop();

  [[nodiscard]] pid_t pid() const { return daemon_.pid; }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

 private:
  /// The control program, which reads one command; or starts the daemon when given the option for it.
  [[nodiscard]] Command control(const char* option = nullptr) const;
  void start_keeper();
  [[noreturn]] void keep(int channel);
  void start_daemon();
  [[nodiscard]] std::string stop_processes(bool by_keeper) const;
  void remove_folder() const;

  std::string control_;
  std::filesystem::path folder_;
  ProcessIdentity daemon_;
  pid_t keeper_ = -1;
  FileDescriptor channel_; ///< to the keeper; closed by our death, which is its sign
};

} // namespace cotenant::cuda
