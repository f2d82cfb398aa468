// A live program made ready for one stream.
#pragma once

#include <optional>
#include <vector>

#include "cuda/driver.h"
#include "cuda/live_program.h"

namespace cotenant::cuda {

/// The launch configuration of a kernel op. `attributes` is the storage that it points to.
LaunchConfig launch_config(const LiveOp& op, Stream stream,
                           std::vector<LaunchAttribute>& attributes);

/// Puts one op on the stream; `config` counts for kernels only.
void launch_op(const Driver& driver, const LiveOp& op, const LaunchConfig& config, Stream stream);

/// All of a program's launches, prepared. REQUIRES: program and stream outlive this.
class Launches {
 public:
  /// `carveout`: preferred shared memory of every kernel, percent of the most there is; absent: as
  /// captured. Throws DeviceError.
  ///
  /// How much shared memory a function may use is a property of the function, which libraries set anew
  /// for each of their own launches, of other models too. So what the program needs is allowed
  /// here, and nothing of the framework may run until the launches are done.
  Launches(const Driver& driver, const LiveProgram& program, Stream stream,
           std::optional<int> carveout = {});

  /// Puts op `op` on the stream. Throws DeviceError that names it.
  void launch(std::size_t op) const;

  [[nodiscard]] std::size_t size() const { return configs_.size(); }

 private:
  const Driver& driver_;
  const LiveProgram& program_;
  Stream stream_;
  std::vector<std::vector<LaunchAttribute>> attributes_; ///< per op; configs_ point into it
  std::vector<LaunchConfig> configs_;
};

} // namespace cotenant::cuda
