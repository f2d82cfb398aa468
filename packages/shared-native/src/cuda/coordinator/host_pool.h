// The hosts of a batch: started when a plan needs them, kept with their programs for the next plan.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cuda/coordinator/host_process.h"
#include "cuda/coordinator/mps_daemon.h"

namespace cotenant::cuda {

/// Which process a client runs in.
struct HostKey {
  enum class Kind : std::uint8_t {
    plain,    ///< a context of its own; the first one also serves the systems of one process
    mps,      ///< a client of the MPS daemon
    mps_high, ///< the same, of higher client priority than mps_low
    mps_low,
  };
  Kind kind = Kind::plain;
  std::size_t slot = 0; ///< hosts of a kind that run at the same time differ in this

  auto operator<=>(const HostKey&) const = default;
  [[nodiscard]] bool under_mps() const { return kind != Kind::plain; }
  [[nodiscard]] std::string name() const;
};

/// A host and what it must have loaded.
struct HostNeed {
  HostKey key;
  std::set<std::string> programs;
};

struct HostPoolOptions {
  Command host;               ///< how to start one
  std::string mps_control;    ///< program name of the MPS control daemon
  std::string gpu_uuid;       ///< the GPU that is locked: a host on another one is refused
  std::int64_t gpu_bytes = 0; ///< its memory
  std::function<std::int64_t(const std::string&)> program_bytes; ///< peak of a program
  std::function<void()> tick;                  ///< called while waiting; ends the wait by throwing
  std::function<void(const std::string&)> say; ///< told what is worth a line of output
};

class HostPool {
 public:
  explicit HostPool(HostPoolOptions options);
  ~HostPool();
  HostPool(const HostPool&) = delete;
  HostPool& operator=(const HostPool&) = delete;

  /// Makes the hosts ready: starts those that do not run, all at once, and has programs loaded, side by
  /// side. Where the GPU's memory would not hold it, hosts that are not needed now are ended. Starts the
  /// MPS daemon if a host needs it. Throws HostFailure; hosts that failed are gone afterwards. What has
  /// been refused once (MPS, a program that does not match) is refused at once from then on. A program
  /// that fails to load into a host that has others is tried once more in a new one.
  void prepare(const std::vector<HostNeed>& needs);

  /// All of these are ready already.
  [[nodiscard]] bool prepared(const std::vector<HostNeed>& needs) const;

  /// REQUIRES: prepared, and not discarded since.
  HostProcess& host(const HostKey& key);

  /// What the host said in its hello. Same requirement.
  [[nodiscard]] const HostHello& hello(const HostKey& key) const;

  /// There is an MPS daemon, and it has died.
  [[nodiscard]] bool daemon_died() const { return daemon_ && !daemon_->alive(); }

  /// After a failed run: drops hosts that are lost. Under MPS, where clients share a server and a fault
  /// of one may reach all, the other hosts and the daemon go too.
  void clean_up(const std::vector<HostNeed>& used);

  /// Ends everything: hosts, then the daemon. Returns what is left running, for a message; else empty.
  /// `at_once`: hosts are not asked, but killed.
  std::string shut_down(bool at_once);

 private:
  struct Entry {
    std::unique_ptr<HostProcess> process;
    HostHello hello;
    std::map<std::string, std::int64_t> programs; ///< loaded, with their bytes
    std::uint64_t last_use = 0;
    bool greeted = false;
  };

  void attempt(const std::vector<HostNeed>& needs);
  void make_room(const std::vector<HostNeed>& needs);
  void start_missing(const std::vector<HostNeed>& needs);
  void greet(const std::vector<HostNeed>& needs);
  void load(const std::vector<HostNeed>& needs);
  void remember_refusal(const std::string& program, const std::exception_ptr& error);
  [[nodiscard]] std::int64_t bytes_held() const;
  [[nodiscard]] std::int64_t bytes_wanted(const std::vector<HostNeed>& needs) const;
  [[nodiscard]] Command command_for(const HostKey& key) const;
  void end(const HostKey& key);
  void drop_lost();
  std::string end_daemon();

  HostPoolOptions options_;
  std::map<HostKey, Entry> hosts_;
  std::unique_ptr<MpsDaemon> daemon_;
  std::uint64_t uses_ = 0;
  std::string mps_refused_;                    ///< why MPS cannot be had here; empty: not known
  std::map<std::string, std::string> refused_; ///< programs that did not load, with the reason
};

} // namespace cotenant::cuda
