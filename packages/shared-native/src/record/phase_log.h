// When each phase of an iteration was on the device, as CSV (client,iteration,phase,begin_ns,end_ns), streamed.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "record/sink.h"
#include "record/track.h"

namespace cotenant {

/// A phase is a run of forward ops, or of backward and optimizer ops, of one request: from the begin of its first op to
/// the end of its last. Times and iterations count from the start of the run, warm-up included. As RequestLog: rows as
/// they come, the file under its name in commit(). A phase that the end of the run cuts off has no row.
class PhaseLog final : public DetailSink {
 public:
  PhaseLog(std::filesystem::path file, const std::vector<Track>& tracks);

  void op(std::size_t client, std::uint32_t op, Nanos begin, Nanos end) override;
  void request(std::size_t client, std::int64_t index, Nanos arrival, Nanos start,
               Nanos end) override;
  void launch(std::size_t /*client*/, std::uint32_t /*op*/, Nanos /*at*/) override {}
  void hold(std::size_t /*client*/, std::uint32_t /*op*/, Nanos /*at*/) override {}
  void reset(std::size_t /*client*/, std::uint32_t /*op*/, Nanos /*at*/) override {}
  void sm_share(std::size_t /*client*/, double /*share*/, Nanos /*at*/) override {}

  void commit() { file_.commit(); }

 private:
  struct Span {
    bool forward = true;
    Nanos begin = 0;
    Nanos end = 0;
  };
  struct Client {
    std::string name;
    std::vector<bool> forward; ///< by op
    std::int64_t iteration = 0;
    std::optional<Span> open;
  };

  void close(Client& client);

  AtomicFile file_;
  std::vector<Client> clients_;
};

} // namespace cotenant
