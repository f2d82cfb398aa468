// Helpers of the calibration programs: error checks, medians, host time, and the offset between the
// host's clock and the GPU's.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cuda_runtime.h>
#include <string>
#include <utility>
#include <vector>

#define CHECK(call)                                                                                \
  do {                                                                                             \
    const cudaError_t check_result = (call);                                                       \
    if (check_result != cudaSuccess) {                                                             \
      std::fprintf(stderr, "calibrate: %s:%d: %s: %s\n", __FILE__, __LINE__, #call,                \
                   cudaGetErrorString(check_result));                                              \
      std::exit(74);                                                                               \
    }                                                                                              \
  } while (0)

namespace calibrate {

/// A measured constant: name, value, unit, how it was measured.
struct Result {
  std::string name;
  double value;
  std::string unit;
  std::string method;
};

/// Measurements that belong together: one row a case. The first `keys` columns say which case it is,
/// the others are measured.
struct Table {
  std::string name;
  std::string method;
  size_t keys;
  std::vector<std::string> columns;
  std::vector<std::vector<double>> rows;
};

struct Results {
  std::vector<Result> constants;
  std::vector<Table> tables;

  void add(Result result) { constants.push_back(std::move(result)); }
};

inline double host_ns() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::nano>(now).count();
}

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0.0 : values[values.size() / 2];
}

/// The value below which the share `p` of the values lies.
inline double percentile(std::vector<double> values, double p) {
  std::sort(values.begin(), values.end());
  const auto last = static_cast<double>(values.size()) - 1;
  return values.empty() ? 0.0 : values[static_cast<size_t>(p * last + 0.5)];
}

/// Waits without giving up the core.
inline void wait_until(double ns) {
  while (host_ns() < ns) {
  }
}

__device__ inline unsigned int sm_id() {
  unsigned int id;
  asm volatile("mov.u32 %0, %%smid;" : "=r"(id));
  return id;
}

/// Of the warp, among those of its SM.
__device__ inline unsigned int warp_slot() {
  unsigned int id;
  asm volatile("mov.u32 %0, %%warpid;" : "=r"(id));
  return id;
}

__device__ inline unsigned long long gpu_ns() {
  unsigned long long now;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
  return now;
}

/// Words that host and GPU both see without copies.
struct Mailbox {
  volatile unsigned long long* host = nullptr;
  unsigned long long* device = nullptr;

  Mailbox() {
    void* memory = nullptr;
    CHECK(cudaHostAlloc(&memory, 4096, cudaHostAllocMapped));
    host = static_cast<volatile unsigned long long*>(memory);
    for (int i = 0; i < 512; ++i) {
      host[i] = 0;
    }
    CHECK(cudaHostGetDevicePointer(reinterpret_cast<void**>(&device), memory, 0));
  }
};

/// GPU time minus host time, good to about half of a round trip.
struct ClockOffset {
  double offset_ns;
  double round_trip_ns;
};
ClockOffset clock_offset();

/// Where and when a block ran, by the GPU's clock.
struct Landing {
  unsigned int sm;
  unsigned int cycles; ///< of the SM's clock
  unsigned long long start;
  unsigned long long end;
  unsigned int warp; ///< slot of the block's first warp
};

/// Blocks of all measurements spin until a deadline or do bounded work: none waits for another.
class Landings {
 public:
  explicit Landings(size_t most) {
    CHECK(cudaMalloc(&device_, most * sizeof(Landing)));
    CHECK(cudaMemset(device_, 0, most * sizeof(Landing)));
  }
  ~Landings() { cudaFree(device_); }
  Landings(const Landings&) = delete;
  Landings& operator=(const Landings&) = delete;

  [[nodiscard]] Landing* device() const { return device_; }
  /// The first `count`; everything must have ended.
  [[nodiscard]] std::vector<Landing> read(size_t count) const {
    std::vector<Landing> landings(count);
    CHECK(cudaMemcpy(landings.data(), device_, count * sizeof(Landing), cudaMemcpyDeviceToHost));
    return landings;
  }

 private:
  Landing* device_ = nullptr;
};

/// Two streams, of the lowest and of the highest priority.
struct TwoStreams {
  cudaStream_t low{};
  cudaStream_t high{};

  TwoStreams() {
    int least = 0;
    int greatest = 0;
    CHECK(cudaDeviceGetStreamPriorityRange(&least, &greatest));
    CHECK(cudaStreamCreateWithPriority(&low, cudaStreamNonBlocking, least));
    CHECK(cudaStreamCreateWithPriority(&high, cudaStreamNonBlocking, greatest));
  }
  ~TwoStreams() {
    cudaStreamDestroy(low);
    cudaStreamDestroy(high);
  }
  TwoStreams(const TwoStreams&) = delete;
  TwoStreams& operator=(const TwoStreams&) = delete;
};

/// Launches on `stream` again and again, so that one launch always waits behind another, while `goes_on`; then waits for
/// the last.
template <typename GoesOn, typename Launch>
void keep_two_queued(cudaStream_t stream, const GoesOn& goes_on, const Launch& launch) {
  cudaEvent_t ended[2]{};
  for (cudaEvent_t& event : ended) {
    CHECK(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  }
  for (int i = 0; goes_on(); ++i) {
    CHECK(cudaEventSynchronize(ended[i % 2]));
    launch();
    CHECK(cudaEventRecord(ended[i % 2], stream));
  }
  CHECK(cudaDeviceSynchronize());
  for (const cudaEvent_t event : ended) {
    CHECK(cudaEventDestroy(event));
  }
}

/// What the numbers that stand for names in a table mean.
template <size_t size> std::string numbered(const char* const (&names)[size]) {
  std::string text;
  for (size_t i = 0; i < size; ++i) {
    text += std::to_string(i) + " " + names[i] + (i + 1 < size ? ", " : "");
  }
  return text;
}

/// Launches with a preferred share of shared memory in percent; negative: no preference.
template <typename... Arguments, typename... Given>
void launch(void (*kernel)(Arguments...), int blocks, int threads, size_t shared_bytes,
            int carveout, cudaStream_t stream, Given... given) {
  cudaLaunchAttribute attribute{};
  attribute.id = cudaLaunchAttributePreferredSharedMemoryCarveout;
  attribute.val.sharedMemCarveout = static_cast<unsigned int>(carveout);
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(static_cast<unsigned int>(blocks));
  config.blockDim = dim3(static_cast<unsigned int>(threads));
  config.dynamicSmemBytes = shared_bytes;
  config.stream = stream;
  config.attrs = &attribute;
  config.numAttrs = carveout >= 0 ? 1 : 0;
  CHECK(cudaLaunchKernelEx(&config, kernel, static_cast<Arguments>(given)...));
}

inline int sm_count() {
  int count = 0;
  CHECK(cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, 0));
  return count;
}

void launch_constants(Results& results);
void completion_constants(Results& results);
void link_constants(Results& results);
void contention(Results& results);
void placement(Results& results);
void split_rule(Results& results);
void split_held(Results& results);
void takeover(Results& results);
void pairs(Results& results);
void block_spread(Results& results);
void chain_beside(Results& results);
void tiles(Results& results);
void slots(Results& results);
void pauses(Results& results);
void residence(Results& results);
void streams(Results& results);
void queues(Results& results);
/// Fork, so they run before this process touches CUDA.
void timeslice_constants(Results& results);
void mps_pair(Results& results);
void mps_chain(Results& results);
void mps_queues(Results& results);

} // namespace calibrate
