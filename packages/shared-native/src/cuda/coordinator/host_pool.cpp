#include "cuda/coordinator/host_pool.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <utility>

namespace cotenant::cuda {
namespace {

using nlohmann::ordered_json;

/// A context with a framework's libraries and workspaces, beside its programs.
constexpr std::int64_t kHostBytes = std::int64_t{3} << 29U;

/// Share of the GPU's memory that hosts may fill: allocators round up.
constexpr double kFillable = 0.9;

/// A daemon of somebody else's that a plain host would join without being asked.
bool foreign_daemon() {
  const char* named = std::getenv("CUDA_MPS_PIPE_DIRECTORY");
  std::error_code failed;
  return named != nullptr || std::filesystem::exists("/tmp/nvidia-mps/control", failed);
}

} // namespace

std::string HostKey::name() const {
  static constexpr const char* kNames[] = {"plain", "MPS", "MPS high-priority", "MPS low-priority"};
  return fmt::format("{} host {}", kNames[static_cast<std::size_t>(kind)], slot);
}

HostPool::HostPool(HostPoolOptions options) : options_(std::move(options)) {}

HostPool::~HostPool() {
  shut_down(true);
}

Command HostPool::command_for(const HostKey& key) const {
  Command command = options_.host;
  command.cores_spared = key.slot;
  command.unset.insert(command.unset.end(),
                       {"CUDA_MPS_ACTIVE_THREAD_PERCENTAGE", "CUDA_MPS_CLIENT_PRIORITY",
                        "CUDA_MPS_PINNED_DEVICE_MEM_LIMIT", "CUDA_MPS_LOG_DIRECTORY",
                        "CUDA_MPS_PIPE_DIRECTORY"});
  if (key.under_mps()) {
    for (auto& variable : daemon_->environment()) {
      command.set.push_back(std::move(variable));
    }
    if (key.kind != HostKey::Kind::mps) {
      command.set.emplace_back("CUDA_MPS_CLIENT_PRIORITY",
                               key.kind == HostKey::Kind::mps_high ? "0" : "1");
    }
  } else if (foreign_daemon()) {
    command.set.emplace_back("CUDA_MPS_PIPE_DIRECTORY", "/nonexistent/no-mps");
  }
  return command;
}

void HostPool::prepare(const std::vector<HostNeed>& needs) {
  drop_lost();
  if (daemon_ && !daemon_->alive()) {
    end_daemon();
  }
  const bool in_use = std::any_of(needs.begin(), needs.end(), [&](const HostNeed& need) {
    const auto found = hosts_.find(need.key);
    return found != hosts_.end() && !found->second.programs.empty();
  });
  try {
    attempt(needs);
  } catch (const HostFailure& failure) {
    // A library may fail beside what the process has done before, and not in a process of its own.
    if (failure.fault() != HostFault::device || !in_use) {
      throw;
    }
    options_.say(fmt::format("{}; once more, in new processes", failure.what()));
    for (const HostNeed& need : needs) {
      if (hosts_.contains(need.key)) {
        end(need.key);
      }
    }
    attempt(needs);
  }
  for (const HostNeed& need : needs) {
    hosts_.at(need.key).last_use = ++uses_;
  }
}

void HostPool::attempt(const std::vector<HostNeed>& needs) {
  try {
    make_room(needs);
    start_missing(needs);
    greet(needs);
    load(needs);
  } catch (...) {
    clean_up(needs);
    throw;
  }
}

std::int64_t HostPool::bytes_held() const {
  std::int64_t sum = 0;
  for (const auto& [key, entry] : hosts_) {
    sum += kHostBytes;
    for (const auto& [program, bytes] : entry.programs) {
      sum += bytes;
    }
  }
  return sum;
}

/// What `needs` adds to what is held.
std::int64_t HostPool::bytes_wanted(const std::vector<HostNeed>& needs) const {
  std::int64_t sum = 0;
  for (const HostNeed& need : needs) {
    const auto found = hosts_.find(need.key);
    sum += found == hosts_.end() ? kHostBytes : 0;
    for (const std::string& program : need.programs) {
      const bool loaded = found != hosts_.end() && found->second.programs.contains(program);
      sum += loaded ? 0 : options_.program_bytes(program);
    }
  }
  return sum;
}

/// Ends hosts, the longest unused first and those that are needed now last, until the rest fits. A plan
/// that does not fit alone is refused before it comes here, or else by the driver.
void HostPool::make_room(const std::vector<HostNeed>& needs) {
  const auto limit = static_cast<std::int64_t>(kFillable * static_cast<double>(options_.gpu_bytes));
  const auto needed = [&](const HostKey& key) {
    return std::any_of(needs.begin(), needs.end(),
                       [&](const HostNeed& need) { return need.key == key; });
  };
  while (bytes_held() + bytes_wanted(needs) > limit && !hosts_.empty()) {
    const auto victim =
        std::min_element(hosts_.begin(), hosts_.end(), [&](const auto& a, const auto& b) {
          return std::pair(needed(a.first), a.second.last_use) <
                 std::pair(needed(b.first), b.second.last_use);
        });
    end(victim->first);
  }
}

void HostPool::start_missing(const std::vector<HostNeed>& needs) {
  const bool mps = std::any_of(needs.begin(), needs.end(),
                               [](const HostNeed& need) { return need.key.under_mps(); });
  if (mps && !mps_refused_.empty()) {
    throw HostFailure(HostFault::unavailable, mps_refused_);
  }
  if (mps && !daemon_) {
    try {
      daemon_ = std::make_unique<MpsDaemon>(options_.mps_control);
    } catch (const HostFailure& failure) {
      mps_refused_ = failure.what();
      throw;
    }
  }
  for (const HostNeed& need : needs) {
    if (!hosts_.contains(need.key)) {
      auto process = std::make_unique<HostProcess>(need.key.name(), command_for(need.key));
      process->request({{"do", "hello"}}, "starting", kHelloLimit);
      hosts_[need.key].process = std::move(process);
    }
  }
}

void HostPool::greet(const std::vector<HostNeed>& needs) {
  std::vector<HostProcess*> processes;
  std::vector<Entry*> entries;
  for (const HostNeed& need : needs) {
    Entry& entry = hosts_.at(need.key);
    if (!entry.greeted) {
      processes.push_back(entry.process.get());
      entries.push_back(&entry);
    }
  }
  const std::vector<HostReply> replies = await_replies(processes, options_.tick);
  throw_failure(replies);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    entries[i]->hello = read_hello(replies[i].answer);
    if (entries[i]->hello.uuid != options_.gpu_uuid) {
      throw HostFailure(HostFault::lost,
                        fmt::format("{}: is on {}; expected {}, the GPU that is locked",
                                    entries[i]->process->name(), entries[i]->hello.uuid,
                                    options_.gpu_uuid));
    }
    entries[i]->greeted = true;
  }
}

