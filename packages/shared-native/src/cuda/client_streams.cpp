#include "cuda/client_streams.h"

namespace cotenant::cuda {

StreamKey stream_of(const Plan& plan, const SystemMode& mode,
                    const std::vector<std::size_t>& clients, std::size_t lane, std::size_t spare) {
  if (mode.one_stream) {
    return {};
  }
  const bool high = plan.clients[clients[lane]].priority == Priority::high;
  return {.lane = lane, .first = mode.stream_priorities && high, .spare = spare};
}

ClientStreams::~ClientStreams() {
  for (const auto& [key, stream] : streams_) {
    driver_.stream_destroy(stream);
  }
}

Stream ClientStreams::of(const StreamKey& key) {
  if (const auto found = streams_.find(key); found != streams_.end()) {
    return found->second;
  }
  int lowest = 0;
  int highest = 0;
  check(driver_, driver_.context_priority_range(&lowest, &highest), "cuCtxGetStreamPriorityRange");
  Stream stream = nullptr;
  check(driver_, driver_.stream_create(&stream, kStreamNonBlocking, key.first ? highest : lowest),
        "cuStreamCreateWithPriority");
  streams_[key] = stream;
  return stream;
}

} // namespace cotenant::cuda
