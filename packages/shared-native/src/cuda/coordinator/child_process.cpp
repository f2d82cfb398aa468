#include "cuda/coordinator/child_process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/error.h"

namespace cotenant::cuda {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kTailBytes = 4096;
constexpr std::size_t kTailLines = 6;
constexpr std::size_t kLongestAnswer = std::size_t{1} << 24U;
constexpr auto kKillLimit = std::chrono::seconds(20);
constexpr int kAnswerDescriptor = 3;
constexpr int kFirstFree = 16; ///< our ends stay clear of the numbers that the child uses

[[noreturn]] void fail(std::string_view what, int error) {
  throw IoError(fmt::format("{}: {}", what, std::strerror(error)));
}

/// Moves a descriptor out of the way of 0 to 3 and closes the original.
FileDescriptor lifted(int fd) {
  const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, kFirstFree);
  const int error = errno;
  ::close(fd);
  if (moved < 0) {
    fail("cannot start a process", error);
  }
  return FileDescriptor(moved);
}

struct Channel {
  FileDescriptor read;
  FileDescriptor write;
};

Channel make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    fail("cannot start a process", errno);
  }
  return {lifted(ends[0]), lifted(ends[1])};
}

/// A socket, since writing to a pipe whose reader has died raises a signal.
Channel make_input() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    fail("cannot start a process", errno);
  }
  return {lifted(ends[0]), lifted(ends[1])};
}

std::vector<std::string> environment_of(const Command& command) {
  const auto is_ours = [&](std::string_view entry) {
    const std::string_view name = entry.substr(0, entry.find('='));
    const auto named = [&](const auto& pair) { return pair.first == name; };
    return std::any_of(command.set.begin(), command.set.end(), named) ||
           std::find(command.unset.begin(), command.unset.end(), name) != command.unset.end();
  };
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!is_ours(*entry)) {
      result.emplace_back(*entry);
    }
  }
  for (const auto& [name, value] : command.set) {
    result.push_back(name + "=" + value);
  }
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) {
    result.push_back(text.data());
  }
  result.push_back(nullptr);
  return result;
}

/// The cores that we may use, less the last `spared`; none if that leaves no two.
std::optional<cpu_set_t> cores_without(std::size_t spared) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (spared == 0 || ::sched_getaffinity(0, sizeof cores, &cores) != 0 ||
      static_cast<std::size_t>(CPU_COUNT(&cores)) < spared + 2) {
    return std::nullopt;
  }
  for (int core = CPU_SETSIZE - 1; core >= 0 && spared > 0; --core) {
    if (CPU_ISSET(core, &cores)) {
      CPU_CLR(core, &cores);
      --spared;
    }
  }
  return cores;
}

struct ChildEnds {
  int input;
  int output;
  int answers;
  int failure; ///< told errno when the program cannot be started; closed by a successful start
  const std::optional<cpu_set_t>& cores;
};

/// Runs in the child: only calls that are safe after a fork.
[[noreturn]] void become(const ChildEnds& ends, pid_t parent, char** arguments,
                         char** environment) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) { // it died before we asked to be told
    ::_exit(127);
  }
  if (ends.cores) {
    ::sched_setaffinity(0, sizeof(cpu_set_t), &*ends.cores);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) {
    ::signal(signal, SIG_DFL);
  }
  const bool placed = ::dup2(ends.input, 0) >= 0 && ::dup2(ends.output, 1) >= 0 &&
                      ::dup2(ends.output, 2) >= 0 && ::dup2(ends.answers, kAnswerDescriptor) >= 0;
  // Descriptors that others left open without marking them would keep their files locked in here.
  ::syscall(SYS_close_range, kAnswerDescriptor + 1, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
  if (placed) {
    ::execvpe(arguments[0], arguments, environment);
  }
  const int error = errno;
  [[maybe_unused]] const ssize_t told = ::write(ends.failure, &error, sizeof error);
  ::_exit(127);
}

/// Takes in what is there. False at the end of the stream.
template <typename Take> bool drain(const FileDescriptor& from, const Take& take) {
  std::array<char, 16384> buffer{};
  for (;;) {
    const ssize_t got = ::read(from.get(), buffer.data(), buffer.size());
    if (got > 0) {
      take(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
    } else if (got == 0) {
      return false;
    } else if (errno != EINTR) {
      return errno == EAGAIN;
    }
  }
}

} // namespace

void FileDescriptor::reset() {
  if (fd_ >= 0) {
    ::close(std::exchange(fd_, -1));
  }
}

ChildProcess::ChildProcess(const Command& command) : leaves_daemon_(command.leaves_daemon) {
  Channel input = make_input();
  Channel answers = make_pipe();
  Channel output = make_pipe();
  Channel failure = make_pipe();
  std::vector<std::string> arguments = command.arguments;
  std::vector<std::string> environment = environment_of(command);
  const std::vector<char*> argument_list = pointers(arguments);
  const std::vector<char*> environment_list = pointers(environment);
  const std::optional<cpu_set_t> cores = cores_without(command.cores_spared);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) {
    fail(fmt::format("{}: cannot start", command.arguments.front()), errno);
  }
  if (pid_ == 0) {
    become({.input = input.read.get(),
            .output = output.write.get(),
            .answers = answers.write.get(),
            .failure = failure.write.get(),
            .cores = cores},
           parent, const_cast<char**>(argument_list.data()),
           const_cast<char**>(environment_list.data()));
  }
  failure.write.reset();
  int error = 0;
  ssize_t got = 0;
  do {
    got = ::read(failure.read.get(), &error, sizeof error);
  } while (got < 0 && errno == EINTR);
  if (got == sizeof error) {
    kill();
    fail(fmt::format("{}: cannot start", command.arguments.front()), error);
  }
  input_ = std::move(input.write);
  answers_ = std::move(answers.read);
  output_ = std::move(output.read);
  ::fcntl(answers_.get(), F_SETFL, O_NONBLOCK);
  ::fcntl(output_.get(), F_SETFL, O_NONBLOCK);
}

