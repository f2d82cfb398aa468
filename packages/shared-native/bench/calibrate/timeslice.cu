// Time slices of two processes without MPS: one thread watches the clock; where it jumps, the other
// process had the GPU.
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

} // namespace

/// Must run before this process touches CUDA, because it forks.
void timeslice_constants(Results& results) {
  int channel[2];
  if (pipe(channel) != 0) {
    std::perror("calibrate: pipe");
    std::exit(74);
  }
  const pid_t neighbour = fork();
  if (neighbour == 0) {
    watched();
    _exit(0);
  }
  const pid_t measured = fork();
  if (measured == 0) {
    const auto stretches = watched();
    std::vector<double> runs;
    std::vector<double> absences;
    for (size_t i = 1; i < stretches.size(); ++i) {
      runs.push_back(stretches[i].second - stretches[i].first);
      absences.push_back(stretches[i].first - stretches[i - 1].second);
    }
    const double values[3] = {median(runs), median(absences), static_cast<double>(runs.size())};
    _exit(write(channel[1], values, sizeof values) == sizeof values ? 0 : 1);
  }
  waitpid(neighbour, nullptr, 0);
  int status = 0;
  waitpid(measured, &status, 0);
  double values[3] = {0, 0, 0};
  if (status != 0 || read(channel[0], values, sizeof values) != sizeof values) {
    std::fprintf(stderr, "calibrate: the time slice measurement failed\n");
    return;
  }
  results.add({"slice_run_ns", values[0], "ns",
               "how long one of two busy processes holds the GPU, median of " +
                   std::to_string(static_cast<int>(values[2])) + " slices"});
  results.add({"slice_absence_ns", values[1], "ns",
               "how long it then waits: the other's slice and two switches, median"});
}

} // namespace calibrate
