// What the threads and processes of one run share: the warm-up barrier, the start of the clock and
// the end of the run.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>

#include "base/time.h"

namespace cotenant::cuda {

/// Plain data in memory that several processes map. All members are lock-free atomics.
struct SharedRun {
  static constexpr std::uint64_t kMagic = 0x636f74656e616e74; ///< "cotenant"

  std::uint64_t magic = kMagic;
  std::atomic<std::int32_t> warming{0};       ///< clients that have not finished their warm-up
  std::atomic<Nanos> clock_start{kNever};     ///< set by the last client that warms up
  std::atomic<std::int32_t> unfinished{0};    ///< clients that the end of the run waits for
  std::atomic<bool> stop{false};              ///< the run is over: the last of them is done
  std::atomic<bool> interrupted{false};       ///< the user asked to stop; also sets `stop`
  std::atomic<std::int64_t> progress_done{0}; ///< measured requests of the client that ends the run

  /// The calling client has finished its warm-up at `now`. The last one starts the clock.
  void warmed_up(Nanos now);
  /// The calling client, one of those that the end waits for, has finished its last request.
  void finished();
};

/// A SharedRun in a file that other processes map too.
class MappedRun {
 public:
  /// Creates the file for `clients` clients, `waited_for` of which end the run. Throws IoError.
  static MappedRun create(const std::filesystem::path& file, int clients, int waited_for);
  /// Maps an existing one. Throws IoError for a file of another kind.
  static MappedRun open(const std::filesystem::path& file);

  MappedRun(MappedRun&& other) noexcept;
  MappedRun& operator=(MappedRun&&) = delete;
  ~MappedRun();

  SharedRun& operator*() const { return *run_; }
  SharedRun* operator->() const { return run_; }

 private:
  explicit MappedRun(SharedRun* run) : run_(run) {}
  SharedRun* run_;
};

} // namespace cotenant::cuda
