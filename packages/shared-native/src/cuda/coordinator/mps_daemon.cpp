#include "cuda/coordinator/mps_daemon.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <optional>
#include <poll.h>
#include <sstream>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/error.h"
#include "cuda/coordinator/child_process.h"
#include "cuda/coordinator/host_answer.h"

namespace cotenant::cuda {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kCommandLimit{10}; ///< for one call of the control program
constexpr seconds kStartLimit{10};
constexpr seconds kQuitLimit{5};
constexpr seconds kTermLimit{3};
constexpr seconds kKeeperLimit{60}; ///< more than any of its tasks may take
constexpr milliseconds kLook{20};
constexpr int kKeeperChannel = 100; ///< the only descriptor that the keeper has open

[[noreturn]] void unavailable(const std::string& why) {
  throw HostFailure(HostFault::unavailable, "unavailable: MPS: " + on_one_line(why));
}

template <typename Condition> bool wait_until(Clock::duration limit, const Condition& condition) {
  const auto deadline = Clock::now() + limit;
  while (!condition()) {
    if (Clock::now() >= deadline) {
      return false;
    }
    std::this_thread::sleep_for(kLook);
  }
  return true;
}

std::string contents(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

/// Processes that carry `variable` ("NAME=value") in their environment. The value is a folder name that
/// nobody else has, so whoever carries it was started by us or by what we started.
std::vector<pid_t> carriers_of(const std::string& variable) {
  std::vector<pid_t> found;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator("/proc", failed)) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) {
      continue;
    }
    const std::string environment = '\0' + contents(entry.path() / "environ");
    if (environment.find('\0' + variable + '\0') != std::string::npos) {
      found.push_back(static_cast<pid_t>(std::stol(name)));
    }
  }
  return found;
}

bool all_gone(const std::vector<ProcessIdentity>& processes) {
  return std::none_of(processes.begin(), processes.end(),
                      [](const ProcessIdentity& process) { return process.alive(); });
}

void signal_all(const std::vector<ProcessIdentity>& processes, int signal) {
  for (const ProcessIdentity& process : processes) {
    if (process.alive()) {
      ::kill(process.pid, signal);
    }
  }
}

/// A line from the other side; nothing if it says none within `limit` or has ended.
std::optional<std::string> read_line(int fd, milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  std::string line;
  for (;;) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now());
    pollfd watched{.fd = fd, .events = POLLIN, .revents = 0};
    char byte = 0;
    if (left.count() <= 0 || ::poll(&watched, 1, static_cast<int>(left.count())) < 0) {
      if (left.count() <= 0 || errno != EINTR) {
        return std::nullopt;
      }
    } else if (watched.revents != 0) {
      const ssize_t got = ::read(fd, &byte, 1);
      if (got == 0 || (got < 0 && errno != EINTR)) {
        return std::nullopt;
      }
      if (got > 0 && byte == '\n') {
        return line;
      }
      if (got > 0) {
        line += byte;
      }
    }
  }
}

void write_line(int fd, const std::string& text) {
  const std::string line = text + "\n";
  [[maybe_unused]] const ssize_t sent = ::send(fd, line.data(), line.size(), MSG_NOSIGNAL);
}

} // namespace

MpsDaemon::MpsDaemon(std::string control) : control_(std::move(control)) {
  std::string name = (fs::temp_directory_path() / "cotenant-mps-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw IoError(fmt::format("{}: cannot make a folder: {}", name, std::strerror(errno)));
  }
  folder_ = name;
  fs::create_directory(folder_ / "pipe");
  fs::create_directory(folder_ / "log");
  try {
    start_keeper();
  } catch (...) {
    stop();
    throw;
  }
}

MpsDaemon::~MpsDaemon() {
  stop();
}

std::vector<std::pair<std::string, std::string>> MpsDaemon::environment() const {
  return {{"CUDA_MPS_PIPE_DIRECTORY", (folder_ / "pipe").string()},
          {"CUDA_MPS_LOG_DIRECTORY", (folder_ / "log").string()}};
}

Command MpsDaemon::control(const char* option) const {
  Command command;
  command.arguments = {control_};
  command.set = environment();
  if (option != nullptr) {
    command.arguments.emplace_back(option);
    command.leaves_daemon = true;
  }
  return command;
}

void MpsDaemon::start_daemon() {
  CommandResult started;
  try {
    started = run_command(control("-d"), "", kCommandLimit);
  } catch (const IoError& error) {
    unavailable(error.what());
  }
  if (started.status != 0) {
    unavailable(fmt::format("'{} -d' {}{}{}", control_,
                            started.status ? fmt::format("ended with status {}", *started.status)
                                           : std::string("did not return"),
                            started.output.empty() ? "" : ": ", started.output));
  }
  CommandResult answer;
  const bool answers = wait_until(kStartLimit, [&] {
    answer = run_command(control(), "get_server_list", kCommandLimit);
    return answer.status == 0;
  });
  if (!answers) {
    const std::string log = contents(folder_ / "log" / "control.log");
    unavailable(fmt::format("the daemon does not answer: {} {}", answer.output,
                            log.substr(log.size() > 300 ? log.size() - 300 : 0)));
  }
  std::optional<ProcessIdentity> daemon;
  const bool found = wait_until(kStartLimit, [&] {
    const std::string pid = contents(folder_ / "pipe" / "nvidia-cuda-mps-control.pid");
    daemon = pid.empty() ? std::nullopt : ProcessIdentity::of(std::atoi(pid.c_str()));
    return daemon.has_value();
  });
  if (!found) {
    unavailable("the daemon answers, but has left no process id in its folder");
  }
  daemon_ = *daemon;
}

