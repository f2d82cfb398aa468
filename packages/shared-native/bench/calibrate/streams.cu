// What a kernel that streams through DRAM costs small kernels of higher priority, by whether it reads or writes and by how
// much of the GPU it holds.
//
// Elementwise kernels of training end and begin small blocks all over the GPU: kernels ahead of them find places at
// once, and what is measured beside them is memory. The same kernel on few SMs, in blocks that stay, takes a share of DRAM.
#include "stamps.h"
#include "work.h"

namespace calibrate {
namespace {

constexpr int links = 30;
constexpr int repeats = 9;
constexpr unsigned long long gate_ns = 200'000; ///< while the chain is queued
constexpr unsigned long long stay_ns = 4'000'000;
constexpr int launches = 16; ///< of a neighbour that ends by itself, 0.1 to 0.4 ms each
constexpr int threads = 128;
constexpr size_t floats = size_t{1} << 27; ///< 512 MiB: far beyond the L2
constexpr size_t vectors = floats / 4;

/// What a thread of the neighbour does with each of its places: none sleeps instead.
enum class Stream : int { none, sleep, read, fill, scale, add };
constexpr const char* stream_names[] = {"none", "sleep", "read", "fill", "scale", "add"};
constexpr int reads[] = {0, 0, 1, 0, 1, 2};
constexpr int writes[] = {0, 0, 0, 1, 1, 1};

/// What a thread of the chain does.
enum class Link : int {
  nothing,
  chase_l2,   ///< eight dependent loads from 1 MiB, in the L2 when alone
  chase_8mb,  ///< the same from 8 MiB
  chase_dram, ///< the same from 512 MiB
  read_8mb,   ///< reads 8 MiB, all threads together, in the L2 when alone
  fma,        ///< arithmetic of some microseconds
};
constexpr const char* link_names[] = {"nothing",    "chase_l2", "chase_8mb",
                                      "chase_dram", "read_8mb", "fma"};

struct Buffers {
  float4* a;
  float4* b;
  float4* c;
  float* sink;
};

__device__ float4 combined(Stream stream, const Buffers& buffers, size_t i) {
  float4 value = make_float4(1.0f, 1.0f, 1.0f, 1.0f);
  if (stream != Stream::fill) {
    value = buffers.a[i];
  }
  if (stream == Stream::add) {
    const float4 other = buffers.b[i];
    value.x += other.x;
    value.y += other.y;
    value.z += other.z;
    value.w += other.w;
  }
  return value;
}

__device__ void pass(Stream stream, const Buffers& buffers, size_t i) {
  const float4 value = combined(stream, buffers, i);
  if (stream == Stream::read) {
    if (value.x + value.y + value.z + value.w == -42.0f) { // never: the buffers hold zeros
      buffers.sink[0] = value.x;
    }
  } else {
    buffers.c[i] = value;
  }
}

/// Once over the buffers, two vectors a thread, as elementwise kernels do.
__global__ void __launch_bounds__(threads) stream_once(Stream stream, Buffers buffers) {
  const size_t first = (static_cast<size_t>(blockIdx.x) * 2) * threads + threadIdx.x;
  if (stream == Stream::sleep) {
    __nanosleep(3000);
    return;
  }
  pass(stream, buffers, first);
  pass(stream, buffers, first + threads);
}

/// Over and over for a time, in blocks that stay.
__global__ void __launch_bounds__(512)
    stream_for(Stream stream, Buffers buffers, unsigned long long ns, unsigned long long* passes) {
  const unsigned long long start = gpu_ns();
  const size_t step = static_cast<size_t>(gridDim.x) * blockDim.x;
  size_t i = static_cast<size_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  unsigned long long done = 0;
  while (gpu_ns() - start < ns) {
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      pass(stream, buffers, (i + static_cast<size_t>(k) * step) % vectors);
    }
    i = (i + 4 * step) % vectors;
    done += 4;
  }
  atomicAdd(passes, done);
}

__device__ unsigned int spread_over(unsigned int entries, unsigned int salt) {
  const unsigned int thread = blockIdx.x * blockDim.x + threadIdx.x;
  return (thread * 2654435761u + salt * 40503u) & (entries - 1);
}

/// `salt` moves every kernel of a chain to other places.
__global__ void __launch_bounds__(threads)
    link(Link what, const unsigned int* words, const float4* wide, unsigned int salt, float* sink) {
  const bool chases = what == Link::chase_l2 || what == Link::chase_8mb || what == Link::chase_dram;
  if (chases) {
    const unsigned int entries = what == Link::chase_l2    ? 1u << 18
                                 : what == Link::chase_8mb ? 1u << 21
                                                           : 1u << 27;
    unsigned int at = spread_over(entries, what == Link::chase_dram ? salt : 0);
#pragma unroll 1
    for (int k = 0; k < 8; ++k) {
      at = (at * 5 + 65537 + __ldcg(words + at)) & (entries - 1); // the words are zeros
    }
    if (at == entries) {
      sink[0] = 1.0f;
    }
  } else if (what == Link::read_8mb) {
    constexpr unsigned int count = (8u << 20) / sizeof(float4);
    float sum = 0.0f;
#pragma unroll 4
    for (unsigned int i = blockIdx.x * threads + threadIdx.x; i < count; i += gridDim.x * threads) {
      const float4 value = __ldcg(wide + i);
      sum += value.x + value.w;
    }
    if (sum == -42.0f) {
      sink[0] = sum;
    }
  } else if (what == Link::fma) {
    float a = static_cast<float>(threadIdx.x);
    float b = a + 1.0f;
#pragma unroll 16
    for (int k = 0; k < 1000; ++k) {
      a = a * 0.999f + 1.0f;
      b = b * 0.999f + 1.0f;
    }
    if (a + b == -42.0f) {
      sink[0] = a;
    }
  }
}

__global__ void hold(unsigned long long ns) {
  const unsigned long long start = gpu_ns();
  while (gpu_ns() - start < ns) {
  }
}

class StreamBench {
 public:
  StreamBench() {
    for (float4** buffer : {&buffers_.a, &buffers_.b, &buffers_.c, &wide_}) {
      CHECK(cudaMalloc(buffer, floats * sizeof(float)));
      CHECK(cudaMemset(*buffer, 0, floats * sizeof(float)));
    }
    CHECK(cudaMalloc(&buffers_.sink, 4096));
    CHECK(cudaMalloc(&passes_, sizeof *passes_));
    CHECK(cudaDeviceSynchronize());
  }
  ~StreamBench() {
    for (void* buffer : {static_cast<void*>(buffers_.a), static_cast<void*>(buffers_.b),
                         static_cast<void*>(buffers_.c), static_cast<void*>(wide_),
                         static_cast<void*>(buffers_.sink), static_cast<void*>(passes_)}) {
      cudaFree(buffer);
    }
  }
  StreamBench(const StreamBench&) = delete;
  StreamBench& operator=(const StreamBench&) = delete;

