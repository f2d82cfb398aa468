// Measures the constants of a GPU specification that no data sheet gives, and prints them as JSON.
//
//   nvcc -arch=native -O3 -std=c++20 -o calibrate *.cu && ./calibrate [part…] > h200.json
#include <ctime>
#include <set>

#include "common.h"

namespace {

using namespace calibrate;

struct Part {
  const char* name;
  void (*measure)(Results&);
  bool forks;      ///< runs before this process touches CUDA
  bool by_default; ///< runs when no part is named
};
constexpr Part parts[] = {{"timeslice", timeslice_constants, true, true},
                          {"mps", mps_pair, true, false},
                          {"mps_chain", mps_chain, true, false},
                          {"mps_queues", mps_queues, true, false},
                          {"launch", launch_constants, false, true},
                          {"completion", completion_constants, false, true},
                          {"link", link_constants, false, true},
                          {"contention", contention, false, true},
                          {"placement", placement, false, true},
                          {"split", split_rule, false, true},
                          {"split_held", split_held, false, false},
                          {"takeover", takeover, false, true},
                          {"pairs", pairs, false, true},
                          {"spread", block_spread, false, true},
                          {"chain", chain_beside, false, true},
                          {"tiles", tiles, false, false},
                          {"slots", slots, false, false},
                          {"pauses", pauses, false, false},
                          {"residence", residence, false, false},
                          {"streams", streams, false, false},
                          {"queues", queues, false, false}};

std::set<std::string> wanted(int argc, char** argv) {
  std::set<std::string> names;
  for (const Part& part : parts) {
    if (argc < 2 && part.by_default) {
      names.insert(part.name);
    }
  }
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (std::none_of(std::begin(parts), std::end(parts),
                     [&](const Part& part) { return name == part.name; })) {
      std::fprintf(stderr, "calibrate: unknown part %s; expected some of", argv[i]);
      for (const Part& part : parts) {
        std::fprintf(stderr, " %s", part.name);
      }
      std::fprintf(stderr, "\n");
      std::exit(64);
    }
    names.insert(name);
  }
  return names;
}

void print_constants(const Results& results) {
  for (size_t i = 0; i < results.constants.size(); ++i) {
    const Result& r = results.constants[i];
    std::printf("    \"%s\": { \"value\": %.6g, \"unit\": \"%s\", \"source\": \"%s\" }%s\n",
                r.name.c_str(), r.value, r.unit.c_str(), r.method.c_str(),
                i + 1 < results.constants.size() ? "," : "");
  }
}

void print_tables(const Results& results) {
  for (size_t i = 0; i < results.tables.size(); ++i) {
    const Table& t = results.tables[i];
    std::printf(
        "    \"%s\": {\n      \"source\": \"%s\",\n      \"keys\": %zu,\n      \"columns\": [",
        t.name.c_str(), t.method.c_str(), t.keys);
    for (size_t k = 0; k < t.columns.size(); ++k) {
      std::printf("%s\"%s\"", k > 0 ? ", " : "", t.columns[k].c_str());
    }
    std::printf("],\n      \"rows\": [\n");
    for (size_t row = 0; row < t.rows.size(); ++row) {
      std::printf("        [");
      for (size_t k = 0; k < t.rows[row].size(); ++k) {
        std::printf("%s%.6g", k > 0 ? ", " : "", t.rows[row][k]);
      }
      std::printf("]%s\n", row + 1 < t.rows.size() ? "," : "");
    }
    std::printf("      ]\n    }%s\n", i + 1 < results.tables.size() ? "," : "");
  }
}

} // namespace

int main(int argc, char** argv) {
  const std::set<std::string> names = wanted(argc, argv);
  Results results;
  for (const bool forks : {true, false}) {
    for (const Part& part : parts) {
      if (part.forks == forks && names.count(part.name) != 0) {
        const double begin = host_ns();
        part.measure(results);
        std::fprintf(stderr, "calibrate: %s: %.1f s\n", part.name, (host_ns() - begin) * 1e-9);
      }
    }
  }

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
  print_constants(results);
  std::printf("  },\n  \"tables\": {\n");
  print_tables(results);
  std::printf("  }\n}\n");
  return 0;
}
