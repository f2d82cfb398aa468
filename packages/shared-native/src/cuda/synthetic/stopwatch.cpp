#include "cuda/synthetic/stopwatch.h"

#include <algorithm>
#include <vector>

#include "cuda/synthetic/work.h"

namespace cotenant::cuda::synthetic {
namespace {

constexpr double kLaunchNs = 6000;  ///< of the host, generously; the wait covers it
constexpr double kHoldNs = 20'000;  ///< wait before any chain
constexpr double kMostHoldNs = 4e6; ///< a stream takes about a thousand launches ahead
constexpr double kWarmUpNs = 100e6;
constexpr double kChainNs = 60'000; ///< chains are about this long
constexpr int kMostInChain = 4;
constexpr int kRepeats = 3;

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

} // namespace

Stopwatch::Stopwatch(const Driver& driver, HelperKernels kernels, double empty_ns)
    : driver_(driver), kernels_(kernels), empty_ns_(empty_ns) {
  check(driver, driver.stream_create(&stream_, kStreamNonBlocking, 0),
        "cuStreamCreateWithPriority");
  check(driver, driver.event_create(&before_, kEventDefault), "cuEventCreate");
  check(driver, driver.event_create(&after_, kEventDefault), "cuEventCreate");
}

Stopwatch::~Stopwatch() {
  if (stream_ != nullptr) {
    driver_.stream_synchronize(stream_);
    driver_.stream_destroy(stream_);
  }
  for (const Event event : {before_, after_}) {
    if (event != nullptr) {
      driver_.event_destroy(event);
    }
  }
}

void Stopwatch::hold(double ns) {
  auto time = static_cast<unsigned long long>(ns);
  void* params[] = {&time};
  const LaunchConfig config{.grid = {1, 1, 1},
                            .block = {1, 1, 1},
                            .shared_bytes = 0,
                            .stream = stream_,
                            .attributes = nullptr,
                            .attribute_count = 0};
  check(driver_, driver_.launch_kernel(&config, kernels_.hold, params, nullptr),
        "cuLaunchKernelEx");
}

void Stopwatch::warm_up() {
  // In pieces: a display's watchdog, where there is one, ends long kernels.
  for (int i = 0; i < 20; ++i) {
    hold(kWarmUpNs / 20);
  }
  check(driver_, driver_.stream_synchronize(stream_), "warming up");
}

double Stopwatch::span_ns(int count, const std::function<void(int)>& launch) {
  hold(std::min(kHoldNs + kLaunchNs * count, kMostHoldNs));
  check(driver_, driver_.event_record(before_, stream_), "cuEventRecord");
  for (int i = 0; i < count; ++i) {
    launch(i);
  }
  check(driver_, driver_.event_record(after_, stream_), "cuEventRecord");
  check(driver_, driver_.event_synchronize(after_), "cuEventSynchronize");
  return elapsed_ns(driver_, before_, after_);
}

double Stopwatch::empty_chain_ns(int count) {
  double& known = empty_chains_[count];
  if (known == 0) {
    Work nothing;
    void* params[] = {&nothing};
    const LaunchConfig config{.grid = {1, 1, 1},
                              .block = {32, 1, 1},
                              .shared_bytes = 0,
                              .stream = stream_,
                              .attributes = nullptr,
                              .attribute_count = 0};
    std::vector<double> times;
    for (int i = 0; i < 9; ++i) {
      times.push_back(span_ns(count, [&](int) {
        check(driver_, driver_.launch_kernel(&config, kernels_.empty, params, nullptr),
              "cuLaunchKernelEx");
      }));
    }
    known = median(times);
  }
  return known;
}

double Stopwatch::duration_ns(double expected_ns, const std::function<void(int)>& launch) {
  const int count =
      std::clamp(static_cast<int>(kChainNs / std::max(expected_ns, 1.0)), 1, kMostInChain);
  std::vector<double> times;
  for (int i = 0; i < kRepeats; ++i) {
    times.push_back(span_ns(count, launch));
  }
  return (median(times) - empty_chain_ns(count)) / count + empty_ns_;
}

} // namespace cotenant::cuda::synthetic
