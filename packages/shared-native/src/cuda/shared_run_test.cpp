#include <fstream>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/temporary_folder_for_test.h"
#include "cuda/shared_run.h"

namespace cotenant::cuda {
namespace {

TEST(SharedRun, TheLastClientToWarmUpStartsTheClock) {
  SharedRun run;
  run.warming = 2;
  run.warmed_up(10);
  EXPECT_EQ(run.clock_start, kNever);
  run.warmed_up(25);
  EXPECT_EQ(run.clock_start, 25);
}

TEST(SharedRun, TheLastClientToFinishStopsTheRun) {
  SharedRun run;
  run.unfinished = 2;
  run.finished();
  EXPECT_FALSE(run.stop);
  run.finished();
  EXPECT_TRUE(run.stop);
}

TEST(SharedRun, IsSharedBetweenProcesses) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "run";
  const MappedRun mine = MappedRun::create(file, 1, 1);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const MappedRun theirs = MappedRun::open(file);
    theirs->warmed_up(77);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(mine->clock_start, 77);
}

TEST(SharedRun, RefusesAFileOfAnotherKind) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "run";
  EXPECT_THROW(MappedRun::open(file), IoError) << "missing";
  std::ofstream(file) << "short";
  EXPECT_THROW(MappedRun::open(file), IoError);
  std::ofstream(file, std::ios::trunc) << std::string(sizeof(SharedRun), 'x');
  EXPECT_THROW(MappedRun::open(file), IoError);
}

} // namespace
} // namespace cotenant::cuda
