// The data that runs refer to by name: GPU specifications and programs.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "device/gpu_spec.h"
#include "program/program.h"
#include "sim/prepared.h"

namespace cotenant {

/// Loads each thing once and keeps it. Safe to use from several threads; references stay valid as
/// long as the catalog. Throws InputError for unknown names.
class Catalog {
 public:
  /// `data` holds gpus/, programs/ and schemas/.
  explicit Catalog(std::filesystem::path data) : data_(std::move(data)) {}

  const GpuSpec& gpu(const std::string& id);
  const Program& program(const std::string& id);

  /// `program` on `gpu`, derived if it was recorded on another. `carveout`: see Plan.
  const PreparedProgram& prepared(const std::string& program, const std::string& gpu,
                                  std::optional<int> carveout = {});

  /// SHA-256 of the file behind a name: part of what identifies a run's input.
  std::string gpu_digest(const std::string& id) const;
  std::string program_digest(const std::string& id) const;

  [[nodiscard]] const std::filesystem::path& data() const { return data_; }

 private:
  template <typename T> using ByName = std::map<std::string, std::unique_ptr<T>>;

  std::filesystem::path data_;
  std::recursive_mutex mutex_; ///< prepared() calls gpu() and program()
  ByName<GpuSpec> gpus_;
  ByName<Program> programs_;
  std::map<std::tuple<std::string, std::string, int>, std::unique_ptr<PreparedProgram>> prepared_;
};

} // namespace cotenant
