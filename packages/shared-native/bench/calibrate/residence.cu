// How long data stay in the L2 while others stream through it: the time of a kernel that reads what was read or written before,
// after a neighbour has read or written so much.
#include <iterator>

#include "common.h"

namespace calibrate {
namespace {

constexpr int blocks_per_sm = 2;
constexpr int threads = 512;
constexpr int repeats = 9;
constexpr size_t mib = size_t{1} << 20;
constexpr size_t stream_bytes = size_t{2} << 30;
constexpr int data_mib[] = {1, 4, 16, 32};
constexpr int streamed_mib[] = {0, 8, 12, 16, 20, 24, 28, 32, 36, 40, 48, 64, 128, 512};

/// First start and last end of a kernel's blocks.
struct Span {
  unsigned long long begin;
  unsigned long long end;
};

__global__ void __launch_bounds__(threads)
    pass(bool writes, float4* data, size_t count, Span* span, float* sink) {
  const unsigned long long start = gpu_ns();
  const size_t first = static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  const size_t step = static_cast<size_t>(gridDim.x) * blockDim.x;
  float sum = 0.0f;
  for (size_t i = first; i < count; i += step) {
    if (writes) {
      data[i] = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    } else {
      const float4 value = __ldcg(data + i);
      sum += value.x + value.y + value.z + value.w;
    }
  }
  if (sum == -42.0f) { // never: the buffers hold zeros
    sink[0] = sum;
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    atomicMin(&span->begin, start);
    atomicMax(&span->end, gpu_ns());
  }
}

class Buffers {
 public:
  Buffers() {
    CHECK(cudaMalloc(&data_, data_mib[std::size(data_mib) - 1] * mib));
    CHECK(cudaMalloc(&streamed_, stream_bytes));
    CHECK(cudaMemset(data_, 0, data_mib[std::size(data_mib) - 1] * mib));
    CHECK(cudaMemset(streamed_, 0, stream_bytes));
    CHECK(cudaMalloc(&span_, sizeof(Span)));
    CHECK(cudaMalloc(&sink_, sizeof(float)));
  }
  ~Buffers() {
    cudaFree(data_);
    cudaFree(streamed_);
    cudaFree(span_);
    cudaFree(sink_);
  }
  Buffers(const Buffers&) = delete;
  Buffers& operator=(const Buffers&) = delete;

  /// Reads or writes the first so many bytes of the data; returns what it takes, ns.
  double touch(bool writes, size_t bytes) { return pass_over(writes, data_, bytes); }

  /// Reads or writes as many bytes of others, which were not touched for long.
  void stream(bool writes, size_t bytes) {
    if (at_ + bytes > stream_bytes) {
      at_ = 0;
    }
    if (bytes > 0) {
      pass_over(writes, streamed_ + at_ / sizeof(float4), bytes);
    }
    at_ += bytes;
  }

 private:
  double pass_over(bool writes, float4* data, size_t bytes) {
    Span span{~0ull, 0};
    CHECK(cudaMemcpy(span_, &span, sizeof span, cudaMemcpyHostToDevice));
    pass<<<blocks_per_sm * sm_count(), threads>>>(writes, data, bytes / sizeof(float4), span_,
                                                  sink_);
    CHECK(cudaMemcpy(&span, span_, sizeof span, cudaMemcpyDeviceToHost));
    return static_cast<double>(span.end - span.begin);
  }

  float4* data_ = nullptr;
  float4* streamed_ = nullptr;
  Span* span_ = nullptr;
  float* sink_ = nullptr;
  size_t at_ = 0;
};

} // namespace

void residence(Results& results) {
  Table table{
      "residence",
      "a kernel that reads `mib` of data which were read (`written` 0) or written (1) "
      "before, after another has read (`streams` 0) or written (1) `streamed_mib` of "
      "others: first start to last end of its blocks, percentiles of 9",
      4,
      {"written", "streams", "mib", "streamed_mib", "read_p10_ns", "read_p50_ns", "read_p90_ns"},
      {}};
  Buffers buffers;
  for (const bool written : {false, true}) {
    for (const bool streams : {false, true}) {
      for (const int size : data_mib) {
        for (const int streamed : streamed_mib) {
          std::vector<double> times;
          for (int i = 0; i < repeats; ++i) {
            buffers.touch(false, size * mib);
            buffers.touch(written, size * mib);
            buffers.stream(streams, streamed * mib);
            times.push_back(buffers.touch(false, size * mib));
          }
          table.rows.push_back({written ? 1.0 : 0.0, streams ? 1.0 : 0.0, static_cast<double>(size),
                                static_cast<double>(streamed), percentile(times, 0.1),
                                median(times), percentile(times, 0.9)});
        }
      }
    }
  }
  results.tables.push_back(std::move(table));
}

} // namespace calibrate
