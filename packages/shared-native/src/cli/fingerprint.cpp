#include "cli/fingerprint.h"

#include <filesystem>

#include "base/file.h"
#include "base/sha256.h"

namespace cotenant {

std::string code_fingerprint(const std::string& system) {
  std::error_code failed;
  const auto binary = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (failed) {
    return COTENANT_VERSION;
  }
  const auto file = binary.parent_path() / "fingerprints" / (system + ".txt");
  return std::filesystem::exists(file) ? read_file(file) : sha256_hex(read_file(binary));
}

} // namespace cotenant
