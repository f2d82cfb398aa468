// Details of a run to several sinks at once.
#pragma once

#include <utility>
#include <vector>

#include "record/sink.h"

namespace cotenant {

class DetailSplit final : public DetailSink {
 public:
  /// REQUIRES: the sinks outlive this.
  void add(DetailSink& sink) { sinks_.push_back(&sink); }

  [[nodiscard]] bool empty() const { return sinks_.empty(); }

  void request(std::size_t client, std::int64_t index, Nanos arrival, Nanos start,
               Nanos end) override {
    for (DetailSink* sink : sinks_) {
      sink->request(client, index, arrival, start, end);
    }
  }
  void op(std::size_t client, std::uint32_t op, Nanos begin, Nanos end) override {
    for (DetailSink* sink : sinks_) {
      sink->op(client, op, begin, end);
    }
  }
  void launch(std::size_t client, std::uint32_t op, Nanos at) override {
    for (DetailSink* sink : sinks_) {
      sink->launch(client, op, at);
    }
  }
  void hold(std::size_t client, std::uint32_t op, Nanos at) override {
    for (DetailSink* sink : sinks_) {
      sink->hold(client, op, at);
    }
  }
  void reset(std::size_t client, std::uint32_t op, Nanos at) override {
    for (DetailSink* sink : sinks_) {
      sink->reset(client, op, at);
    }
  }
  void sm_share(std::size_t client, double share, Nanos at) override {
    for (DetailSink* sink : sinks_) {
      sink->sm_share(client, share, at);
    }
  }

 private:
  std::vector<DetailSink*> sinks_;
};

} // namespace cotenant
