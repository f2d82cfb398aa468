#include "cuda/coordinator/gpu_lock.h"

#include <array>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <string_view>
#include <sys/file.h>
#include <thread>
#include <unistd.h>

#include "base/error.h"

namespace cotenant::cuda {
namespace {

constexpr std::chrono::milliseconds kLook{200};

/// A UUID comes from a driver; in a file name it may only be what a UUID is made of.
std::string plain(const std::string& uuid) {
  std::string name;
  for (const char c : uuid) {
    name += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '-';
  }
  return name;
}

std::string holder_of(int fd) {
  std::array<char, 32> text{};
  const ssize_t got = ::pread(fd, text.data(), text.size() - 1, 0);
  const std::string_view pid(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  return pid.empty() ? "another process" : fmt::format("process {}", pid);
}

} // namespace

GpuLock::GpuLock(const std::string& uuid,
                 const std::function<void(const std::string& holder)>& waiting,
                 const std::filesystem::path& folder)
    : file_(folder / fmt::format("cotenant-gpu-{}.lock", plain(uuid))) {
  const auto fail = [&](const char* what) {
    throw IoError(fmt::format("{}: {}: {}", file_.string(), what, std::strerror(errno)));
  };
  // Never removed: a process that waits for a removed file and one that makes it anew would both win.
  lock_ = FileDescriptor(::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666));
  if (!lock_.open()) {
    fail("cannot open");
  }
  while (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      fail("cannot lock");
    }
    waiting(holder_of(lock_.get()));
    std::this_thread::sleep_for(kLook);
  }
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(lock_.get(), 0) != 0 ||
      ::pwrite(lock_.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    fail("cannot write");
  }
}

} // namespace cotenant::cuda