/// One program a host at a time, all hosts at once.
void HostPool::load(const std::vector<HostNeed>& needs) {
  for (const HostNeed& need : needs) {
    for (const std::string& program : need.programs) {
      if (const auto found = refused_.find(program); found != refused_.end()) {
        throw HostFailure(HostFault::input, found->second);
      }
    }
  }
  for (;;) {
    std::vector<HostProcess*> processes;
    std::vector<std::pair<Entry*, std::string>> loading;
    for (const HostNeed& need : needs) {
      Entry& entry = hosts_.at(need.key);
      const auto missing =
          std::find_if(need.programs.begin(), need.programs.end(), [&](const std::string& program) {
            return !entry.programs.contains(program);
          });
      if (missing != need.programs.end()) {
        entry.process->request({{"do", "load"}, {"program", *missing}}, "loading " + *missing,
                               kLoadLimit);
        processes.push_back(entry.process.get());
        loading.emplace_back(&entry, *missing);
      }
    }
    if (loading.empty()) {
      return;
    }
    const std::vector<HostReply> replies = await_replies(processes, options_.tick);
    for (std::size_t i = 0; i < loading.size(); ++i) {
      const auto& [entry, program] = loading[i];
      if (!replies[i].error) {
        entry->programs[program] = options_.program_bytes(program);
      } else {
        remember_refusal(program, replies[i].error);
      }
    }
    throw_failure(replies);
  }
}

void HostPool::remember_refusal(const std::string& program, const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const HostFailure& failure) {
    if (failure.fault() == HostFault::input) {
      refused_[program] = failure.what();
    }
  } catch (...) { // not the program's fault
  }
}

bool HostPool::prepared(const std::vector<HostNeed>& needs) const {
  return std::all_of(needs.begin(), needs.end(), [&](const HostNeed& need) {
    const auto found = hosts_.find(need.key);
    return found != hosts_.end() && found->second.greeted && found->second.process->usable() &&
           std::all_of(need.programs.begin(), need.programs.end(), [&](const std::string& program) {
             return found->second.programs.contains(program);
           });
  });
}

HostProcess& HostPool::host(const HostKey& key) {
  return *hosts_.at(key).process;
}

const HostHello& HostPool::hello(const HostKey& key) const {
  return hosts_.at(key).hello;
}

void HostPool::clean_up(const std::vector<HostNeed>& used) {
  const bool mps = std::any_of(used.begin(), used.end(),
                               [](const HostNeed& need) { return need.key.under_mps(); });
  for (const HostNeed& need : used) {
    const auto found = hosts_.find(need.key);
    if (found != hosts_.end() && (!found->second.greeted || found->second.process->busy())) {
      found->second.process->kill();
    }
  }
  const bool lost = std::any_of(hosts_.begin(), hosts_.end(), [](const auto& host) {
    return host.first.under_mps() && !host.second.process->usable();
  });
  drop_lost();
  if (mps && (lost || (daemon_ && !daemon_->alive()))) {
    end_daemon();
  }
}

void HostPool::end(const HostKey& key) {
  const auto found = hosts_.find(key);
  found->second.process->quit(kQuitLimit);
  hosts_.erase(found);
}

void HostPool::drop_lost() {
  std::erase_if(hosts_, [](const auto& host) { return !host.second.process->usable(); });
}

/// The daemon waits for its clients, so they go first.
std::string HostPool::end_daemon() {
  std::erase_if(hosts_, [](const auto& host) { return host.first.under_mps(); });
  std::string left = daemon_ ? daemon_->stop() : "";
  daemon_.reset();
  return left;
}

std::string HostPool::shut_down(bool at_once) {
  for (auto& [key, entry] : hosts_) {
    if (!at_once) {
      entry.process->quit(kQuitLimit);
    }
  }
  hosts_.clear();
  return end_daemon();
}

} // namespace cotenant::cuda
