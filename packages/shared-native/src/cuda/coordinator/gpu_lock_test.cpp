#include <csignal>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/temporary_folder_for_test.h"
#include "cuda/coordinator/gpu_lock.h"

namespace cotenant::cuda {
namespace {

struct Impatient {};

void refuse(const std::string& /*holder*/) {
  throw Impatient();
}

TEST(GpuLock, IsHeldByOneProcess) {
  const TemporaryFolder folder;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t other = ::fork();
  if (other == 0) {
    const GpuLock lock("GPU-1", refuse, folder.path());
    [[maybe_unused]] const ssize_t told = ::write(ready[1], "x", 1);
    ::pause();
    ::_exit(0);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  const GpuLock another("GPU-2", refuse, folder.path());
  std::string said;
  int waits = 0;
  const GpuLock lock(
      "GPU-1",
      [&](const std::string& holder) {
        said = holder;
        if (++waits == 2) {
          ::kill(other, SIGKILL);
          ::waitpid(other, nullptr, 0);
        }
      },
      folder.path());
  EXPECT_EQ(said, "process " + std::to_string(other));
  EXPECT_EQ(waits, 2) << "the lock of a killed process is free";
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(GpuLock, WaitingCanBeGivenUp) {
  const TemporaryFolder folder;
  const GpuLock lock("GPU-1", refuse, folder.path());
  EXPECT_THROW(GpuLock("GPU-1", refuse, folder.path()), Impatient);
}

TEST(GpuLock, NamesStayInTheFolder) {
  const TemporaryFolder folder;
  const GpuLock lock("../../GPU/x", refuse, folder.path());
  EXPECT_EQ(lock.file().parent_path(), folder.path());
}

} // namespace
} // namespace cotenant::cuda