  /// `blocks`: of 512 threads that stay; 0 for the kernel that goes over the buffers once.
  void start(Stream stream, int blocks) {
    CHECK(cudaMemsetAsync(passes_, 0, sizeof *passes_, streams_.low));
    if (stream == Stream::none) {
      return;
    }
    if (blocks > 0) {
      stream_for<<<blocks, 512, 0, streams_.low>>>(stream, buffers_, stay_ns, passes_);
    } else {
      for (int k = 0; k < launches; ++k) {
        stream_once<<<once_blocks, threads, 0, streams_.low>>>(stream, buffers_);
      }
    }
    CHECK(cudaGetLastError());
    wait_until(host_ns() + 60e3); // until it runs everywhere
  }

  /// Bytes a second of DRAM that a neighbour moves alone.
  double bandwidth(Stream stream, int blocks) {
    const double each = 16.0 * (reads[static_cast<int>(stream)] + writes[static_cast<int>(stream)]);
    start(stream, blocks);
    CHECK(cudaDeviceSynchronize());
    if (blocks > 0) {
      unsigned long long passes = 0;
      CHECK(cudaMemcpy(&passes, passes_, sizeof passes, cudaMemcpyDeviceToHost));
      return static_cast<double>(passes) * each / (stay_ns * 1e-9);
    }
    stamps_.begin(streams_.low);
    stream_once<<<once_blocks, threads, 0, streams_.low>>>(stream, buffers_);
    stamps_.end(streams_.low);
    CHECK(cudaDeviceSynchronize());
    return static_cast<double>(vectors) * each / (stamps_.elapsed_ns(streams_.low) * 1e-9);
  }

