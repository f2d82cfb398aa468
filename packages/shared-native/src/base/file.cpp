#include "base/file.h"

#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "base/error.h"

namespace cotenant {

namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 18;

[[noreturn]] void fail(const std::filesystem::path& file, std::string_view what, int error) {
  const char* advice = "";
  if (error == ENOSPC || error == EDQUOT) {
    advice = "; free some space and run again";
  } else if (error == EACCES || error == EPERM || error == EROFS) {
    advice = "; expected a place that this user may write to";
  } else if (error == ENOENT || error == ENOTDIR) {
    advice = "; expected its folder to exist";
  }
  throw IoError(fmt::format("{}: cannot {}: {}{}", file.string(), what,
                            std::generic_category().message(error), advice));
}

} // namespace

std::string read_file(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      throw InputError(fmt::format("{}: no such file", file.string()));
    }
    throw IoError(
        fmt::format("{}: cannot open: {}", file.string(), std::generic_category().message(errno)));
  }
  std::string bytes;
  std::string chunk(kBufferBytes, '\0');
  for (;;) {
    const ssize_t got = ::read(descriptor, chunk.data(), chunk.size());
    if (got > 0) {
      bytes.append(chunk, 0, static_cast<std::size_t>(got));
    } else if (got == 0) {
      break;
    } else if (errno != EINTR) {
      const int error = errno;
      ::close(descriptor);
      if (error == EISDIR) {
        throw InputError(fmt::format("{}: is a folder; expected a file", file.string()));
      }
      throw IoError(fmt::format("{}: cannot read: {}", file.string(),
                                std::generic_category().message(error)));
    }
  }
  ::close(descriptor);
  return bytes;
}

AtomicFile::AtomicFile(std::filesystem::path file) : file_(std::move(file)) {
  // The process id keeps two runs that write the same file apart; the last rename wins, whole.
  temporary_ = file_;
  temporary_ += fmt::format(".{}.part", ::getpid());
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0) {
    fail(file_, "write", errno);
  }
  buffer_.reserve(kBufferBytes);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
    ::unlink(temporary_.c_str());
  }
}

void AtomicFile::write(std::string_view bytes) {
  if (buffer_.size() + bytes.size() > kBufferBytes) {
    flush();
  }
  buffer_ += bytes;
}

void AtomicFile::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      fail(file_, "write", errno);
    }
  }
  buffer_.clear();
}

void AtomicFile::commit() {
  flush();
  // Without this a power cut shortly after the rename may leave the name with no content behind it.
  // Files that cannot be synchronised at all (a pipe, some network mounts) say EINVAL and are as
  // safe as they can be.
  if (::fsync(descriptor_) != 0 && errno != EINVAL && errno != ENOTSUP) {
    fail(file_, "write", errno);
  }
  if (::close(std::exchange(descriptor_, -1)) != 0) {
    const int error = errno;
    ::unlink(temporary_.c_str());
    fail(file_, "write", error);
  }
  std::error_code error;
  std::filesystem::rename(temporary_, file_, error);
  if (error) {
    ::unlink(temporary_.c_str());
    fail(file_, "write", error.value());
  }
}

void write_file(const std::filesystem::path& file, std::string_view bytes) {
  AtomicFile out(file);
  out.write(bytes);
  out.commit();
}

void make_folder(const std::filesystem::path& folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) {
    throw IoError(
        fmt::format("{}: cannot create the folder: {}", folder.string(), failed.message()));
  }
}

} // namespace cotenant