ChildProcess::~ChildProcess() {
  kill();
}

bool ChildProcess::send(std::string_view line) {
  std::string message(line);
  message += '\n';
  std::string_view rest = message;
  while (!rest.empty()) {
    const ssize_t sent = ::send(input_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

bool ChildProcess::pump() {
  if (output_.open()) {
    const bool more = drain(output_, [&](std::string_view text) {
      tail_ += text;
      if (tail_.size() > 2 * kTailBytes) {
        tail_.erase(0, tail_.size() - kTailBytes);
      }
    });
    if (!more) {
      output_.reset();
    }
  }
  if (!answers_.open()) {
    return false;
  }
  bool more = drain(answers_, [&](std::string_view text) {
    if (pending_.size() < kLongestAnswer) {
      pending_ += text;
    }
  });
  if (pending_.size() >= kLongestAnswer && pending_.find('\n') == std::string::npos) {
    tail_ += "\n(an answer without end)";
    more = false;
  }
  if (!more) {
    answers_.reset();
  }
  return more;
}

std::optional<std::string> ChildProcess::take_line() {
  const std::size_t end = pending_.find('\n');
  if (end == std::string::npos) {
    return std::nullopt;
  }
  std::string line = pending_.substr(0, end);
  pending_.erase(0, end + 1);
  return line;
}

void ChildProcess::wait_for_any(const std::vector<ChildProcess*>& children,
                                std::chrono::milliseconds limit) {
  std::vector<pollfd> watched;
  for (const ChildProcess* child : children) {
    for (const FileDescriptor* descriptor : {&child->answers_, &child->output_}) {
      if (descriptor->open()) {
        watched.push_back({.fd = descriptor->get(), .events = POLLIN, .revents = 0});
      }
    }
  }
  ::poll(watched.data(), watched.size(), static_cast<int>(limit.count()));
}

bool ChildProcess::reap() {
  if (status_ || pid_ < 0) {
    return true;
  }
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT | WNOHANG) != 0) {
    if (errno != EINTR) {
      status_ = 0; // somebody else has waited for it
      return true;
    }
  }
  if (info.si_pid == 0) {
    return false;
  }
  // While the child is not waited for, nobody else can have its number, nor its group's.
  if (!leaves_daemon_) {
    ::kill(-pid_, SIGKILL);
  }
  int status = 0;
  ::waitpid(pid_, &status, 0);
  status_ = status;
  return true;
}

bool ChildProcess::end(std::chrono::milliseconds limit) {
  input_.reset();
  const auto deadline = Clock::now() + limit;
  while (!reap()) {
    pump();
    if (Clock::now() >= deadline) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  pump();
  return true;
}

void ChildProcess::kill() {
  if (reap()) {
    return;
  }
  ::kill(-pid_, SIGKILL);
  ::kill(pid_, SIGKILL); // should it have had no time to make its group
  // A process inside a driver call dies when the call returns. One that never returns is not waited
  // for without end: it is the machine's, and its parent's end will pass it on.
  const auto deadline = Clock::now() + kKillLimit;
  while (!reap() && Clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

std::string ChildProcess::ending() {
  if (!reap() || !status_) {
    return "";
  }
  if (WIFSIGNALED(*status_)) {
    const int signal = WTERMSIG(*status_);
    return fmt::format("signal {} ({})", signal, ::strsignal(signal));
  }
  return fmt::format("exit status {}", WEXITSTATUS(*status_));
}

std::optional<int> ChildProcess::exit_status() const {
  if (!status_) {
    return std::nullopt;
  }
  return WIFSIGNALED(*status_) ? 128 + WTERMSIG(*status_) : WEXITSTATUS(*status_);
}

std::string ChildProcess::diagnostics() const {
  std::string_view text = tail_;
  if (text.size() > kTailBytes) {
    text.remove_prefix(text.size() - kTailBytes);
  }
  while (!text.empty() && text.back() == '\n') {
    text.remove_suffix(1);
  }
  std::size_t begin = text.size();
  for (std::size_t lines = 0; lines < kTailLines && begin != std::string_view::npos; ++lines) {
    begin = begin == 0 ? std::string_view::npos : text.rfind('\n', begin - 1);
  }
  return std::string(begin == std::string_view::npos ? text : text.substr(begin + 1));
}

CommandResult run_command(const Command& command, std::string_view input,
                          std::chrono::milliseconds limit) {
  ChildProcess child(command);
  CommandResult result;
  if (!input.empty()) {
    [[maybe_unused]] const bool read = child.send(input);
  }
  if (child.end(limit)) {
    result.status = child.exit_status();
  }
  result.output = child.diagnostics();
  return result;
}

} // namespace cotenant::cuda
