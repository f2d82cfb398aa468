#include "sim/memory_meter.h"

#include <algorithm>
#include <utility>

namespace cotenant {

MemoryMeter::MemoryMeter(std::vector<std::size_t> gpu_of)
    : gpu_of_(std::move(gpu_of)), clients_(gpu_of_.size()),
      gpus_(gpu_of_.empty() ? 0 : *std::max_element(gpu_of_.begin(), gpu_of_.end()) + 1) {}

void MemoryMeter::advance(Gauge& gauge, Nanos now) const {
  gauge.live_time += static_cast<double>(gauge.live) * static_cast<double>(now - gauge.changed);
  if (budget_ > 0 && gauge.held > budget_) {
    gauge.over_budget += now - gauge.changed;
  }
  gauge.changed = now;
}

void MemoryMeter::peak(Gauge& gauge) {
  gauge.live_max = std::max(gauge.live_max, gauge.live);
  gauge.held_max = std::max(gauge.held_max, gauge.held);
}

void MemoryMeter::live(std::size_t client, std::int64_t bytes, Nanos now) {
  const std::int64_t change = bytes - clients_[client].live;
  for (Gauge* gauge : {&clients_[client], &gpus_[gpu_of_[client]]}) {
    advance(*gauge, now);
    gauge->live += change;
    peak(*gauge);
  }
}

void MemoryMeter::held(std::size_t client, std::int64_t bytes, Nanos now) {
  const std::int64_t change = bytes - clients_[client].held;
  if (change == 0) {
    return;
  }
  for (Gauge* gauge : {&clients_[client], &gpus_[gpu_of_[client]]}) {
    advance(*gauge, now);
    gauge->held += change;
    peak(*gauge);
  }
}

void MemoryMeter::budget(std::int64_t bytes, Nanos now) {
  if (bytes != budget_) {
    for (Gauge& gpu : gpus_) {
      advance(gpu, now);
    }
    budget_ = bytes;
  }
}

void MemoryMeter::begin(Nanos now) {
  since_ = now;
  for (std::vector<Gauge>* gauges : {&clients_, &gpus_}) {
    for (Gauge& gauge : *gauges) {
      gauge.live_max = gauge.live;
      gauge.held_max = gauge.held;
      gauge.live_time = 0;
      gauge.over_budget = 0;
      gauge.changed = now;
    }
  }
}

void MemoryMeter::emit(Gauge& gauge, std::size_t gpu, std::size_t client, Nanos now,
                       Nanos clock_start, RecordSink& sink) const {
  advance(gauge, now);
  sink.memory({.gpu = gpu,
               .client = client,
               .begin = since_ - clock_start,
               .end = now - clock_start,
               .live_mean = gauge.live_time / static_cast<double>(now - since_),
               .live_max = gauge.live_max,
               .held_max = gauge.held_max,
               .budget = budget_,
               .over_budget = client == MemoryRecord::kAll ? gauge.over_budget : 0});
}

void MemoryMeter::report(Nanos now, Nanos clock_start, RecordSink& sink) {
  if (now == since_) {
    return;
  }
  for (std::size_t gpu = 0; gpu < gpus_.size(); ++gpu) {
    for (std::size_t client = 0; client < clients_.size(); ++client) {
      if (gpu_of_[client] == gpu) {
        emit(clients_[client], gpu, client, now, clock_start, sink);
      }
    }
    emit(gpus_[gpu], gpu, MemoryRecord::kAll, now, clock_start, sink);
  }
  begin(now);
}

} // namespace cotenant
