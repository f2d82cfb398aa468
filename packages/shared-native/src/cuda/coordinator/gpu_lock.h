// One measurement at a time on a GPU.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "cuda/coordinator/child_process.h"

namespace cotenant::cuda {

/// Holds the lock of one GPU: a locked file in the temporary folder, named by the GPU's UUID. The
/// system lets go of it when the process ends, however it does.
class GpuLock {
 public:
  /// Waits while another process holds the lock. `waiting` is called at once and then now and then with
  /// who that is ("process 4711"); it ends the wait by throwing. Throws IoError.
  GpuLock(const std::string& uuid, const std::function<void(const std::string& holder)>& waiting,
          const std::filesystem::path& folder = std::filesystem::temp_directory_path());

  [[nodiscard]] const std::filesystem::path& file() const { return file_; }

 private:
  std::filesystem::path file_;
  FileDescriptor lock_;
};

} // namespace cotenant::cuda
