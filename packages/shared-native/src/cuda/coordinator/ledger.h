// Finished measurements, kept by what they were made from: no GPU hour is spent twice by accident.
#pragma once

#include <filesystem>
#include <string>

namespace cotenant::cuda {

/// The files of one result.
struct ResultFiles {
  std::filesystem::path records;
  std::filesystem::path utilization; ///< there if the summary has its digest (utilization_sha256)
  std::filesystem::path summary;

  /// <out>/<plan id>.csv, .utilization.csv and .json.
  static ResultFiles of(const std::filesystem::path& out, const std::string& plan);
};

/// A folder with the files of one result for each input digest. Entries are written whole or not at
/// all, and an entry whose records are not those that its summary vouches for counts as absent. Several processes may use one ledger. Nothing is ever removed.
class Ledger {
 public:
  /// Makes the folder if need be, and in it a .gitignore that covers all of it. Throws IoError.
  explicit Ledger(std::filesystem::path folder);

  /// Copies the result for `digest` to `files`; false if there is none. The summary comes last. Throws
  /// IoError if the copy cannot be written.
  [[nodiscard]] bool fetch(const std::string& digest, const ResultFiles& files) const;

  /// Keeps a finished result. Throws IoError.
  void store(const std::string& digest, const ResultFiles& files) const;

 private:
  [[nodiscard]] ResultFiles entry(const std::string& digest) const;

  std::filesystem::path folder_;
};

} // namespace cotenant::cuda
