// Where blocks land: alone, beside a kernel that holds some of the SMs, and in slots that become
// free.
#include <map>

#include "common.h"

namespace calibrate {
namespace {

constexpr size_t most_blocks = 8192;

__device__ void note(Landing* landings, unsigned long long start, unsigned int cycles) {
  if (threadIdx.x == 0) {
    landings[blockIdx.x] = {sm_id(), cycles, start, gpu_ns()};
  }
}

/// Every block stays for `ns`, longer by up to `spread_ns` according to its index.
__global__ void stay(Landing* landings, unsigned long long ns, unsigned long long spread_ns) {
  const unsigned long long start = gpu_ns();
  const unsigned long long time = ns + (blockIdx.x * 2654435769u) % (spread_ns + 1);
  while (gpu_ns() - start < time) {
    __nanosleep(100);
  }
  note(landings, start, 0);
}

/// A fixed amount of arithmetic: two chains of multiply-adds a thread, as contention.cu has it.
__global__ void compute(Landing* landings, float* sink) {
  const unsigned long long start = gpu_ns();
  const long long begin = clock64();
  float a = static_cast<float>(threadIdx.x);
  float b = a + 1.0f;
#pragma unroll 64
  for (int k = 0; k < 20000; ++k) {
    a = a * 0.999f + 1.0f;
    b = b * 0.999f + 1.0f;
  }
  if (a + b == 42.0f) {
    sink[0] = a;
  }
  note(landings, start, static_cast<unsigned int>(clock64() - begin));
}

struct Spread {
  double sms = 0;
  double most = 0;
  double on_background = 0;
};

Spread spread(const std::vector<Landing>& front, const std::vector<Landing>& back) {
  std::map<unsigned int, int> counts;
  for (const Landing& l : front) {
    ++counts[l.sm];
  }
  std::map<unsigned int, int> held;
  for (const Landing& l : back) {
    ++held[l.sm];
  }
  Spread result;
  result.sms = static_cast<double>(counts.size());
  for (const auto& [sm, count] : counts) {
    result.most = std::max(result.most, static_cast<double>(count));
    result.on_background += held.count(sm) != 0 ? count : 0;
  }
  return result;
}

double span(const std::vector<Landing>& landings) {
  unsigned long long first = ~0ULL;
  unsigned long long last = 0;
  for (const Landing& l : landings) {
    first = std::min(first, l.start);
    last = std::max(last, l.end);
  }
  return static_cast<double>(last - first);
}

double start_spread(const std::vector<Landing>& landings) {
  unsigned long long first = ~0ULL;
  unsigned long long last = 0;
  for (const Landing& l : landings) {
    first = std::min(first, l.start);
    last = std::max(last, l.start);
  }
  return static_cast<double>(last - first);
}

double median_block(const std::vector<Landing>& landings) {
  std::vector<double> times;
  for (const Landing& l : landings) {
    times.push_back(static_cast<double>(l.end - l.start));
  }
  return median(times);
}

double median_clock_mhz(const std::vector<Landing>& landings) {
  std::vector<double> clocks;
  for (const Landing& l : landings) {
    clocks.push_back(1e3 * l.cycles / static_cast<double>(std::max(l.end - l.start, 1ULL)));
  }
  return median(clocks);
}

/// The order in which an idle GPU is filled.
void order_alone(Results& results, const TwoStreams& streams, const Landings& log) {
  const int sms = sm_count();
  Table table{"placement_order",
              "SM of every block of two a SM, 128 threads each, on the idle GPU, in order of index",
              2,
              {"block", "sm", "start_ns"},
              {}};
  launch(stay, 2 * sms, 128, 0, -1, streams.high, log.device(), 100'000ULL, 0ULL);
  CHECK(cudaDeviceSynchronize());
  const auto landings = log.read(static_cast<size_t>(2 * sms));
  unsigned long long first = ~0ULL;
  for (const Landing& l : landings) {
    first = std::min(first, l.start);
  }
  for (size_t i = 0; i < landings.size(); ++i) {
    table.rows.push_back({static_cast<double>(i), static_cast<double>(landings[i].sm),
                          static_cast<double>(landings[i].start - first)});
  }
  results.tables.push_back(std::move(table));
}

/// The computing kernel of contention.cu in several sizes beside one block of 512 threads on some
/// SMs, which does nothing but stay: what is slower here is slower by its place.
void beside(Results& results, const TwoStreams& streams, const Landings& back_log,
            const Landings& front_log) {
  float* sink = nullptr;
  CHECK(cudaMalloc(&sink, 4096));
  const int sms = sm_count();
  Table table{"placement_beside",
              "blocks of 128 threads that compute, in a stream of higher priority, beside a kernel "
              "of one block of 512 threads a SM on some SMs that only sleeps, median of 5; "
              "carveout -1: no preference",
              3,
              {"background_blocks", "carveout", "blocks", "sms_used", "most_on_one_sm",
               "on_background_sms", "last_start_ns", "block_ns", "kernel_ns", "clock_mhz"},
              {}};
  for (const int back : {0, sms / 4, sms / 2, 3 * sms / 4, sms}) {
    for (const int carveout : {-1, 100}) {
      for (const int blocks : {sms / 2, sms, 3 * sms / 2, 2 * sms, 3 * sms, 4 * sms}) {
        std::vector<std::vector<double>> samples(7);
        for (int repeat = 0; repeat < 5; ++repeat) {
          if (back > 0) {
            launch(stay, back, 512, 0, carveout, streams.low, back_log.device(), 1'500'000ULL,
                   0ULL);
            wait_until(host_ns() + 200e3);
          }
          launch(compute, blocks, 128, 0, carveout, streams.high, front_log.device(), sink);
          CHECK(cudaDeviceSynchronize());
          const auto front = front_log.read(static_cast<size_t>(blocks));
          const auto held = back_log.read(static_cast<size_t>(back));
          const Spread where = spread(front, held);
          const double values[] = {
              where.sms,           where.most,  where.on_background,    start_spread(front),
              median_block(front), span(front), median_clock_mhz(front)};
          for (size_t i = 0; i < samples.size(); ++i) {
            samples[i].push_back(values[i]);
          }
        }
        std::vector<double> row{static_cast<double>(back), static_cast<double>(carveout),
                                static_cast<double>(blocks)};
        for (const auto& values : samples) {
          row.push_back(median(values));
        }
        table.rows.push_back(std::move(row));
      }
    }
  }
  results.tables.push_back(std::move(table));
  CHECK(cudaFree(sink));
}

/// How soon the slot of a block that ends is filled by the next of the same kernel, and whether that
/// waits for the other blocks of the SM.
void refill(Results& results, const TwoStreams& streams, const Landings& log) {
  const int sms = sm_count();
  const int blocks = 12 * sms; // two a SM at a time
  launch(stay, blocks, 1024, 0, -1, streams.high, log.device(), 20'000ULL, 20'000ULL);
  CHECK(cudaDeviceSynchronize());
  std::map<unsigned int, std::vector<Landing>> by_sm;
  for (const Landing& l : log.read(static_cast<size_t>(blocks))) {
    by_sm[l.sm].push_back(l);
  }
  std::vector<double> gaps;
  double singly = 0;
  for (auto& [sm, landings] : by_sm) {
    for (const Landing& l : landings) {
      unsigned long long freed = 0;
      bool neighbour = false;
      for (const Landing& other : landings) {
        if (other.end <= l.start) {
          freed = std::max(freed, other.end);
        } else if (other.start < l.start) {
          neighbour = true;
        }
      }
      if (freed != 0) {
        gaps.push_back(static_cast<double>(l.start - freed));
        singly += neighbour ? 1 : 0;
      }
    }
  }
  const double refills = static_cast<double>(std::max<size_t>(gaps.size(), 1));
  results.add({"refill_ns", median(gaps), "ns",
               "end of a block to the start of the next of its kernel on that SM, two blocks of "
               "1024 threads a SM, median"});
  results.add({"refill_p99_ns", percentile(gaps, 0.99), "ns", "the same, 99th percentile"});
  results.add({"refill_singly", singly / refills, "ratio",
               "share of those starts while the SM's other block was still running"});
}

/// Blocks of 1024 threads that wait while eight blocks of 256 threads a SM come and go: does freed
/// space gather for them?
void large_among_small(Results& results, const TwoStreams& streams, const Landings& back_log,
                       const Landings& front_log) {
  const int sms = sm_count();
  const int back = std::min<int>(40 * 8 * sms, most_blocks * 8);
  cudaStream_t equal{};
  CHECK(cudaStreamCreateWithFlags(&equal, cudaStreamNonBlocking));
  for (const bool higher : {true, false}) {
    std::vector<double> first;
    std::vector<double> last;
    for (int repeat = 0; repeat < 7; ++repeat) {
      const cudaStream_t behind = higher ? streams.low : equal;
      const cudaStream_t front = higher ? streams.high : streams.low;
      launch(stay, back, 256, 0, -1, behind, back_log.device(), 40'000ULL, 20'000ULL);
      wait_until(host_ns() + 400e3);
      launch(stay, sms, 1024, 0, -1, front, front_log.device(), 20'000ULL, 0ULL);
      CHECK(cudaDeviceSynchronize());
      unsigned long long begin = ~0ULL;
      for (const Landing& l : back_log.read(static_cast<size_t>(8 * sms))) {
        begin = std::min(begin, l.start);
      }
      std::vector<double> starts;
      for (const Landing& l : front_log.read(static_cast<size_t>(sms))) {
        starts.push_back(static_cast<double>(l.start - begin) - 400e3);
      }
      first.push_back(percentile(starts, 0));
      last.push_back(percentile(starts, 1));
    }
    const std::string name = higher ? "large_block_first_ns" : "large_block_equal_first_ns";
    const std::string name_last = higher ? "large_block_last_ns" : "large_block_equal_last_ns";
    const std::string how =
        std::string("one block of 1024 threads a SM, launched 0.4 ms into a kernel of eight blocks "
                    "of 256 threads a SM that last 40 to 60 us, in a stream of ") +
        (higher ? "higher" : "the same") + " priority, median of 7: ";
    results.add({name, median(first), "ns", how + "until the first starts, from that launch"});
    results.add({name_last, median(last), "ns", how + "until the last starts"});
  }
  CHECK(cudaStreamDestroy(equal));
}

} // namespace

void placement(Results& results) {
  const TwoStreams streams;
  const Landings back(most_blocks * 8);
  const Landings front(most_blocks);
  // Functions are loaded at their first launch.
  launch(stay, 1, 32, 0, -1, streams.low, back.device(), 0ULL, 0ULL);
  CHECK(cudaDeviceSynchronize());
  order_alone(results, streams, front);
  beside(results, streams, back, front);
  refill(results, streams, front);
  large_among_small(results, streams, back, front);
}

} // namespace calibrate
