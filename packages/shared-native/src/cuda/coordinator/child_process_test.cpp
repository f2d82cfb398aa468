#include <csignal>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/temporary_folder_for_test.h"
#include "cuda/coordinator/child_process.h"
#include "cuda/coordinator/process_identity.h"

namespace cotenant::cuda {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Command shell(const std::string& script) {
  Command command;
  command.arguments = {"sh", "-c", script};
  return command;
}

std::string next_line(ChildProcess& child) {
  for (int i = 0; i < 500; ++i) {
    const bool talks = child.pump();
    if (auto line = child.take_line()) {
      return *line;
    }
    if (!talks) {
      break;
    }
    ChildProcess::wait_for_any({&child}, milliseconds(20));
  }
  return "(nothing)";
}

bool runs(pid_t pid) {
  return ProcessIdentity::of(pid).has_value();
}

bool ends_soon(pid_t pid) {
  for (int i = 0; i < 200 && runs(pid); ++i) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  return !runs(pid);
}

TEST(ChildProcess, AnswersOnDescriptorThreeWhatItReads) {
  ChildProcess child(shell("while read line; do echo noise; echo \"<$line>\" >&3; done"));
  EXPECT_TRUE(child.send("one"));
  EXPECT_EQ(next_line(child), "<one>");
  EXPECT_TRUE(child.send("two"));
  EXPECT_EQ(next_line(child), "<two>");
  EXPECT_TRUE(child.end(seconds(5)));
  EXPECT_EQ(child.ending(), "exit status 0");
  EXPECT_EQ(child.diagnostics(), "noise\nnoise");
}

TEST(ChildProcess, TheEnvironmentIsOursWithChanges) {
  ::setenv("COTENANT_TEST_KEPT", "kept", 1);
  ::setenv("COTENANT_TEST_GONE", "gone", 1);
  ::setenv("COTENANT_TEST_NEW", "old", 1);
  Command command = shell("echo $COTENANT_TEST_KEPT,$COTENANT_TEST_GONE,$COTENANT_TEST_NEW >&3");
  command.set = {{"COTENANT_TEST_NEW", "new"}};
  command.unset = {"COTENANT_TEST_GONE"};
  ChildProcess child(command);
  EXPECT_EQ(next_line(child), "kept,,new");
}

TEST(ChildProcess, NoDescriptorOfOursReachesIt) {
  ChildProcess first(shell("read line"));
  ChildProcess second(shell("ls /proc/self/fd | wc -l >&3"));
  EXPECT_EQ(next_line(second), "5") << "0, 1, 2, 3 and the folder that ls reads";
}

TEST(ChildProcess, ManyChildrenLeaveNeitherZombiesNorDescriptors) {
  const auto descriptors = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  };
  const auto before = descriptors();
  for (int i = 0; i < 20; ++i) {
    const ChildProcess child(shell(i % 2 == 0 ? "exit 0" : "sleep 100"));
  }
  EXPECT_EQ(descriptors(), before);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "no child is left";
}

TEST(ChildProcess, ItsOwnChildrenEndWithIt) {
  pid_t grandchild = 0;
  {
    ChildProcess child(shell("sleep 100 & echo $! >&3; wait"));
    grandchild = std::stoi(next_line(child));
    EXPECT_TRUE(runs(grandchild));
  }
  EXPECT_TRUE(ends_soon(grandchild));
}

TEST(ChildProcess, WhatItStartedEndsEvenIfItEndedItself) {
  ChildProcess child(shell("sleep 100 >/dev/null 2>&1 3>&- & echo $! >&3"));
  const pid_t grandchild = std::stoi(next_line(child));
  EXPECT_TRUE(child.end(seconds(5)));
  EXPECT_TRUE(ends_soon(grandchild));
}

TEST(ChildProcess, IgnoredSignalsDoNotHelp) {
  ChildProcess child(shell("trap '' TERM INT HUP; echo ready >&3; sleep 100; sleep 100"));
  EXPECT_EQ(next_line(child), "ready");
  EXPECT_FALSE(child.end(milliseconds(50)));
  child.kill();
  EXPECT_EQ(child.ending(), "signal 9 (Killed)");
}

