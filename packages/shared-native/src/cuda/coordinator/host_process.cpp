#include "cuda/coordinator/host_process.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace cotenant::cuda {
namespace {

using Clock = std::chrono::steady_clock;
using nlohmann::ordered_json;

/// Short enough to see the end of a run soon, long enough not to disturb it.
constexpr std::chrono::milliseconds kTick{50};

bool is_consequence(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const HostFailure& failure) {
    return failure.fault() == HostFault::interrupted;
  } catch (...) {
    return false;
  }
}

} // namespace

HostProcess::HostProcess(std::string name, const Command& command)
    : name_(std::move(name)), child_(command) {}

void HostProcess::request(const ordered_json& request, std::string busy_with,
                          std::chrono::milliseconds limit) {
  busy_ = true;
  busy_with_ = std::move(busy_with);
  deadline_ = Clock::now() + limit;
  // A host that is gone is noticed in poll(), which also has its last words.
  [[maybe_unused]] const bool sent = child_.send(request.dump());
}

std::optional<ordered_json> HostProcess::poll() {
  const bool talks = child_.pump();
  if (const auto line = child_.take_line()) {
    busy_ = false;
    try {
      return parse_answer(*line);
    } catch (const HostFailure& failure) {
      if (failure.host_is_lost()) {
        lose(failure.fault(), failure.what());
      }
      throw HostFailure(failure.fault(),
                        fmt::format("{}: {}: {}", name_, busy_with_, failure.what()));
    }
  }
  if (!talks) {
    // A moment, so that the system can say how it ended.
    const bool ended = child_.end(std::chrono::seconds(1));
    lose(HostFault::lost,
         ended ? fmt::format("the host (pid {}) died with {}", child_.pid(), child_.ending())
               : "the host closed its answers");
  }
  if (Clock::now() >= deadline_) {
    lose(HostFault::lost, fmt::format("the host (pid {}) did not answer in time", child_.pid()));
  }
  return std::nullopt;
}

void HostProcess::hurry(std::chrono::milliseconds limit) {
  deadline_ = std::min(deadline_, Clock::now() + limit);
}

void HostProcess::lose(HostFault fault, const std::string& why) {
  kill();
  std::string message = fmt::format("{}: {}: {}", name_, busy_with_, why);
  if (fault == HostFault::lost) {
    child_.pump();
    if (const std::string words = child_.diagnostics(); !words.empty()) {
      message += fmt::format("; its last words: {}", on_one_line(words));
    }
  }
  throw HostFailure(fault, message);
}

void HostProcess::quit(std::chrono::milliseconds limit) {
  if (usable_ && !busy_) {
    [[maybe_unused]] const bool sent = child_.send(R"({"do":"quit"})");
    if (!child_.end(limit)) {
      kill();
    }
  } else {
    kill();
  }
  usable_ = false;
}

void HostProcess::kill() {
  usable_ = false;
  busy_ = false;
  child_.kill();
}

std::vector<HostReply> await_replies(const std::vector<HostProcess*>& hosts,
                                     const std::function<void()>& tick,
                                     const std::function<void()>& on_failure) {
  std::vector<HostReply> replies(hosts.size());
  std::exception_ptr stopped;
  bool told = false;
  const auto stop_others = [&] {
    if (!std::exchange(told, true)) {
      if (on_failure) {
        on_failure();
      }
      for (HostProcess* host : hosts) {
        host->hurry(kStopLimit);
      }
    }
  };
  for (;;) {
    std::vector<ChildProcess*> waiting;
    for (std::size_t h = 0; h < hosts.size(); ++h) {
      if (!hosts[h]->busy()) {
        continue;
      }
      try {
        if (auto answer = hosts[h]->poll()) {
          replies[h].answer = std::move(*answer);
        } else {
          waiting.push_back(&hosts[h]->child());
        }
      } catch (...) {
        replies[h].error = std::current_exception();
        if (on_failure) {
          stop_others();
        }
      }
    }
    if (waiting.empty()) {
      break;
    }
    ChildProcess::wait_for_any(waiting, kTick);
    if (!stopped) {
      try {
        tick();
      } catch (...) {
        stopped = std::current_exception();
        stop_others();
      }
    }
  }
  if (stopped) {
    std::rethrow_exception(stopped);
  }
  return replies;
}

void throw_failure(const std::vector<HostReply>& replies) {
  std::exception_ptr error;
  for (const HostReply& reply : replies) {
    if (reply.error && (!error || (is_consequence(error) && !is_consequence(reply.error)))) {
      error = reply.error;
    }
  }
  if (error) {
    std::rethrow_exception(error);
  }
}

} // namespace cotenant::cuda
