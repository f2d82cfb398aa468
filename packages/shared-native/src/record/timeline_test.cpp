#include <gtest/gtest.h>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/file.h"
#include "base/temporary_folder_for_test.h"
#include "device/gpu_spec_for_test.h"
#include "record/timeline.h"
#include "sim/programs_for_test.h"
#include "sim/simulation.h"

namespace cotenant {
namespace {

using nlohmann::json;

/// The timeline of a short run of two clients under Orion.
json timeline_of_a_run(const std::filesystem::path& file) {
  const GpuSpec gpu = h200_for_test();
  std::mt19937 words(1);
  Program hp_program = random_program_for_test("h200", Mode::inference, 20, words);
  hp_program.ops[3].name = "void \"quoted\"<a, b>\n\x01";
  const PreparedProgram hp = prepare_program(hp_program, gpu, gpu);
  const PreparedProgram be =
      prepare_program(random_program_for_test("h200", Mode::training, 40, words), gpu, gpu);
  const SystemInfo& info = find_system("orion");
  RunClient high;
  high.name = "hp";
  high.priority = Priority::high;
  high.program = &hp;
  high.requests = 3;
  RunClient low;
  low.name = "be";
  low.program = &be;
  Timeline timeline(
      file, {{.client = "hp", .program = &hp.program}, {.client = "be", .program = &be.program}});
  RecordSink dropped;
  simulate({.gpu = gpu,
            .clients = {high, low},
            .system = info,
            .params = Params::checked(info.params, {}, "test"),
            .until = 0},
           dropped, &timeline);
  timeline.commit();
  return json::parse(read_file(file));
}

TEST(Timeline, IsTraceEventJsonWithEveryTrack) {
  const TemporaryFolder folder;
  const json document = timeline_of_a_run(folder.path() / "run.json");
  std::set<std::string> tracks;
  std::set<std::string> instants;
  std::size_t counters = 0;
  std::size_t odd_name = 0;
  std::map<std::pair<int, int>, double> last_end;
  for (const json& event : document["traceEvents"]) {
    const std::string phase = event["ph"];
    if (phase == "M") {
      tracks.insert(event["args"]["name"]);
    } else if (phase == "i") {
      instants.insert(event["name"]);
    } else if (phase == "C") {
      ++counters;
      EXPECT_GE(event["args"]["share"].get<double>(), 0);
      EXPECT_LE(event["args"]["share"].get<double>(), 1);
    } else {
      ASSERT_EQ(phase, "X");
      odd_name += event["name"] == "void \"quoted\"<a, b>\n\x01" ? 1 : 0;
      // Perfetto drops slices of one track that overlap without nesting.
      const std::pair<int, int> track{event["pid"], event["tid"]};
      const double begin = event["ts"];
      EXPECT_GE(begin, last_end[track] - 1e-6);
      last_end[track] = begin + event["dur"].get<double>();
    }
  }
  EXPECT_EQ(tracks, (std::set<std::string>{"client hp", "client be", "requests", "stream",
                                           "scheduler decisions"}));
  EXPECT_EQ(instants, (std::set<std::string>{"launch", "hold"}));
  EXPECT_GT(counters, 10U);
  EXPECT_EQ(odd_name, 3U);
}

TEST(Timeline, LeavesNothingWithoutCommit) {
  const TemporaryFolder folder;
  const Program program = program_for_test("h200", Mode::inference, {kernel_for_test(1, 32, 100)});
  {
    Timeline timeline(folder.path() / "run.json", {{.client = "hp", .program = &program}});
    timeline.launch(0, 0, 5);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

} // namespace
} // namespace cotenant
