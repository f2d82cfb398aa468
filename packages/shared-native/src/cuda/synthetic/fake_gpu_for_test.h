// A GPU for tests of the synthetic lane: driver functions that keep time by a simple model. One at a
// time, because the driver's functions carry no state of their own.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "cuda/driver.h"
#include "cuda/synthetic/kernel_source.h"
#include "cuda/synthetic/work.h"
#include "device/gpu_spec_for_test.h"
#include "program/occupancy.h"

namespace cotenant::cuda::synthetic {

/// Streams run one op after another on one clock; modules are their own source text.
class FakeGpu {
 public:
  /// One launch of a generated kernel, as the driver was asked for it.
  struct Launch {
    std::string kernel;
    LaunchConfig config;
    std::vector<LaunchAttribute> attributes;
    Work work;
  };

  FakeGpu() {
    one() = this;
    driver.error_name = nullptr;
    driver.context_get_device = [](Device* d) { return *d = 0, kSuccess; };
    driver.device_attribute = [](int* value, int attribute, Device) {
      return *value = attribute == kDeviceComputeMajor ? 9 : 0, kSuccess;
    };
    driver.context_synchronize = [] { return kSuccess; };
    driver.stream_create = [](Stream* s, unsigned, int) {
      return *s = reinterpret_cast<Stream>(8), ++one()->alive, kSuccess;
    };
    driver.stream_destroy = [](Stream) { return --one()->alive, kSuccess; };
    driver.stream_synchronize = [](Stream) { return kSuccess; };
    driver.event_create = [](Event* e, unsigned) {
      one()->events.push_back(0);
      return *e = reinterpret_cast<Event>(one()->events.size()), ++one()->alive, kSuccess;
    };
    driver.event_destroy = [](Event) { return --one()->alive, kSuccess; };
    driver.event_record = [](Event e, Stream) {
      return one()->events[reinterpret_cast<std::size_t>(e) - 1] = one()->now_ns, kSuccess;
    };
    driver.event_synchronize = [](Event) { return kSuccess; };
    driver.event_elapsed_ms = [](float* ms, Event a, Event b) {
      const auto at = [](Event e) { return one()->events[reinterpret_cast<std::size_t>(e) - 1]; };
      return *ms = static_cast<float>((at(b) - at(a)) * 1e-6), kSuccess;
    };
    driver.memory_alloc = [](DevicePointer* p, std::size_t bytes) {
      if (bytes > one()->memory_limit) {
        return kOutOfMemory;
      }
      one()->allocations.push_back(bytes);
      return *p = one()->allocations.size() << 40, ++one()->alive, kSuccess;
    };
    driver.memory_free = [](DevicePointer) { return --one()->alive, kSuccess; };
    driver.host_alloc = [](void** p, std::size_t bytes, unsigned) {
      return *p = std::malloc(bytes), ++one()->alive, kSuccess;
    };
    driver.host_free = [](void* p) { return std::free(p), --one()->alive, kSuccess; };
    driver.memset_8 = [](DevicePointer, unsigned char, std::size_t bytes, Stream) {
      return one()->now_ns += 1500 + static_cast<double>(bytes) / 2000, kSuccess;
    };
    driver.memset_32 = [](DevicePointer, unsigned, std::size_t count, Stream) {
      return one()->now_ns += 1500 + static_cast<double>(count) / 500, kSuccess;
    };
    driver.memcpy_to_device = [](DevicePointer, const void*, std::size_t) { return kSuccess; };
    driver.memcpy_3d = [](const Memcpy3D* copy, Stream) {
      return one()->now_ns += 1500 + static_cast<double>(copy->width) / 55, kSuccess;
    };
    driver.module_load = [](Module* m, const void* image) {
      one()->source = static_cast<const char*>(image);
      return *m = reinterpret_cast<Module>(8), ++one()->alive, kSuccess;
    };
    driver.module_unload = [](Module) { return --one()->alive, kSuccess; };
    driver.module_function = [](Function* f, Module, const char* name) {
      if (one()->source.find(std::string(" ") + name + "(") == std::string::npos) {
        return 500; // not found
      }
      one()->functions.emplace_back(name);
      return *f = reinterpret_cast<Function>(one()->functions.size()), kSuccess;
    };
    driver.function_attribute = [](int* value, int attribute, Function f) {
      const auto set = one()->attributes.find({name_of(f), attribute});
      *value = attribute == kFunctionRegisters
                   ? static_cast<int>(variant_of(f).registers) - one()->registers_short
               : set != one()->attributes.end() ? set->second
                                                : 48 * 1024;
      return kSuccess;
    };
    driver.function_set_attribute = [](Function f, int attribute, int value) {
      return one()->attributes[{name_of(f), attribute}] = value, kSuccess;
    };
    driver.occupancy_blocks = [](int* blocks, Function f, int threads, std::size_t shared) {
      Op op;
      op.block.x = static_cast<std::uint32_t>(threads);
      op.registers = variant_of(f).registers;
      op.smem_static = variant_of(f).shared_static;
      op.smem_dynamic = static_cast<std::uint32_t>(shared);
      try {
        *blocks = static_cast<int>(blocks_per_sm(h200_for_test(), op));
      } catch (const InputError&) {
        *blocks = 0; // not one fits
      }
      return kSuccess;
    };
    driver.launch_kernel = [](const LaunchConfig* config, Function f, void** params, void**) {
      return one()->launch(*config, name_of(f), params[0]);
    };
  }
  FakeGpu(const FakeGpu&) = delete;
  FakeGpu& operator=(const FakeGpu&) = delete;