std::vector<ProcessIdentity> MpsDaemon::processes() const {
  std::vector<ProcessIdentity> found;
  for (const pid_t pid : carriers_of("CUDA_MPS_PIPE_DIRECTORY=" + (folder_ / "pipe").string())) {
    if (const auto process = ProcessIdentity::of(pid)) {
      found.push_back(*process);
    }
  }
  if (daemon_.pid > 0 && std::none_of(found.begin(), found.end(), [&](const auto& process) {
        return process.pid == daemon_.pid;
      })) {
    found.push_back(daemon_);
  }
  return found;
}

void MpsDaemon::start_keeper() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    throw IoError(fmt::format("cannot start a process: {}", std::strerror(errno)));
  }
  channel_ = FileDescriptor(ends[0]);
  FileDescriptor theirs(ends[1]);
  keeper_ = ::fork();
  if (keeper_ < 0) {
    throw IoError(fmt::format("cannot start a process: {}", std::strerror(errno)));
  }
  if (keeper_ == 0) {
    keep(theirs.get());
  }
  theirs.reset();
  const auto answer = read_line(channel_.get(), kKeeperLimit);
  if (!answer) {
    unavailable("the process that starts the daemon does not answer");
  }
  std::istringstream words(*answer);
  if (!(words >> daemon_.pid >> daemon_.start_time)) {
    daemon_ = {};
    throw HostFailure(HostFault::unavailable, *answer);
  }
}

/// The keeper's life, in a process of its own: never returns.
void MpsDaemon::keep(int channel) {
  ::setsid();
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    ::signal(signal, SIG_IGN);
  }
  // Whatever else our parent had open (a lock, channels to hosts) ends with the parent.
  const int ours = ::fcntl(channel, F_DUPFD_CLOEXEC, 3);
  ::dup3(ours, kKeeperChannel, O_CLOEXEC);
  ::syscall(SYS_close_range, 3U, static_cast<unsigned>(kKeeperChannel - 1), 0U);
  ::syscall(SYS_close_range, static_cast<unsigned>(kKeeperChannel + 1), ~0U, 0U);
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < 3; ++fd) {
    ::dup2(nowhere, fd);
  }
  try {
    start_daemon();
    write_line(kKeeperChannel, fmt::format("{} {}", daemon_.pid, daemon_.start_time));
  } catch (const std::exception& error) {
    write_line(kKeeperChannel, on_one_line(error.what()));
  }
  char byte = 0;
  ssize_t got = 0;
  do {
    got = ::read(kKeeperChannel, &byte, 1);
  } while (got < 0 && errno == EINTR);
  const bool orphaned = got <= 0;
  if (orphaned) { // the hosts die with our parent, which takes a moment
    std::this_thread::sleep_for(seconds(1));
  }
  std::string left = "the process that ends the MPS daemon failed";
  try {
    left = stop_processes(true);
    if (orphaned) {
      remove_folder();
    }
  } catch (const std::exception&) { // told as it stands
  }
  write_line(kKeeperChannel, left);
  ::_exit(0);
}

std::string MpsDaemon::stop_processes(bool by_keeper) const {
  const std::vector<ProcessIdentity> ours = processes();
  const auto gone = [&] {
    // What the daemon leaves behind has become the keeper's, which has no other children.
    while (by_keeper && ::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    return all_gone(ours);
  };
  if (gone()) {
    return "";
  }
  bool quits = false;
  if (daemon_.alive()) {
    try {
      // Without a time: the daemon waits for clients, and there are none.
      quits = run_command(control(), "quit", kCommandLimit).status == 0;
    } catch (const IoError&) { // the program has gone from the PATH; signals remain
    }
  }
  if (!quits || !wait_until(kQuitLimit, gone)) {
    signal_all(ours, SIGTERM);
    if (!wait_until(kTermLimit, gone)) {
      signal_all(ours, SIGKILL);
      wait_until(kQuitLimit, gone);
    }
  }
  std::string left;
  for (const ProcessIdentity& process : ours) {
    if (process.alive()) {
      left += fmt::format("{}{}", left.empty() ? "" : ", ", process.pid);
    }
  }
  return left.empty() ? left : "of the MPS daemon there is still: process " + left;
}

std::string MpsDaemon::stop() {
  if (folder_.empty()) {
    return "";
  }
  std::string left;
  if (keeper_ > 0) {
    write_line(channel_.get(), "quit");
    const auto answer = read_line(channel_.get(), kKeeperLimit);
    left = answer ? *answer : stop_processes(false); // somebody has killed the keeper
    channel_.reset();
    ::kill(keeper_, SIGKILL);
    ::waitpid(keeper_, nullptr, 0);
    keeper_ = -1;
  }
  remove_folder();
  folder_.clear();
  return left;
}

void MpsDaemon::remove_folder() const {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

} // namespace cotenant::cuda
