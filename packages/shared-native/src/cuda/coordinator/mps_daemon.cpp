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
#include <sstream>
#include <sys/prctl.h>
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
constexpr seconds kQuitLimit{10};
constexpr seconds kTermLimit{3};
constexpr milliseconds kLook{20};

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

/// Lets go of zombies among processes that have become our children.
void reap(const std::vector<ProcessIdentity>& processes) {
  for (const ProcessIdentity& process : processes) {
    ::waitpid(process.pid, nullptr, WNOHANG);
  }
}

bool all_gone(const std::vector<ProcessIdentity>& processes) {
  reap(processes);
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
    start();
    start_guardian();
  } catch (...) {
    stop_processes();
    remove_folder();
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

void MpsDaemon::start() {
  // The daemon leaves its parent; as the nearest reaper we get it back when it ends, wherever process 1
  // does not care for orphans.
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
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
  const std::string pid = contents(folder_ / "pipe" / "nvidia-cuda-mps-control.pid");
  std::optional<ProcessIdentity> daemon =
      ProcessIdentity::of(static_cast<pid_t>(std::atol(pid.c_str())));
  if (!daemon || pid.empty()) {
    const std::vector<ProcessIdentity> ours = processes();
    daemon = ours.empty() ? std::nullopt : std::optional(ours.front());
  }
  if (!daemon) {
    unavailable("the daemon answers, but its process cannot be found");
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

/// The guardian: sleeps until we tell it that all is well, or until we are gone.
void MpsDaemon::start_guardian() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw IoError(fmt::format("cannot start a process: {}", std::strerror(errno)));
  }
  guardian_ = ::fork();
  if (guardian_ < 0) {
    ::close(ends[0]);
    ::close(ends[1]);
    throw IoError(fmt::format("cannot start a process: {}", std::strerror(errno)));
  }
  if (guardian_ > 0) {
    ::close(ends[0]);
    guardian_input_ = ends[1];
    return;
  }
  ::setsid();
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) {
    ::signal(signal, SIG_IGN);
  }
  // Ours alone: whatever else the parent had open (a lock, channels to hosts) ends with the parent.
  const int sign = ::fcntl(ends[0], F_DUPFD, 100);
  ::syscall(SYS_close_range, 3U, static_cast<unsigned>(sign - 1), 0U);
  ::syscall(SYS_close_range, static_cast<unsigned>(sign + 1), ~0U, 0U);
  const int nowhere = ::open("/dev/null", O_RDWR);
  for (int fd = 0; fd < 3; ++fd) {
    ::dup2(nowhere, fd);
  }
  char byte = 0;
  ssize_t got = 0;
  do {
    got = ::read(sign, &byte, 1);
  } while (got < 0 && errno == EINTR);
  if (got == 0) { // our parent has died, and the hosts with it
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    std::this_thread::sleep_for(seconds(1));
    try {
      stop_processes();
      remove_folder();
    } catch (...) { // nobody is left to tell
    }
  }
  ::_exit(0);
}

std::string MpsDaemon::stop_processes() const {
  const std::vector<ProcessIdentity> ours = processes();
  if (all_gone(ours)) {
    return "";
  }
  try {
    // Without a time: the daemon waits for clients, and there are none.
    run_command(control(), "quit", kCommandLimit);
  } catch (const IoError&) { // the program has gone from the PATH; signals remain
  }
  const auto gone = [&] { return all_gone(ours); };
  if (!wait_until(kQuitLimit, gone)) {
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
  const std::string left = stop_processes();
  if (guardian_ > 0) {
    const char well = 'q';
    [[maybe_unused]] const ssize_t told = ::write(guardian_input_, &well, 1);
    ::close(guardian_input_);
    ::waitpid(guardian_, nullptr, 0);
    guardian_ = -1;
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
