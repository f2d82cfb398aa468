// A child process with a way to talk to it, whose end is never left to chance.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace cotenant::cuda {

/// What to start. The environment is ours, less `unset`, with `set`.
struct Command {
  std::vector<std::string> arguments; ///< the first is the program, looked up on the PATH
  std::vector<std::pair<std::string, std::string>> set;
  std::vector<std::string> unset;
  /// The child keeps off so many cores, counted from the last one: threads that bind themselves to the
  /// last core they may use then do not meet those of its siblings.
  std::size_t cores_spared = 0;
  bool leaves_daemon = false; ///< what it leaves running when it ends is meant to go on
};

/// Our end of a channel to a child. Closed when it goes.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    reset();
    fd_ = std::exchange(other.fd_, -1);
    return *this;
  }
  ~FileDescriptor() { reset(); }

  void reset();
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool open() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// A child that reads lines on its standard input and writes lines on descriptor 3. What it writes to
/// standard output and error is diagnostics, of which the end is kept.
///
/// The child leads a process group of its own, so that a terminal's Ctrl-C does not reach it and all
/// that it started can be ended with it. It is killed when the thread that started it ends, however
/// that comes about. The destructor kills the group and waits for the child: no zombie stays.
///
/// One thread at a time. Throws IoError when the machine refuses (no memory, no such program).
class ChildProcess {
 public:
  explicit ChildProcess(const Command& command);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// Writes `line` and a line end. False if the child has closed its end, which it does by dying.
  [[nodiscard]] bool send(std::string_view line);

  /// Takes in whatever the child has written so far. False once its answers have ended.
  bool pump();

  /// The next whole answer that pump() has taken in.
  std::optional<std::string> take_line();

  /// Lets pump() wait: returns when one of the children has something to say, or after `limit`.
  static void wait_for_any(const std::vector<ChildProcess*>& children,
                           std::chrono::milliseconds limit);

  /// Closes the child's standard input and waits for it to end; false if it has not by then.
  [[nodiscard]] bool end(std::chrono::milliseconds limit);

  /// Kills the whole group and waits. Safe to call again.
  void kill();

  /// How the child ended, in words: "exit status 3", "signal 9 (Killed)"; empty while it runs.
  [[nodiscard]] std::string ending();

  /// Exit status, or 128 + signal, once it has ended.
  [[nodiscard]] std::optional<int> exit_status() const;

  /// The last of what the child wrote to standard output and error: at most a few lines.
  [[nodiscard]] std::string diagnostics() const;

  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  /// Waits for the child if it has ended; true then.
  bool reap();

  pid_t pid_ = -1;
  bool leaves_daemon_ = false;
  std::optional<int> status_; ///< as waitpid() gives it, once it has been waited for
  FileDescriptor input_;
  FileDescriptor answers_;
  FileDescriptor output_;
  std::string pending_; ///< answers taken in, not yet handed out
  std::string tail_;    ///< diagnostics
};

/// Runs a command to its end with `input` on its standard input. Returns what it wrote to standard
/// output and error, and its exit status; no status if it did not end within `limit` (it is killed).
struct CommandResult {
  std::optional<int> status; ///< exit status, or 128 + signal
  std::string output;
};
CommandResult run_command(const Command& command, std::string_view input,
                          std::chrono::milliseconds limit);

} // namespace cotenant::cuda