  Driver driver;
  double now_ns = 1000;
  int alive = 0; ///< what was made and not destroyed
  std::size_t memory_limit = std::size_t{1} << 40;
  int registers_short = 0; ///< by which compiled kernels have fewer registers than asked for
  std::string source;
  std::vector<Launch> launches;
  std::vector<std::size_t> allocations;
  std::map<std::pair<std::string, int>, int> attributes;

 private:
  static FakeGpu*& one() {
    static FakeGpu* current = nullptr;
    return current;
  }
  static const std::string& name_of(Function f) {
    return one()->functions[reinterpret_cast<std::size_t>(f) - 1];
  }
  static Variant variant_of(Function f) {
    const std::string& name = name_of(f);
    const std::size_t s = name.find("_s");
    return {.registers = static_cast<std::uint32_t>(std::atoi(name.c_str() + 10)),
            .shared_static = static_cast<std::uint32_t>(std::atoi(name.c_str() + s + 2))};
  }

  /// An empty kernel takes 736 ns, and 813 ns pass between two. Rows and multiply-adds overlap,
  /// hops do not: roughly what a GPU does.
  Result launch(const LaunchConfig& config, const std::string& kernel, const void* argument) {
    now_ns += 813;
    if (kernel == "cotenant_hold") {
      now_ns += static_cast<double>(*static_cast<const unsigned long long*>(argument));
      return kSuccess;
    }
    now_ns += 736;
    if (kernel == "cotenant_empty") {
      return kSuccess;
    }
    const Work& w = *static_cast<const Work*>(argument);
    launches.push_back(
        {kernel, config, {config.attributes, config.attributes + config.attribute_count}, w});
    const double blocks = double{1} * config.grid[0] * config.grid[1] * config.grid[2];
    const double waves = std::ceil(blocks / (132 * 4));
    const auto part = [](std::uint32_t whole, std::uint32_t fraction) {
      return whole + fraction / 4294967296.0;
    };
    const double rows = part(w.read_rows, w.read_part) + part(w.write_rows, w.write_part);
    const double rounds = double{1} * w.fma_each * w.steps + w.fma_more;
    const double streaming = rows * blocks * kRowBytes / 4300;
    now_ns += std::max(streaming, rounds * 30 * waves) + part(w.hops, w.hop_part) * 140 * waves;
    return kSuccess;
  }

  std::vector<double> events;
  std::vector<std::string> functions;
};

/// Stands for NVRTC: the image is the source.
inline std::string keep_source(const std::string& source, const std::string&) {
  return source;
}

} // namespace cotenant::cuda::synthetic