TEST(ChildProcess, ItDiesWithUs) {
  // A process of our own starts a child, says which, and is killed.
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    ChildProcess child(shell("trap '' TERM; echo ready >&3; sleep 100; sleep 100"));
    next_line(child);
    const pid_t pid = child.pid();
    [[maybe_unused]] const ssize_t told = ::write(ends[1], &pid, sizeof pid);
    ::pause();
    ::_exit(0);
  }
  pid_t child = 0;
  ASSERT_EQ(::read(ends[0], &child, sizeof child), static_cast<ssize_t>(sizeof child));
  EXPECT_TRUE(runs(child));
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  EXPECT_TRUE(ends_soon(child));
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(ChildProcess, WritingToADeadChildIsNoSignal) {
  ChildProcess child(shell("exit 7"));
  EXPECT_EQ(next_line(child), "(nothing)");
  for (int i = 0; i < 100 && child.send("hello"); ++i) {
    std::this_thread::sleep_for(milliseconds(5));
  }
  EXPECT_FALSE(child.send("hello"));
  EXPECT_TRUE(child.end(seconds(5)));
  EXPECT_EQ(child.ending(), "exit status 7");
}

TEST(ChildProcess, ProgramsThatAreNotThereAreNamed) {
  Command command;
  command.arguments = {"no-such-program-anywhere"};
  try {
    const ChildProcess child(command);
    FAIL();
  } catch (const IoError& error) {
    EXPECT_STREQ(error.what(), "no-such-program-anywhere: cannot start: No such file or directory");
  }
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "no zombie is left";
}

TEST(ChildProcess, OfMuchNoiseTheEndIsKept) {
  ChildProcess child(shell("i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done"));
  next_line(child);
  EXPECT_TRUE(child.end(seconds(20)));
  const std::string words = child.diagnostics();
  EXPECT_TRUE(words.ends_with("line 19998\nline 19999")) << words;
  EXPECT_LT(words.size(), 200U);
}

TEST(ChildProcess, AnAnswerWithoutEndIsNotWaitedFor) {
  ChildProcess child(shell("yes | tr -d '\\n' >&3"));
  for (int i = 0; i < 5000 && child.pump(); ++i) {
    ChildProcess::wait_for_any({&child}, milliseconds(20));
  }
  EXPECT_FALSE(child.pump());
  EXPECT_NE(child.diagnostics().find("without end"), std::string::npos);
}

TEST(RunCommand, GivesStatusAndOutput) {
  const CommandResult result =
      run_command(shell("read x; echo got $x; exit 4"), "this", seconds(5));
  EXPECT_EQ(result.status, 4);
  EXPECT_EQ(result.output, "got this");
  EXPECT_EQ(run_command(shell("sleep 100"), "", milliseconds(50)).status, std::nullopt);
}

TEST(RunCommand, LeavesADaemonRunning) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "pid";
  Command command = shell("sleep 100 >/dev/null 2>&1 & echo $! > " + file.string());
  command.leaves_daemon = true;
  EXPECT_EQ(run_command(command, "", seconds(5)).status, 0);
  const pid_t daemon = std::stoi(read_file(file));
  EXPECT_TRUE(runs(daemon));
  ::kill(daemon, SIGKILL);
}

TEST(ProcessStat, NamesMayHoldAnything) {
  const std::string rest = " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 987654 0";
  EXPECT_EQ(parse_process_stat("42 (name)" + rest)->start_time, 987654U);
  EXPECT_EQ(parse_process_stat("42 (a ) b (c)" + rest)->start_time, 987654U);
  EXPECT_EQ(parse_process_stat("42 (name)" + rest)->state, 'S');
  EXPECT_FALSE(parse_process_stat("42 (name) S 1 2"));
  EXPECT_FALSE(parse_process_stat(""));
}

TEST(ProcessIdentity, IsOfOneProcessOnly) {
  const auto self = ProcessIdentity::of(::getpid());
  ASSERT_TRUE(self);
  EXPECT_TRUE(self->alive());
  EXPECT_FALSE((ProcessIdentity{.pid = self->pid, .start_time = self->start_time + 1}.alive()));
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(0);
  }
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);
  EXPECT_FALSE(ProcessIdentity::of(child)) << "a zombie";
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(ProcessIdentity::of(child));
}

} // namespace
} // namespace cotenant::cuda
