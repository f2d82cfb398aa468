// Files that are whole or absent, and their folders: a reader never meets half of a file.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace cotenant {

/// The bytes of `file`. Throws InputError if it does not exist or is a folder, IoError if it cannot
/// be read.
std::string read_file(const std::filesystem::path& file);

/// A file that appears under its name only when commit() has succeeded.
///
/// Bytes go to a temporary name beside it (same file system, so that the rename is atomic),
/// buffered. Without commit() the destructor removes the temporary file: an exception on the way
/// leaves nothing behind. Every failure (missing folder, no permission, full disk) throws IoError
/// naming the file and the reason.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path file);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::string_view bytes);

  /// Flushes to the disk, then renames. Errors that file systems report late (quota, network)
  /// surface here.
  void commit();

 private:
  void flush();

  std::filesystem::path file_;
  std::filesystem::path temporary_;
  std::string buffer_;
  int descriptor_ = -1;
};

/// Writes `bytes` to `file` through an AtomicFile.
void write_file(const std::filesystem::path& file, std::string_view bytes);

/// Creates `folder` with every missing folder above it; one that exists stays as it is. Throws
/// IoError naming the folder and the reason if it cannot be created or its name is that of a file.
void make_folder(const std::filesystem::path& folder);

} // namespace cotenant
