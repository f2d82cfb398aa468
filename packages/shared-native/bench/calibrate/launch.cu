// What a kernel launch costs: on the host, until the kernel starts, between kernels of a stream,
// and until the host knows of its end.
#include "common.h"

namespace calibrate {
namespace {

constexpr int repeats = 200;

__global__ void empty() {}

__global__ void stamp(unsigned long long* times) {
  times[0] = gpu_ns();
}

__global__ void spin(unsigned long long ns, unsigned long long* end) {
  const unsigned long long begin = gpu_ns();
  while (gpu_ns() - begin < ns) {
  }
  end[0] = gpu_ns();
}

void host_cost(Results& results, cudaStream_t stream) {
  std::vector<double> costs;
  for (int i = 0; i < repeats; ++i) {
    CHECK(cudaDeviceSynchronize());
    const double begin = host_ns();
    for (int k = 0; k < 100; ++k) {
      empty<<<1, 32, 0, stream>>>();
    }
    costs.push_back((host_ns() - begin) / 100.0);
  }
  CHECK(cudaDeviceSynchronize());
  results.add(
      {"launch_host_ns", median(costs), "ns",
       "host time of one launch in a loop of 100 from C++, runtime API, median of 200 loops"});
}

void start_latency(Results& results, cudaStream_t stream, const ClockOffset& clock) {
  Mailbox box;
  std::vector<double> latencies;
  for (int i = 0; i < repeats; ++i) {
    CHECK(cudaDeviceSynchronize());
    stamp<<<1, 1, 0, stream>>>(box.device);
    const double returned = host_ns() + clock.offset_ns;
    CHECK(cudaDeviceSynchronize());
    latencies.push_back(static_cast<double>(box.host[0]) - returned);
  }
  results.add(
      {"launch_latency_ns", median(latencies), "ns",
       "return of the launch call to the kernel's first instruction, idle GPU, median of 200"});
}

/// Period of a chain of empty kernels that were queued before the first one could start, and of one with a mark behind
/// each, as a scheduler has that acts on the completion of single ops.
void chain_period(Results& results, cudaStream_t stream) {
  Mailbox box;
  cudaEvent_t before{};
  cudaEvent_t after{};
  CHECK(cudaEventCreate(&before));
  CHECK(cudaEventCreate(&after));
  cudaEvent_t mark{};
  CHECK(cudaEventCreateWithFlags(&mark, cudaEventDisableTiming));
  const auto run = [&](int length, bool marked) {
    std::vector<double> times;
    for (int i = 0; i < 21; ++i) {
      spin<<<1, 1, 0, stream>>>(6'000'000, box.device);
      CHECK(cudaEventRecord(before, stream));
      for (int k = 0; k < length; ++k) {
        empty<<<1, 32, 0, stream>>>();
        if (marked) {
          CHECK(cudaEventRecord(mark, stream));
        }
      }
      CHECK(cudaEventRecord(after, stream));
      CHECK(cudaDeviceSynchronize());
      float ms = 0;
      CHECK(cudaEventElapsedTime(&ms, before, after));
      times.push_back(ms * 1e6);
    }
    return median(times);
  };
  results.add(
      {"stream_period_ns", (run(600, false) - run(100, false)) / 500.0, "ns",
       "period of a chain of empty kernels in a stream, from chains of 100 and 600 queued ahead"});
  results.add({"marked_period_ns", (run(600, true) - run(100, true)) / 500.0, "ns",
               "the same with an event recorded behind each kernel"});
  CHECK(cudaEventDestroy(mark));

  cudaGraph_t graph{};
  cudaGraphExec_t exec{};
  const auto run_graph = [&](int length) {
    CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    for (int k = 0; k < length; ++k) {
      empty<<<1, 32, 0, stream>>>();
    }
    CHECK(cudaStreamEndCapture(stream, &graph));
    CHECK(cudaGraphInstantiate(&exec, graph, 0));
    std::vector<double> times;
    for (int i = 0; i < 21; ++i) {
      spin<<<1, 1, 0, stream>>>(2'000'000, box.device);
      CHECK(cudaEventRecord(before, stream));
      CHECK(cudaGraphLaunch(exec, stream));
      CHECK(cudaEventRecord(after, stream));
      CHECK(cudaDeviceSynchronize());
      float ms = 0;
      CHECK(cudaEventElapsedTime(&ms, before, after));
      times.push_back(ms * 1e6);
    }
    CHECK(cudaGraphExecDestroy(exec));
    CHECK(cudaGraphDestroy(graph));
    return median(times);
  };
  results.add({"graph_period_ns", (run_graph(600) - run_graph(100)) / 500.0, "ns",
               "the same chain as a CUDA graph"});
}

/// Gap between the last instruction of a kernel and the first of the next in the same stream.
void instruction_gap(Results& results, cudaStream_t stream) {
  Mailbox box;
  std::vector<double> gaps;
  for (int i = 0; i < repeats; ++i) {
    spin<<<1, 1, 0, stream>>>(300'000, box.device);
    spin<<<1, 1, 0, stream>>>(2'000, box.device + 8);
    stamp<<<1, 1, 0, stream>>>(box.device + 16);
    CHECK(cudaDeviceSynchronize());
    gaps.push_back(static_cast<double>(box.host[16]) - static_cast<double>(box.host[8]));
  }
  results.add(
      {"instruction_gap_ns", median(gaps), "ns",
       "last instruction of a kernel to the first of the next, queued ahead, median of 200"});
}

void completion(Results& results, cudaStream_t stream, const ClockOffset& clock) {
  Mailbox box;
  cudaEvent_t event{};
  CHECK(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  std::vector<double> polls;
  std::vector<double> syncs;
  std::vector<double> queries;
  for (int i = 0; i < repeats; ++i) {
    spin<<<1, 1, 0, stream>>>(60'000, box.device);
    CHECK(cudaEventRecord(event, stream));
    int calls = 0;
    const double begin = host_ns();
    while (cudaEventQuery(event) == cudaErrorNotReady) {
      ++calls;
    }
    const double seen = host_ns();
    queries.push_back((seen - begin) / (calls + 1));
    polls.push_back(seen + clock.offset_ns - static_cast<double>(box.host[0]));
    spin<<<1, 1, 0, stream>>>(60'000, box.device);
    CHECK(cudaStreamSynchronize(stream));
    syncs.push_back(host_ns() + clock.offset_ns - static_cast<double>(box.host[0]));
  }
  results.add({"event_query_ns", median(queries), "ns",
               "host time of one cudaEventQuery that answers 'not ready'"});
  results.add({"poll_ns", median(polls), "ns",
               "last instruction of a kernel to the event query that reports it, median of 200"});
  results.add(
      {"sync_ns", median(syncs), "ns",
       "last instruction of a kernel to the return of cudaStreamSynchronize, median of 200"});
}

/// How many launches a stream takes while its first kernel runs before the call blocks.
void queue_depth(Results& results, cudaStream_t stream) {
  Mailbox box;
  spin<<<1, 1, 0, stream>>>(60'000'000, box.device);
  int depth = 0;
  for (; depth < 5000; ++depth) {
    const double begin = host_ns();
    empty<<<1, 32, 0, stream>>>();
    if (host_ns() - begin > 5e6) {
      break;
    }
  }
  CHECK(cudaDeviceSynchronize());
  results.add(
      {"queue_depth", static_cast<double>(depth), "launches",
       "launches behind a running kernel until one blocks for more than 5 ms (5000: none did)"});
}

} // namespace

void launch_constants(Results& results) {
  cudaStream_t stream{};
  CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  for (int i = 0; i < 2000; ++i) {
    empty<<<1, 32, 0, stream>>>();
  }
  CHECK(cudaDeviceSynchronize());
  const ClockOffset clock = clock_offset();
  results.add({"mapped_round_trip_ns", clock.round_trip_ns, "ns",
               "shortest round trip of a message between host and a running kernel"});
  host_cost(results, stream);
  start_latency(results, stream, clock);
  chain_period(results, stream);
  instruction_gap(results, stream);
  completion(results, stream, clock);
  queue_depth(results, stream);
}

} // namespace calibrate
