// A management library for tests: counters of one GPU that does what the test says.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "base/time.h"
#include "cuda/coordinator/nvml.h"

namespace cotenant::cuda {

/// One at a time: the library's functions are plain ones.
class FakeNvml {
 public:
  /// What a sample buffer holds.
  struct Reading {
    int index = 0; ///< among all samples that were taken
    Nanos at = 0;
  };

  FakeNvml() { current() = this; }
  ~FakeNvml() { current() = nullptr; }
  FakeNvml(const FakeNvml&) = delete;
  FakeNvml& operator=(const FakeNvml&) = delete;

  // Before it is used
  std::string uuid = "GPU-fake";
  NvmlResult support_result = kNvmlSuccess;
  bool supported = true;
  NvmlResult first_result = kNvmlSuccess; ///< of the first sample
  int fails_from = 1 << 30;               ///< the first sample that cannot be taken
  NvmlResult metric_result = kNvmlSuccess;
  std::function<Nanos()> take = [] { return Nanos{0}; }; ///< takes a sample, and says when
  /// In percent.
  std::function<double(GpmCounter, const Reading& from, const Reading& to)> value =
      [](GpmCounter, const Reading&, const Reading&) { return 50.0; };

  std::atomic<int> samples{0};
  std::atomic<int> buffers{0}; ///< allocated and not freed

  const Nvml table = {
      .init = [] { return kNvmlSuccess; },
      .error_string = [](NvmlResult result) -> const char* {
        return result == kNvmlNotSupported   ? "Not Supported"
               : result == kNvmlNoPermission ? "Insufficient Permissions"
               : result == kNvmlNotFound     ? "Not Found"
                                             : "GPU is lost";
      },
      .device_by_uuid =
          [](const char* asked, NvmlDevice* device) {
            *device = reinterpret_cast<NvmlDevice>(current());
            return current()->uuid == asked ? kNvmlSuccess : kNvmlNotFound;
          },
      .gpm_support =
          [](NvmlDevice, GpmSupport* support) {
            support->supported = current()->supported ? 1 : 0;
            return current()->support_result;
          },
      .gpm_sample_alloc =
          [](GpmSample* sample) {
            *sample = reinterpret_cast<GpmSample>(new Reading);
            ++current()->buffers;
            return kNvmlSuccess;
          },
      .gpm_sample_free =
          [](GpmSample sample) {
            delete reinterpret_cast<Reading*>(sample);
            --current()->buffers;
            return kNvmlSuccess;
          },
      .gpm_sample_get =
          [](NvmlDevice, GpmSample sample) {
            FakeNvml& self = *current();
            const int index = self.samples++;
            *reinterpret_cast<Reading*>(sample) = {.index = index, .at = self.take()};
            return index == 0                 ? self.first_result
                   : index >= self.fails_from ? kGpuIsLost
                                              : kNvmlSuccess;
          },
      .gpm_metrics_get =
          [](GpmQuery* query) {
            for (unsigned i = 0; i < query->count; ++i) {
              GpmValue& asked = query->values.at(i);
              asked.result = current()->metric_result;
              asked.value =
                  current()->value(asked.counter, *reinterpret_cast<Reading*>(query->from),
                                   *reinterpret_cast<Reading*>(query->to));
            }
            return kNvmlSuccess;
          }};

 private:
  static constexpr NvmlResult kGpuIsLost = 15;
  static FakeNvml*& current() {
    static FakeNvml* fake = nullptr;
    return fake;
  }
};

} // namespace cotenant::cuda
