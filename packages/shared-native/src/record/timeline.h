// A run as a timeline that opens in ui.perfetto.dev.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"
#include "record/sink.h"
#include "record/track.h"

namespace cotenant {

/// Writes Chrome trace-event JSON, the text format that Perfetto reads. Four tracks a client: its
/// requests, its stream (one slice an op; ops of a stream never overlap), the scheduler's decisions
/// on its ops (instants), and its share of the SMs (a counter, written when it changes). Times are
/// microseconds with three decimals, so nanoseconds survive. The file gets its name in commit(); a
/// timeline destroyed before leaves nothing.
class Timeline final : public DetailSink {
 public:
  Timeline(std::filesystem::path file, const std::vector<Track>& tracks);

  void request(std::size_t client, std::int64_t index, Nanos arrival, Nanos start,
               Nanos end) override;
  void op(std::size_t client, std::uint32_t op, Nanos begin, Nanos end) override;
  void launch(std::size_t client, std::uint32_t op, Nanos at) override;
  void hold(std::size_t client, std::uint32_t op, Nanos at) override;
  void reset(std::size_t client, std::uint32_t op, Nanos at) override;
  void sm_share(std::size_t client, double share, Nanos at) override;

  /// Ends the document and gives the file its name. Throws IoError.
  void commit();

 private:
  void begin_event(char phase, std::size_t client, int track, Nanos at);
  void end_event();
  void append(std::string_view text) { buffer_.append(text); }
  void append(std::int64_t number);
  void append_time(Nanos time);
  void decision(std::string_view what, std::size_t client, std::uint32_t op, Nanos at);
  void flush();

  AtomicFile file_;
  std::string buffer_;                             ///< events not yet handed to the file
  std::vector<std::vector<std::string>> op_names_; ///< escaped, quoted
  std::vector<std::string> counter_names_;
  std::vector<int> last_share_; ///< thousandths, to drop repeats
};

} // namespace cotenant
