#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "cuda/coordinator/host_answer.h"
#include "cuda/coordinator/mps_daemon.h"

namespace cotenant::cuda {
namespace {

namespace fs = std::filesystem;

const std::string kControl = COTENANT_DATA_DIR "/test/fake_mps_control.py";

class Mps : public testing::Test {
 protected:
  void TearDown() override { ::unsetenv("FAKE_MPS"); }

  static bool all_gone(const std::vector<ProcessIdentity>& processes) {
    return std::none_of(processes.begin(), processes.end(),
                        [](const ProcessIdentity& process) { return process.alive(); });
  }
  static std::string refusal(const std::string& control) {
    try {
      const MpsDaemon daemon(control);
    } catch (const HostFailure& failure) {
      EXPECT_EQ(failure.fault(), HostFault::unavailable);
      return failure.what();
    }
    return "";
  }
};

TEST_F(Mps, LivesAndEndsWithItsOwner) {
  std::vector<ProcessIdentity> processes;
  fs::path folder;
  {
    MpsDaemon daemon(kControl);
    folder = daemon.folder();
    processes = daemon.processes();
    EXPECT_TRUE(daemon.alive());
    EXPECT_EQ(processes.size(), 2U) << "control daemon and server";
    EXPECT_EQ(daemon.environment()[0].second, (folder / "pipe").string());
    EXPECT_EQ(daemon.stop(), "");
    EXPECT_TRUE(all_gone(processes));
  }
  EXPECT_FALSE(fs::exists(folder));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "neither zombies nor children are left";
}

TEST_F(Mps, TwoDaemonsDoNotMeet) {
  MpsDaemon first(kControl);
  MpsDaemon second(kControl);
  first.stop();
  EXPECT_FALSE(first.alive());
  EXPECT_TRUE(second.alive());
}

TEST_F(Mps, OneThatDoesNotQuitIsKilled) {
  ::setenv("FAKE_MPS", "stubborn", 1);
  MpsDaemon daemon(kControl);
  const auto processes = daemon.processes();
  EXPECT_EQ(daemon.stop(), "");
  EXPECT_TRUE(all_gone(processes));
}

TEST_F(Mps, ItsDeathIsSeenAndItsServerEnded) {
  MpsDaemon daemon(kControl);
  const auto processes = daemon.processes();
  ::kill(daemon.pid(), SIGKILL);
  for (int i = 0; i < 200 && daemon.alive(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_FALSE(daemon.alive());
  EXPECT_EQ(daemon.stop(), "");
  EXPECT_TRUE(all_gone(processes));
}

TEST_F(Mps, EndsWhenItsOwnerIsKilled) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t owner = ::fork();
  if (owner == 0) {
    const MpsDaemon daemon(kControl);
    const ProcessIdentity identity = daemon.processes().front();
    [[maybe_unused]] const ssize_t told = ::write(ends[1], &identity, sizeof identity);
    ::pause();
    ::_exit(0);
  }
  ProcessIdentity daemon;
  ASSERT_EQ(::read(ends[0], &daemon, sizeof daemon), static_cast<ssize_t>(sizeof daemon));
  EXPECT_TRUE(daemon.alive());
  ::kill(owner, SIGKILL);
  ::waitpid(owner, nullptr, 0);
  for (int i = 0; i < 1000 && daemon.alive(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_FALSE(daemon.alive());
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(Mps, WhatCannotBeHadIsUnavailable) {
  EXPECT_EQ(refusal("no-such-control"),
            "unavailable: MPS: no-such-control: cannot start: No such file or directory");
  ::setenv("FAKE_MPS", "fails", 1);
  EXPECT_NE(refusal(kControl).find("ended with status 1: An instance of this daemon is already"),
            std::string::npos);
}

} // namespace
} // namespace cotenant::cuda