  /// Time of a kernel of the chain with the gap to the next, once a repeat.
  std::vector<double> periods(Stream stream, int neighbour_blocks, Link what, int blocks) {
    std::vector<double> periods;
    for (int repeat = 0; repeat < repeats; ++repeat) {
      if (stream == Stream::none) { // what the chain reads is in the L2 but for chase_dram
        link<<<blocks, threads, 0, streams_.high>>>(what, words(), wide_, 0, buffers_.sink);
      }
      start(stream, neighbour_blocks);
      hold<<<1, 32, 0, streams_.high>>>(gate_ns);
      stamps_.begin(streams_.high);
      for (unsigned int k = 0; k < links; ++k) {
        link<<<blocks, threads, 0, streams_.high>>>(what, words(), wide_, k + 1, buffers_.sink);
      }
      stamps_.end(streams_.high);
      CHECK(cudaGetLastError());
      CHECK(cudaDeviceSynchronize());
      periods.push_back(stamps_.elapsed_ns(streams_.high) / (links + 1));
    }
    return periods;
  }

 private:
  static constexpr int once_blocks = vectors / threads / 2;

  [[nodiscard]] const unsigned int* words() const {
    return reinterpret_cast<const unsigned int*>(wide_);
  }

  TwoStreams streams_;
  Buffers buffers_{};
  float4* wide_ = nullptr;
  unsigned long long* passes_ = nullptr;
  Stamps stamps_;
};

struct Neighbour {
  Stream stream;
  int blocks;
};
constexpr Neighbour neighbours[] = {{Stream::none, 0},   {Stream::sleep, 0},  {Stream::read, 0},
                                    {Stream::fill, 0},   {Stream::scale, 0},  {Stream::add, 0},
                                    {Stream::read, 33},  {Stream::read, 66},  {Stream::read, 132},
                                    {Stream::fill, 33},  {Stream::fill, 66},  {Stream::fill, 132},
                                    {Stream::scale, 33}, {Stream::scale, 66}, {Stream::scale, 132}};

} // namespace

void streams(Results& results) {
  Table own{"stream_bandwidth",
            "DRAM traffic of a neighbour alone. Neighbours: " + numbered(stream_names) +
                "; blocks: of 512 threads that stay, 0 for a kernel of 131072 blocks of 128 "
                "threads with two vectors of 16 bytes each",
            2,
            {"neighbour", "blocks", "bytes_per_s"},
            {}};
  Table beside{"stream_beside",
               "a chain of 30 kernels of 128 threads a block, queued ahead in a stream of higher "
               "priority, beside a neighbour (as in stream_bandwidth): period of the chain, "
               "percentiles of " +
                   std::to_string(repeats) +
                   "; ratio: of the median to that with no neighbour. What a thread of the chain "
                   "does: " +
                   numbered(link_names),
               4,
               {"neighbour", "neighbour_blocks", "work", "blocks", "period_p10_ns", "period_p50_ns",
                "period_p90_ns", "ratio"},
               {}};
  StreamBench bench;
  const int sms = sm_count();
  for (const Neighbour& n : neighbours) {
    if (n.stream != Stream::none && n.stream != Stream::sleep) {
      bench.bandwidth(n.stream, n.blocks); // the first loads the code
      own.rows.push_back({static_cast<double>(n.stream), static_cast<double>(n.blocks),
                          bench.bandwidth(n.stream, n.blocks)});
    }
  }
  for (size_t w = 0; w < std::size(link_names); ++w) {
    for (const int blocks : {sms, 4 * sms}) {
      const auto what = static_cast<Link>(w);
      bench.periods(Stream::none, 0, what, blocks);
      double alone = 0;
      for (const Neighbour& n : neighbours) {
        const std::vector<double> periods = bench.periods(n.stream, n.blocks, what, blocks);
        const double middle = median(periods);
        alone = n.stream == Stream::none ? middle : alone;
        beside.rows.push_back({static_cast<double>(n.stream), static_cast<double>(n.blocks),
                               static_cast<double>(w), static_cast<double>(blocks),
                               percentile(periods, 0.1), middle, percentile(periods, 0.9),
                               middle / alone});
      }
    }
  }
  results.tables.push_back(std::move(own));
  results.tables.push_back(std::move(beside));
}

} // namespace calibrate
