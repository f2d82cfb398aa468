#include <csignal>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "base/error.h"
#include "base/file.h"
#include "base/temporary_folder_for_test.h"

namespace cotenant {
namespace {

namespace fs = std::filesystem;

std::size_t entries(const fs::path& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(AtomicFile, AppearsOnlyOnCommit) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "result.csv";
  {
    AtomicFile out(file);
    out.write("a,b\n");
    EXPECT_FALSE(fs::exists(file));
    out.commit();
  }
  EXPECT_EQ(read_file(file), "a,b\n");
  EXPECT_EQ(entries(folder.path()), 1U);
}

TEST(AtomicFile, LeavesNothingWithoutCommit) {
  const TemporaryFolder folder;
  write_file(folder.path() / "kept", "old");
  {
    AtomicFile out(folder.path() / "kept");
    out.write("new");
  }
  EXPECT_EQ(read_file(folder.path() / "kept"), "old");
  EXPECT_EQ(entries(folder.path()), 1U);
}

TEST(AtomicFile, WritesMoreThanItsBuffer) {
  const TemporaryFolder folder;
  const std::string big(3'000'001, 'x');
  write_file(folder.path() / "big", big);
  EXPECT_EQ(read_file(folder.path() / "big"), big);
}

TEST(AtomicFile, NamesAFolderThatIsMissing) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "nowhere" / "x.csv";
  try {
    const AtomicFile out(file);
    FAIL() << "opened a file in a missing folder";
  } catch (const IoError& error) {
    EXPECT_EQ(std::string(error.what()), file.string() +
                                             ": cannot write: No such file or directory; "
                                             "expected its folder to exist");
  }
}

// A limit on the size of files stands in for a full disk: the kernel refuses the write in the same
// place.
TEST(AtomicFile, AFullDiskIsAnIoErrorAndLeavesNothing) {
  const TemporaryFolder folder;
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = old;
  small.rlim_cur = 4096;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  EXPECT_THROW(write_file(folder.path() / "big", std::string(1'000'000, 'x')), IoError);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(entries(folder.path()), 0U);
}

TEST(ReadFile, TellsMissingFromUnreadable) {
  const TemporaryFolder folder;
  EXPECT_THROW(read_file(folder.path() / "none"), InputError);
  EXPECT_THROW(read_file(folder.path()), InputError);
}

TEST(MakeFolder, CreatesWhatIsMissingAndKeepsWhatExists) {
  const TemporaryFolder folder;
  const fs::path deep = folder.path() / "a" / "b";
  make_folder(deep);
  EXPECT_TRUE(fs::is_directory(deep));
  write_file(deep / "kept", "old");
  make_folder(deep);
  EXPECT_EQ(read_file(deep / "kept"), "old");
}

TEST(MakeFolder, AFileInTheWayIsAnIoErrorAndStays) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "results";
  write_file(file, "old");
  for (const fs::path& wanted : {file, file / "below"}) {
    try {
      make_folder(wanted);
      FAIL() << "made a folder of a file";
    } catch (const IoError& error) {
      EXPECT_EQ(std::string(error.what()),
                wanted.string() + ": cannot create the folder: Not a directory");
    }
  }
  EXPECT_EQ(read_file(file), "old");
}

} // namespace
} // namespace cotenant
