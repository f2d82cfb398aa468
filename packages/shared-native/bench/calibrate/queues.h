// A chain of small kernels in one of several streams, beside kernels in another: do they share a hardware queue? In one
// process (queues.cu), or in two under MPS (mps_queues.cu).
#pragma once

#include <array>

#include "stamps.h"

namespace calibrate {

constexpr int queue_streams = 6;
constexpr int queue_repeats = 9;
constexpr int queue_chain = 80;                          ///< kernels
constexpr unsigned long long queue_gate_ns = 400'000;    ///< while the chain is queued
constexpr unsigned long long queue_neighbour_ns = 5'000; ///< one of its kernels

static __global__ void doze(unsigned long long ns) {
  const unsigned long long start = gpu_ns();
  while (gpu_ns() - start < ns) {
    __nanosleep(100);
  }
}

static __global__ void pass_on(const float* read, float* written) {
  const unsigned int thread = blockIdx.x * blockDim.x + threadIdx.x;
  written[thread] = read[thread] + 1;
}

/// Streams, made and first used one after the other, before the process makes any.
class QueueStreams {
 public:
  QueueStreams() : sms_(sm_count()) {
    for (cudaStream_t& stream : streams_) {
      CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
      doze<<<1, 1, 0, stream>>>(1);
      CHECK(cudaStreamSynchronize(stream));
    }
    for (float*& buffer : buffers_) {
      CHECK(cudaMalloc(&buffer, static_cast<size_t>(sms_) * 128 * sizeof *buffer));
    }
    stamps_.begin(streams_[0]); // functions are loaded at their first launch
    pass_on<<<1, 128, 0, streams_[0]>>>(buffers_[0], buffers_[1]);
    CHECK(cudaStreamSynchronize(streams_[0]));
  }
  QueueStreams(const QueueStreams&) = delete;
  QueueStreams& operator=(const QueueStreams&) = delete;

  /// Median time of a kernel of the chain in stream `i`, with the gap to the next; with 1 block, and with one a SM.
  std::array<double, 2> periods(int i) const {
    return {period(streams_[i], 1), period(streams_[i], sms_)};
  }

  /// Keeps kernels queued in stream `i`, one block a SM, while `goes_on`.
  template <typename GoesOn> void keep_busy(int i, const GoesOn& goes_on) const {
    cudaEvent_t ended{};
    CHECK(cudaEventCreateWithFlags(&ended, cudaEventDisableTiming));
    while (goes_on()) {
      for (int k = 0; k < 200; ++k) {
        doze<<<sms_, 256, 0, streams_[i]>>>(queue_neighbour_ns);
      }
      CHECK(cudaEventRecord(ended, streams_[i]));
      CHECK(cudaEventSynchronize(ended));
    }
    CHECK(cudaEventDestroy(ended));
  }

 private:
  double period(cudaStream_t stream, int blocks) const {
    std::vector<double> periods;
    for (int repeat = 0; repeat < queue_repeats; ++repeat) {
      doze<<<1, 1, 0, stream>>>(queue_gate_ns);
      stamps_.begin(stream);
      for (int k = 0; k < queue_chain; ++k) {
        pass_on<<<blocks, 128, 0, stream>>>(buffers_[k % 2], buffers_[(k + 1) % 2]);
      }
      stamps_.end(stream);
      CHECK(cudaGetLastError());
      CHECK(cudaStreamSynchronize(stream));
      periods.push_back(stamps_.elapsed_ns(stream) / (queue_chain + 1));
    }
    return median(periods);
  }

  int sms_;
  std::array<cudaStream_t, queue_streams> streams_{};
  Stamps stamps_;
  float* buffers_[2] = {};
};

/// Periods of the chain by its stream and the neighbour's (the last column: no neighbour), and its blocks.
using QueuePeriods =
    std::array<std::array<std::array<double, 2>, queue_streams + 1>, queue_streams>;

inline Table queue_table(const char* name, const std::string& where, const QueuePeriods& periods) {
  Table table{
      name,
      "a chain of " + std::to_string(queue_chain) +
          " kernels in one of several streams, in the order of making, beside kernels of 5 us in a "
          "stream "
          "of " +
          where +
          ": median period of the chain, and what the neighbour adds. blocks: of a chain's kernel",
      3,
      {"stream", "neighbour_stream", "blocks", "period_ns", "extra_ns"},
      {}};
  for (int i = 0; i < queue_streams; ++i) {
    for (int j = 0; j < queue_streams; ++j) {
      for (size_t size = 0; size < 2; ++size) {
        const double period = periods[i][j][size];
        if (period > 0) {
          table.rows.push_back({static_cast<double>(i), static_cast<double>(j),
                                size == 0 ? 1.0 : sm_count(), period,
                                period - periods[i][queue_streams][size]});
        }
      }
    }
  }
  return table;
}

} // namespace calibrate
