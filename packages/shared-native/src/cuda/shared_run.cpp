#include "cuda/shared_run.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <new>
#include <sys/mman.h>
#include <sys/stat.h>
#include <type_traits>
#include <unistd.h>
#include <utility>

#include "base/error.h"

namespace cotenant::cuda {

static_assert(std::is_standard_layout_v<SharedRun> && std::is_trivially_destructible_v<SharedRun>);
static_assert(std::atomic<Nanos>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

void SharedRun::warmed_up(Nanos now) {
  if (warming.fetch_sub(1) == 1) {
    clock_start.store(now);
  }
}

void SharedRun::finished() {
  if (unfinished.fetch_sub(1) == 1) {
    stop.store(true);
  }
}

namespace {

/// Closes a file descriptor at the end of its scope; a mapping lives on without it.
class Descriptor {
 public:
  Descriptor(const std::filesystem::path& file, int flags)
      : fd_(::open(file.c_str(), flags | O_CLOEXEC, 0600)), file_(file) {
    if (fd_ < 0) {
      fail("cannot open");
    }
  }
  ~Descriptor() { ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  void resize() const {
    if (::ftruncate(fd_, sizeof(SharedRun)) != 0) {
      fail("cannot size");
    }
  }
  [[nodiscard]] bool has_size() const {
    struct stat status {};
    return ::fstat(fd_, &status) == 0 && status.st_size == sizeof(SharedRun);
  }
  [[nodiscard]] void* map() const {
    void* const memory =
        ::mmap(nullptr, sizeof(SharedRun), PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
    if (memory == MAP_FAILED) {
      fail("cannot map");
    }
    return memory;
  }

 private:
  [[noreturn]] void fail(const char* what) const {
    throw IoError(fmt::format("{}: {}: {}", file_.string(), what, std::strerror(errno)));
  }
  int fd_;
  const std::filesystem::path& file_;
};

} // namespace

MappedRun MappedRun::create(const std::filesystem::path& file, int clients, int waited_for) {
  const Descriptor descriptor(file, O_RDWR | O_CREAT | O_TRUNC);
  descriptor.resize();
  auto* const run = new (descriptor.map()) SharedRun;
  run->warming = clients;
  run->unfinished = waited_for;
  return MappedRun(run);
}

MappedRun MappedRun::open(const std::filesystem::path& file) {
  const Descriptor descriptor(file, O_RDWR);
  if (!descriptor.has_size()) {
    throw IoError(fmt::format("{}: is not a run's shared state; expected {} bytes", file.string(),
                              sizeof(SharedRun)));
  }
  auto* const run = static_cast<SharedRun*>(descriptor.map());
  if (run->magic != SharedRun::kMagic) {
    ::munmap(run, sizeof(SharedRun));
    throw IoError(fmt::format("{}: is not a run's shared state", file.string()));
  }
  return MappedRun(run);
}

MappedRun::MappedRun(MappedRun&& other) noexcept : run_(std::exchange(other.run_, nullptr)) {}

MappedRun::~MappedRun() {
  if (run_ != nullptr) {
    ::munmap(run_, sizeof(SharedRun));
  }
}

} // namespace cotenant::cuda
