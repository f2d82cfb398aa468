// Device memory over time: exact means and peaks of intervals, by client and by GPU.
#pragma once

#include <cstdint>
#include <vector>

#include "record/sink.h"

namespace cotenant {

class MemoryMeter {
 public:
  /// `gpu_of`: each client's GPU.
  explicit MemoryMeter(std::vector<std::size_t> gpu_of);

  void live(std::size_t client, std::int64_t bytes, Nanos now);
  void held(std::size_t client, std::int64_t bytes, Nanos now);
  void budget(std::int64_t bytes, Nanos now);

  /// An interval begins with what is live and held now.
  void begin(Nanos now);
  /// It ends, and the next begins; times in the records count from `clock_start`.
  void report(Nanos now, Nanos clock_start, RecordSink& sink);

  [[nodiscard]] Nanos since() const { return since_; }

 private:
  /// Of a client or of a GPU.
  struct Gauge {
    std::int64_t live = 0;
    std::int64_t held = 0;
    std::int64_t live_max = 0;
    std::int64_t held_max = 0;
    double live_time = 0; ///< bytes x ns, to `changed`
    Nanos over_budget = 0;
    Nanos changed = 0;
  };
  void advance(Gauge& gauge, Nanos now) const;
  static void peak(Gauge& gauge);
  void emit(Gauge& gauge, std::size_t gpu, std::size_t client, Nanos now, Nanos clock_start,
            RecordSink& sink) const;

  std::vector<std::size_t> gpu_of_;
  std::vector<Gauge> clients_;
  std::vector<Gauge> gpus_;
  std::int64_t budget_ = 0; ///< 0: none
  Nanos since_ = 0;
};

} // namespace cotenant
