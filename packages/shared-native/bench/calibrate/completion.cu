// How a host learns that a kernel has ended and what asking costs, and what launching through the
// driver costs: the calls that a scheduler makes.
#include <cuda.h>
#include <dlfcn.h>

#include "common.h"

namespace calibrate {
namespace {

constexpr int repeats = 200;
constexpr int batch = 100;

/// The driver's entry points, found at run time so that nothing has to be linked.
template <typename F> F* entry(const char* name) {
  static void* const library = dlopen("libcuda.so.1", RTLD_NOW);
  void* const symbol = library == nullptr ? nullptr : dlsym(library, name);
  if (symbol == nullptr) {
    std::fprintf(stderr, "calibrate: the driver has no %s\n", name);
    std::exit(74);
  }
  return reinterpret_cast<F*>(symbol);
}

struct Calls {
  decltype(cuLaunchKernelEx)* launch = entry<decltype(cuLaunchKernelEx)>("cuLaunchKernelEx");
  decltype(cuEventRecord)* record = entry<decltype(cuEventRecord)>("cuEventRecord");
  decltype(cuEventQuery)* query = entry<decltype(cuEventQuery)>("cuEventQuery");
  decltype(cuStreamWriteValue32)* write =
      entry<decltype(cuStreamWriteValue32)>("cuStreamWriteValue32_v2");
};

void require(CUresult result, const char* what) {
  if (result != CUDA_SUCCESS) {
    std::fprintf(stderr, "calibrate: %s: error %d\n", what, static_cast<int>(result));
    std::exit(74);
  }
}

__global__ void one_argument(unsigned long long* at) {
  if (at == nullptr) {
    __trap();
  }
}

__global__ void twelve_arguments(unsigned long long* at, int, int, int, int, int, float, float,
                                 float, float, float, unsigned long long* other) {
  if (at == nullptr || other == nullptr) {
    __trap();
  }
}

__global__ void spin(unsigned long long ns, unsigned long long* end) {
  const unsigned long long begin = gpu_ns();
  while (gpu_ns() - begin < ns) {
  }
  end[0] = gpu_ns();
}

/// Its own flag, after all that it did is visible.
__global__ void spin_and_tell(unsigned long long ns, volatile unsigned long long* box,
                              unsigned long long told) {
  const unsigned long long begin = gpu_ns();
  while (gpu_ns() - begin < ns) {
  }
  box[0] = gpu_ns();
  __threadfence_system();
  box[16] = told;
}

/// Median over `repeats` of the host's time for one of `batch` calls in a row.
template <typename Call> double host_cost(cudaStream_t stream, const Call& call) {
  std::vector<double> costs;
  for (int i = 0; i < repeats / 4; ++i) {
    CHECK(cudaStreamSynchronize(stream));
    const double begin = host_ns();
    for (int k = 0; k < batch; ++k) {
      call();
    }
    costs.push_back((host_ns() - begin) / batch);
  }
  CHECK(cudaStreamSynchronize(stream));
  return median(costs);
}

void launches(Results& results, const Calls& calls, cudaStream_t stream, Mailbox& box) {
  cudaFunction_t one{};
  cudaFunction_t twelve{};
  CHECK(cudaGetFuncBySymbol(&one, reinterpret_cast<const void*>(one_argument)));
  CHECK(cudaGetFuncBySymbol(&twelve, reinterpret_cast<const void*>(twelve_arguments)));
  unsigned long long* at = box.device;
  int number = 7;
  float real = 1.0f;
  void* few[] = {&at};
  void* many[] = {&at,   &number, &number, &number, &number, &number,
                  &real, &real,   &real,   &real,   &real,   &at};
  CUlaunchAttribute attributes[2] = {};
  attributes[0].id = CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT;
  attributes[0].value.sharedMemCarveout = 100;
  attributes[1].id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION;
  attributes[1].value.clusterDim.x = 2;
  attributes[1].value.clusterDim.y = 1;
  attributes[1].value.clusterDim.z = 1;
  CUlaunchConfig config{};
  config.gridDimX = 2;
  config.gridDimY = config.gridDimZ = 1;
  config.blockDimX = 32;
  config.blockDimY = config.blockDimZ = 1;
  config.hStream = reinterpret_cast<CUstream>(stream);
  config.attrs = attributes;
  const auto cost = [&](const char* name, cudaFunction_t function, void** params,
                        unsigned int attribute_count, const char* what) {
    config.numAttrs = attribute_count;
    const auto call = [&] {
      require(calls.launch(&config, reinterpret_cast<CUfunction>(function), params, nullptr),
              "cuLaunchKernelEx");
    };
    call();
    results.add({name, host_cost(stream, call), "ns",
                 std::string("host time of one cuLaunchKernelEx in a loop of 100, ") + what +
                     ", median of 50 loops"});
  };
  cost("launch_1_argument_ns", one, few, 0, "1 argument");
  cost("launch_12_arguments_ns", twelve, many, 0, "12 arguments");
  cost("launch_1_argument_carveout_ns", one, few, 1, "1 argument, carve-out attribute");
  cost("launch_12_arguments_carveout_ns", twelve, many, 1, "12 arguments, carve-out attribute");
  cost("launch_1_argument_cluster_ns", one, few, 2, "1 argument, carve-out and cluster attributes");
}

/// A mark behind each launch, each asked for once when it has passed: what a scheduler that watches every op does.
void marked_launches(Results& results, const Calls& calls, cudaStream_t stream, Mailbox& box) {
  std::vector<cudaEvent_t> events(batch);
  for (cudaEvent_t& event : events) {
    CHECK(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  }
  const auto queue = reinterpret_cast<CUstream>(stream);
  const auto launch = [&] { one_argument<<<1, 32, 0, stream>>>(box.device); };
  size_t next = 0;
  const auto launch_marked = [&] {
    launch();
    require(calls.record(reinterpret_cast<CUevent>(events[next++ % events.size()]), queue),
            "cuEventRecord");
  };
  results.add({"launch_unmarked_ns", host_cost(stream, launch), "ns",
               "host time of one launch in a loop of 100"});
  results.add({"launch_marked_ns", host_cost(stream, launch_marked), "ns",
               "the same with an event of its own recorded behind each launch"});
  std::vector<double> asked;
  for (int i = 0; i < repeats / 4; ++i) {
    for (int k = 0; k < batch; ++k) {
      launch_marked();
    }
    CHECK(cudaStreamSynchronize(stream));
    const double begin = host_ns();
    for (cudaEvent_t event : events) {
      require(calls.query(reinterpret_cast<CUevent>(event)), "cuEventQuery");
    }
    asked.push_back((host_ns() - begin) / batch);
  }
  results.add({"mark_passed_ns", median(asked), "ns",
               "host time of the first cuEventQuery of such an event, which answers 'ready'"});
  for (cudaEvent_t event : events) {
    CHECK(cudaEventDestroy(event));
  }
}

void marks(Results& results, const Calls& calls, cudaStream_t stream, Mailbox& box) {
  cudaEvent_t event{};
  CHECK(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  const auto handle = reinterpret_cast<CUevent>(event);
  const auto queue = reinterpret_cast<CUstream>(stream);
  results.add({"event_record_ns",
               host_cost(stream, [&] { require(calls.record(handle, queue), "cuEventRecord"); }),
               "ns", "host time of one cuEventRecord without timing, in a loop of 100"});
  results.add({"event_query_ready_ns",
               host_cost(stream, [&] { require(calls.query(handle), "cuEventQuery"); }), "ns",
               "host time of one cuEventQuery that answers 'ready'"});
  marked_launches(results, calls, stream, box);
  const auto flag = reinterpret_cast<CUdeviceptr>(box.device + 64);
  if (calls.write(queue, flag, 1, CU_STREAM_WRITE_VALUE_DEFAULT) != CUDA_SUCCESS) {
    std::fprintf(stderr, "calibrate: this GPU writes no values from streams\n");
    return;
  }
  results.add({"write_value_ns",
               host_cost(stream,
                         [&] {
                           require(calls.write(queue, flag, 1, CU_STREAM_WRITE_VALUE_DEFAULT),
                                   "cuStreamWriteValue32");
                         }),
               "ns", "host time of one cuStreamWriteValue32 to mapped host memory"});
  CHECK(cudaEventDestroy(event));
}

void latencies(Results& results, const Calls& calls, cudaStream_t stream, Mailbox& box) {
  const ClockOffset clock = clock_offset();
  cudaEvent_t event{};
  CHECK(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  const auto handle = reinterpret_cast<CUevent>(event);
  const auto queue = reinterpret_cast<CUstream>(stream);
  const auto flag = reinterpret_cast<CUdeviceptr>(box.device + 64);
  const auto* const seen_flag = reinterpret_cast<volatile const unsigned int*>(box.host + 64);
  constexpr double patience_ns = 50e6;

  const auto report = [&](const std::string& name, const std::vector<double>& waits,
                          const std::string& what) {
    results.add({name + "_p50_ns", percentile(waits, 0.5), "ns",
                 "last instruction of a kernel to " + what + ", median of 200"});
    results.add({name + "_p99_ns", percentile(waits, 0.99), "ns", "the same, 99th percentile"});
  };
  const auto since = [&](double seen, volatile const unsigned long long* end) {
    return seen + clock.offset_ns - static_cast<double>(*end);
  };

  std::vector<double> by_event;
  std::vector<double> by_value;
  std::vector<double> by_kernel;
  for (int i = 1; i <= repeats; ++i) {
    spin<<<1, 1, 0, stream>>>(40'000, box.device);
    require(calls.record(handle, queue), "cuEventRecord");
    double begin = host_ns();
    while (calls.query(handle) == CUDA_ERROR_NOT_READY && host_ns() - begin < patience_ns) {
    }
    by_event.push_back(since(host_ns(), box.host));

    const auto told = static_cast<unsigned int>(i + 1);
    spin<<<1, 1, 0, stream>>>(40'000, box.device);
    if (calls.write(queue, flag, told, CU_STREAM_WRITE_VALUE_DEFAULT) == CUDA_SUCCESS) {
      begin = host_ns();
      while (*seen_flag != told && host_ns() - begin < patience_ns) {
      }
      by_value.push_back(since(host_ns(), box.host));
    }
    CHECK(cudaStreamSynchronize(stream));

    box.host[48] = 0;
    spin_and_tell<<<1, 1, 0, stream>>>(40'000, box.device + 32, static_cast<unsigned long long>(i));
    begin = host_ns();
    while (box.host[48] != static_cast<unsigned long long>(i) && host_ns() - begin < patience_ns) {
    }
    by_kernel.push_back(since(host_ns(), box.host + 32));
    CHECK(cudaStreamSynchronize(stream));
  }
  report("seen_by_event", by_event, "the cuEventQuery that reports it");
  if (!by_value.empty()) {
    report("seen_by_write_value", by_value,
           "the host's view of a value that cuStreamWriteValue32 writes behind it");
  }
  report("seen_by_kernel_flag", by_kernel, "the host's view of a flag that the kernel writes");
  CHECK(cudaEventDestroy(event));
}

} // namespace

void completion_constants(Results& results) {
  cudaStream_t stream{};
  CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  const Calls calls;
  Mailbox box;
  // Functions are loaded at their first launch.
  spin<<<1, 1, 0, stream>>>(0, box.device);
  spin_and_tell<<<1, 1, 0, stream>>>(0, box.device, 0);
  CHECK(cudaStreamSynchronize(stream));
  launches(results, calls, stream, box);
  marks(results, calls, stream, box);
  latencies(results, calls, stream, box);
  CHECK(cudaStreamDestroy(stream));
}

} // namespace calibrate
