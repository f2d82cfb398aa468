// Time slices of two processes without MPS. How long they are: one thread watches the clock; where it jumps, the other
// process had the GPU. How long one that was idle waits for its first: small kernels at random times.
#include <csignal>
#include <random>
#include <sys/wait.h>
#include <unistd.h>

#include "common.h"

namespace calibrate {
namespace {

constexpr int most = 4096;
constexpr unsigned long long jump_ns = 20'000;
constexpr unsigned long long watch_ns = 400'000'000;

/// Records (start, end) of every stretch without a jump.
__global__ void watch(unsigned long long* stretches, int* count) {
  const unsigned long long begin = gpu_ns();
  unsigned long long start = begin;
  unsigned long long last = begin;
  int found = 0;
  while (last - begin < watch_ns && found < most) {
    const unsigned long long now = gpu_ns();
    if (now - last > jump_ns) {
      stretches[2 * found] = start;
      stretches[2 * found + 1] = last;
      ++found;
      start = now;
    }
    last = now;
  }
  *count = found;
}

std::vector<std::pair<double, double>> watched() {
  unsigned long long* stretches = nullptr;
  int* count = nullptr;
  CHECK(cudaMalloc(&stretches, 2 * most * sizeof(unsigned long long)));
  CHECK(cudaMalloc(&count, sizeof(int)));
  for (int i = 0; i < 2; ++i) { // the first time warms up and lets both processes get ready
    watch<<<1, 1>>>(stretches, count);
    CHECK(cudaDeviceSynchronize());
  }
  int found = 0;
  CHECK(cudaMemcpy(&found, count, sizeof found, cudaMemcpyDeviceToHost));
  std::vector<unsigned long long> times(2 * static_cast<size_t>(found));
  CHECK(
      cudaMemcpy(times.data(), stretches, times.size() * sizeof times[0], cudaMemcpyDeviceToHost));
  std::vector<std::pair<double, double>> result;
  for (size_t i = 0; i + 1 < times.size(); i += 2) {
    result.emplace_back(static_cast<double>(times[i]), static_cast<double>(times[i + 1]));
  }
  return result;
}

constexpr int arrivals = 200;

__global__ void nothing() {}

__global__ void work_for(unsigned long long ns) {
  const unsigned long long begin = gpu_ns();
  while (gpu_ns() - begin < ns) {
  }
}

/// Host time from launch to completion of an empty kernel, each after a pause longer than two slices.
std::vector<double> answers() {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> pause(5e6, 9e6);
  std::vector<double> times;
  for (int i = 0; i < arrivals + 5; ++i) {
    wait_until(host_ns() + pause(random));
    const double launched = host_ns();
    nothing<<<1, 1>>>();
    CHECK(cudaDeviceSynchronize());
    if (i >= 5) {
      times.push_back(host_ns() - launched);
    }
  }
  return times;
}

/// A process that does `work`; what that returns arrives through a pipe.
class Child {
 public:
  explicit Child(std::vector<double> (*work)()) {
    int channel[2];
    if (pipe(channel) != 0) {
      std::perror("calibrate: pipe");
      std::exit(74);
    }
    child_ = fork();
    if (child_ == 0) {
      close(channel[0]);
      const std::vector<double> values = work();
      const auto bytes = static_cast<ssize_t>(values.size() * sizeof(double));
      _exit(write(channel[1], values.data(), values.size() * sizeof(double)) == bytes ? 0 : 1);
    }
    close(channel[1]);
    results_ = channel[0];
  }

  /// Waits for its end. To be called once.
  std::vector<double> values() const {
    std::vector<double> values;
    for (double value = 0; read(results_, &value, sizeof value) == sizeof value;) {
      values.push_back(value);
    }
    close(results_);
    waitpid(child_, nullptr, 0);
    return values;
  }

