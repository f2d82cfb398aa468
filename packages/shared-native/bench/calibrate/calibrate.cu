// Measures the constants of a GPU specification that no data sheet gives, and prints them as JSON.
//
//   nvcc -arch=native -O3 -std=c++17 -o calibrate *.cu && ./calibrate > h200.json
#include <ctime>

#include "common.h"

int main() {
  calibrate::Results results;
  calibrate::timeslice_constants(results); // forks: before the first CUDA call of this process
  calibrate::launch_constants(results);
  calibrate::link_constants(results);
  calibrate::contention(results);

  cudaDeviceProp properties{};
  int driver = 0;
  int runtime = 0;
  CHECK(cudaGetDeviceProperties(&properties, 0));
  CHECK(cudaDriverGetVersion(&driver));
  CHECK(cudaRuntimeGetVersion(&runtime));
  char date[16];
  const std::time_t now = std::time(nullptr);
  std::strftime(date, sizeof date, "%Y-%m-%d", std::gmtime(&now));
  std::printf(
      "{\n  \"version\": 1,\n  \"provenance\": {\n    \"gpu_name\": \"%s\",\n    \"sms\": %d,\n"
      "    \"cuda_driver_api\": %d,\n    \"cuda_runtime\": %d,\n    \"date\": \"%s\",\n"
      "    \"program\": \"bench/calibrate\"\n  },\n  \"constants\": {\n",
      properties.name, properties.multiProcessorCount, driver, runtime, date);
  for (size_t i = 0; i < results.size(); ++i) {
    const auto& r = results[i];
    std::printf("    \"%s\": { \"value\": %.6g, \"unit\": \"%s\", \"source\": \"%s\" }%s\n",
                r.name.c_str(), r.value, r.unit.c_str(), r.method.c_str(),
                i + 1 < results.size() ? "," : "");
  }
  std::printf("  }\n}\n");
  return 0;
}
