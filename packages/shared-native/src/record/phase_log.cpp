#include "record/phase_log.h"

#include <fmt/format.h>
#include <utility>

namespace cotenant {

PhaseLog::PhaseLog(std::filesystem::path file, const std::vector<Track>& tracks)
    : file_(std::move(file)) {
  file_.write("client,iteration,phase,begin_ns,end_ns\n");
  for (const Track& track : tracks) {
    Client client;
    client.name = track.client;
    for (const Op& op : track.program->ops) {
      client.forward.push_back(op.phase == Phase::forward);
    }
    clients_.push_back(std::move(client));
  }
}

void PhaseLog::op(std::size_t client, std::uint32_t op, Nanos begin, Nanos end) {
  Client& c = clients_[client];
  const bool forward = c.forward[op];
  if (c.open && c.open->forward != forward) {
    close(c);
  }
  if (!c.open) {
    c.open = Span{.forward = forward, .begin = begin, .end = end};
  }
  c.open->end = end;
}

void PhaseLog::request(std::size_t client, std::int64_t /*index*/, Nanos /*arrival*/,
                       Nanos /*start*/, Nanos /*end*/) {
  close(clients_[client]);
  ++clients_[client].iteration;
}

void PhaseLog::close(Client& client) {
  if (client.open) {
    file_.write(fmt::format("{},{},{},{},{}\n", client.name, client.iteration,
                            client.open->forward ? "forward" : "backward", client.open->begin,
                            client.open->end));
    client.open.reset();
  }
}

} // namespace cotenant