 private:
  pid_t child_ = 0;
  int results_ = -1;
};

std::vector<double> in_child(std::vector<double> (*work)()) {
  return Child(work).values();
}

/// Queues kernels of 50 us on all SMs, hundreds ahead, for `seconds`.
void queue_kernels(double seconds) {
  const double end = host_ns() + seconds * 1e9;
  keep_two_queued(
      nullptr, [&] { return host_ns() < end; },
      [] {
        for (int k = 0; k < 100; ++k) {
          work_for<<<sm_count(), 256>>>(50'000);
        }
      });
}

/// Waits for the GPU of a process that was idle, alone and beside one that always has work.
void slice_waits(Results& results) {
  constexpr double lasts_s = 3.5;
  constexpr int percents[] = {1, 10, 25, 50, 75, 90, 99};
  Table table{"slice_wait",
              "what a process that was idle for two slices or more waits for the GPU beside one "
              "that always has work: "
              "percentiles of " +
                  std::to_string(arrivals) +
                  ", over the median alone. Neighbour: 0 one kernel of a thread, "
                  "longer than any slice, 1 kernels of 50 us on all SMs, hundreds of them queued",
              1,
              {"neighbour", "p1_ns", "p10_ns", "p25_ns", "p50_ns", "p75_ns", "p90_ns", "p99_ns"},
              {}};
  const double own = median(in_child(answers));
  for (const int kind : {0, 1}) {
    const pid_t neighbour = fork();
    if (neighbour == 0) {
      if (kind == 1) {
        queue_kernels(lasts_s);
      }
      for (int i = 0; kind == 0 && i < 4; ++i) { // 3.2 s
        watched();
      }
      _exit(0);
    }
    const std::vector<double> waits = in_child([] {
      wait_until(host_ns() + 0.6e9); // until the neighbour has begun
      return answers();
    });
    kill(neighbour, SIGKILL);
    waitpid(neighbour, nullptr, 0);
    if (waits.size() != arrivals) {
      std::fprintf(stderr, "calibrate: waiting for a time slice was not measured\n");
      return;
    }
    std::vector<double> row{static_cast<double>(kind)};
    for (const int percent : percents) {
      row.push_back(percentile(waits, percent / 100.0) - own);
    }
    table.rows.push_back(std::move(row));
  }
  results.tables.push_back(std::move(table));
}

constexpr int most_jumps = 1 << 14;

/// Where the time of a process's GPU jumped: last seen before, first seen after.
struct Jumps {
  int count = 0;
  unsigned long long times[2 * most_jumps];
};

/// As work_for, and records jumps.
__global__ void watch_for(unsigned long long ns, Jumps* jumps) {
  const unsigned long long begin = gpu_ns();
  unsigned long long last = begin;
  while (last - begin < ns) {
    const unsigned long long now = gpu_ns();
    if (now - last > jump_ns && blockIdx.x == 0 && threadIdx.x == 0 && jumps->count < most_jumps) {
      jumps->times[2 * jumps->count] = last;
      jumps->times[2 * jumps->count + 1] = now;
      ++jumps->count;
    }
    last = now;
  }
}

__global__ void visit_for(unsigned long long ns, unsigned long long* times) {
  const unsigned long long begin = gpu_ns();
  while (gpu_ns() - begin < ns) {
  }
  if (blockIdx.x == 0 && threadIdx.x == 0) {
    times[0] = begin;
    times[1] = gpu_ns();
  }
}

constexpr unsigned long long visit_ns = 300'000;

/// Begin and end of kernels of a process that is otherwise idle, each after a pause longer than two slices.
template <int blocks> std::vector<double> visits() {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> pause(5e6, 9e6);
  unsigned long long* times = nullptr;
  CHECK(cudaMalloc(&times, 2 * sizeof *times));
  std::vector<double> all;
  wait_until(host_ns() + 0.5e9); // until the neighbour has begun
  for (int i = 0; i < 100; ++i) {
    wait_until(host_ns() + pause(random));
    visit_for<<<blocks, 256>>>(visit_ns, times);
    unsigned long long visit[2];
    CHECK(cudaMemcpy(visit, times, sizeof visit, cudaMemcpyDeviceToHost));
    all.push_back(static_cast<double>(visit[0]));
    all.push_back(static_cast<double>(visit[1]));
  }
  return all;
}

/// The jumps of a process that has kernels of 50 us queued on all SMs for two seconds.
std::vector<double> absences() {
  Jumps* jumps = nullptr;
  CHECK(cudaMalloc(&jumps, sizeof *jumps));
  CHECK(cudaMemset(jumps, 0, sizeof *jumps));
  const double end = host_ns() + 2e9;
  keep_two_queued(
      nullptr, [&] { return host_ns() < end; },
      [&] {
        for (int k = 0; k < 100; ++k) {
          watch_for<<<sm_count(), 256>>>(50'000, jumps);
        }
      });
  std::vector<unsigned long long> raw(sizeof(Jumps) / sizeof(unsigned long long));
  CHECK(cudaMemcpy(raw.data(), jumps, sizeof(Jumps), cudaMemcpyDeviceToHost));
  const auto count = static_cast<size_t>(static_cast<unsigned int>(raw[0]));
  return {raw.begin() + 1, raw.begin() + 1 + static_cast<std::ptrdiff_t>(2 * count)};
}

/// What switching costs, by direction: to a process that gets work, from one that is busy; and back to that one, when the
/// other's work is done.
void slice_visits(Results& results) {
  Table table{
      "slice_visit",
      "a kernel of 300 us in a process that was idle for two slices or more, beside kernels of 50 "
      "us on all "
      "SMs of another process, queued: from the last that was seen of those to its begin (in), and "
      "from its "
      "end until they were seen again (out); percentiles of the visits that fell within a kernel",
      1,
      {"blocks", "visits", "in_p10_ns", "in_p50_ns", "in_p90_ns", "out_p10_ns", "out_p50_ns",
       "out_p90_ns"},
      {}};
  for (const int blocks : {1, 132}) {
    const Child visitor(blocks == 1 ? visits<1> : visits<132>);
    const std::vector<double> jumps = in_child(absences);
    const std::vector<double> times = visitor.values();
    std::vector<double> in;
    std::vector<double> out;
    for (size_t v = 0; v + 1 < times.size(); v += 2) {
      for (size_t i = 0; i + 1 < jumps.size(); i += 2) {
        if (jumps[i] < times[v] && times[v + 1] < jumps[i + 1]) {
          in.push_back(times[v] - jumps[i]);
          out.push_back(jumps[i + 1] - times[v + 1]);
        }
      }
    }
    table.rows.push_back({static_cast<double>(blocks), static_cast<double>(in.size()),
                          percentile(in, 0.1), median(in), percentile(in, 0.9),
                          percentile(out, 0.1), median(out), percentile(out, 0.9)});
  }
  results.tables.push_back(std::move(table));
}

} // namespace

/// Must run before this process touches CUDA, because it forks.
void timeslice_constants(Results& results) {
  const pid_t neighbour = fork();
  if (neighbour == 0) {
    watched();
    _exit(0);
  }
  const std::vector<double> values = in_child([] {
    const auto stretches = watched();
    std::vector<double> runs;
    std::vector<double> absences;
    for (size_t i = 1; i < stretches.size(); ++i) {
      runs.push_back(stretches[i].second - stretches[i].first);
      absences.push_back(stretches[i].first - stretches[i - 1].second);
    }
    return std::vector<double>{median(runs), median(absences), static_cast<double>(runs.size())};
  });
  waitpid(neighbour, nullptr, 0);
  if (values.size() != 3) {
    std::fprintf(stderr, "calibrate: the time slice measurement failed\n");
    return;
  }
  results.add({"slice_run_ns", values[0], "ns",
               "how long one of two busy processes holds the GPU, median of " +
                   std::to_string(static_cast<int>(values[2])) + " slices"});
  results.add({"slice_absence_ns", values[1], "ns",
               "how long it then waits: the other's slice and two switches, median"});
  slice_waits(results);
  slice_visits(results);
}

} // namespace calibrate
