// Finished measurements, kept by what they were made from: no GPU hour is spent twice by accident.
#pragma once

#include <filesystem>
#include <string>

namespace cotenant::cuda {

/// A folder with one pair of files (records, summary) for each input digest. Entries are written whole
/// or not at all, and an entry whose records are not those that its summary vouches for counts as
/// absent. Several processes may use one ledger. Nothing is ever removed.
class Ledger {
 public:
  /// Makes the folder if need be, and in it a .gitignore that covers all of it. Throws IoError.
  explicit Ledger(std::filesystem::path folder);

  /// Copies the result for `digest` to `records` and `summary`; false if there is none. The summary
  /// comes last. Throws IoError if the copy cannot be written.
  [[nodiscard]] bool fetch(const std::string& digest, const std::filesystem::path& records,
                           const std::filesystem::path& summary) const;

  /// Keeps a finished result. Throws IoError.
  void store(const std::string& digest, const std::filesystem::path& records,
             const std::filesystem::path& summary) const;

 private:
  [[nodiscard]] std::filesystem::path entry(const std::string& digest, const char* suffix) const;

  std::filesystem::path folder_;
};

} // namespace cotenant::cuda
