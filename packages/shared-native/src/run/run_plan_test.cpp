#include <fstream>
#include <gtest/gtest.h>

#include "base/error.h"
#include "run/run_plan.h"
#include "run/workspace_for_test.h"

namespace cotenant {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class RunPlan : public testing::Test {
 protected:
  RunOutcome run(const json& plan, SimProgress* progress = nullptr) {
    fs::create_directories(space.out());
    Catalog catalog(space.data());
    RunOptions options;
    options.out = space.out();
    options.fingerprint = fingerprint;
    return run_plan(read_plan(space.write(plan)), catalog, options, progress);
  }
  std::string refusal(const json& plan) {
    try {
      run(plan);
    } catch (const InputError& error) {
      return error.what();
    }
    return "";
  }

  WorkspaceForTest space;
  std::string fingerprint = "code 1";
};

TEST_F(RunPlan, WritesRecordsAndSummary) {
  EXPECT_EQ(run(space.plan("orion")), RunOutcome::finished);
  std::ifstream records(space.out() / "small-orion.csv");
  std::string line;
  std::getline(records, line);
  EXPECT_EQ(line, "client,index,arrival_ns,start_ns,end_ns");
  int hp = 0;
  while (std::getline(records, line)) {
    hp += line.starts_with("hp,") ? 1 : 0;
  }
  EXPECT_EQ(hp, 15);
  const json summary = json::parse(read_file(space.out() / "small-orion.json"));
  EXPECT_EQ(summary["version"], 1);
  EXPECT_EQ(summary["label"], "simulated");
  EXPECT_EQ(summary["clients"][0]["requests"], 15);
  EXPECT_NEAR(summary["clients"][0]["rate_per_s"].get<double>(),
              0.3e9 / summary["clients"][0]["solo_ns"].get<double>(), 1e-3);
  EXPECT_TRUE(summary["clients"][1]["rate_per_s"].is_null());
  EXPECT_GT(summary["counters"]["kernels"], 100);
}

TEST_F(RunPlan, UseOfTheGpuIsWrittenWhereThePlanAsksForIt) {
  json plan = space.plan("orion");
  run(plan);
  EXPECT_FALSE(std::filesystem::exists(space.out() / "small-orion.utilization.csv"));
  const std::string records = read_file(space.out() / "small-orion.csv");
  plan["utilization_interval_ns"] = 50'000;
  EXPECT_EQ(run(plan), RunOutcome::finished);
  EXPECT_EQ(read_file(space.out() / "small-orion.csv"), records);
  const std::string use = read_file(space.out() / "small-orion.utilization.csv");
  EXPECT_TRUE(use.starts_with("gpu,begin_ns,end_ns,sm_busy,occupancy,compute,dram\n0,0,50000,0."))
      << use.substr(0, 120);
  const json summary = json::parse(read_file(space.out() / "small-orion.json"));
  ASSERT_EQ(summary["utilization"].size(), 1U);
  EXPECT_GT(summary["utilization"][0]["dram"], 0);
  EXPECT_LT(summary["utilization"][0]["sm_busy"], 1);
  EXPECT_EQ(run(plan), RunOutcome::reused);
  std::filesystem::remove(space.out() / "small-orion.utilization.csv");
  EXPECT_EQ(run(plan), RunOutcome::finished) << "half a result is none";
}

TEST_F(RunPlan, PhasesAreWrittenWhereThePlanAsksForThem) {
  json plan = space.plan("ticktock");
  plan["phases"] = true;
  EXPECT_EQ(run(plan), RunOutcome::finished);
  const auto file = space.out() / "small-ticktock.phases.csv";
  const std::string phases = read_file(file);
  EXPECT_TRUE(phases.starts_with("client,iteration,phase,begin_ns,end_ns\nhp,0,forward,"))
      << phases.substr(0, 80);
  EXPECT_NE(phases.find("\nbe,3,backward,"), std::string::npos);
  const std::string records = read_file(space.out() / "small-ticktock.csv");
  EXPECT_EQ(run(plan), RunOutcome::reused);
  std::filesystem::remove(file);
  EXPECT_EQ(run(plan), RunOutcome::finished) << "half a result is none";
  plan["phases"] = false;
  run(plan);
  EXPECT_EQ(read_file(space.out() / "small-ticktock.csv"), records) << "watching changes nothing";
}

TEST_F(RunPlan, DeviceMemoryIsWrittenWhereThePlanAsksForIt) {
  json plan = space.plan("orion");
  run(plan);
  const auto file = space.out() / "small-orion.memory.csv";
  EXPECT_FALSE(std::filesystem::exists(file));
  const std::string records = read_file(space.out() / "small-orion.csv");
  plan["memory_interval_ns"] = 50'000;
  plan["utilization_interval_ns"] = 70'000;
  EXPECT_EQ(run(plan), RunOutcome::finished);
  EXPECT_EQ(read_file(space.out() / "small-orion.csv"), records) << "watching changes nothing";
  // These programs have no allocations but for the peaks that they are said to have.
  EXPECT_TRUE(
      read_file(file).starts_with("gpu,client,begin_ns,end_ns,live_mean,live_max,held_max,budget\n"
                                  "0,hp,0,50000,0,0,1000000000,\n0,be,0,50000,0,0,10000000000,\n"
                                  "0,,0,50000,0,0,11000000000,\n"));
  const json summary = json::parse(read_file(space.out() / "small-orion.json"));
  ASSERT_EQ(summary["memory"].size(), 1U);
  EXPECT_EQ(summary["memory"][0]["peaks_bytes"], 11'000'000'000);
  EXPECT_EQ(summary["memory"][0]["held_max_bytes"], 11'000'000'000);
  EXPECT_EQ(summary["memory"][0]["over_budget_ns"], 0);
  EXPECT_EQ(run(plan), RunOutcome::reused);
  std::filesystem::remove(file);
  EXPECT_EQ(run(plan), RunOutcome::finished) << "half a result is none";
}

TEST_F(RunPlan, ScaledProgramsAreLabelledDerived) {
  json plan = space.plan("mps");
  plan["gpu"] = "v100-16";
  run(plan);
  const json summary = json::parse(read_file(space.out() / "small-mps.json"));
  EXPECT_EQ(summary["label"], "simulated, derived programs");
  EXPECT_EQ(summary["clients"][0]["program_label"], "derived");
}

TEST_F(RunPlan, EqualInputIsNotRunAgain) {
  run(space.plan("reef"));
  EXPECT_EQ(run(space.plan("reef")), RunOutcome::reused);
  fingerprint = "code 2";
  EXPECT_EQ(run(space.plan("reef")), RunOutcome::finished);
  json other = space.plan("reef");
  other["seed"] = 43;
  EXPECT_EQ(run(other), RunOutcome::finished);
  // A result without its summary, or with a damaged one, counts as unfinished.
  fs::remove(space.out() / "small-reef.json");
  EXPECT_EQ(run(other), RunOutcome::finished);
  write_file(space.out() / "small-reef.json", "{\"input_digest\":");
  EXPECT_EQ(run(other), RunOutcome::finished);
  fs::remove(space.out() / "small-reef.csv");
  EXPECT_EQ(run(other), RunOutcome::finished);
}

TEST_F(RunPlan, RunsAgainByteForByte) {
  run(space.plan("orion"));
  const std::string records = read_file(space.out() / "small-orion.csv");
  const std::string summary = read_file(space.out() / "small-orion.json");
  fs::remove_all(space.out());
  run(space.plan("orion"));
  EXPECT_EQ(read_file(space.out() / "small-orion.csv"), records);
  EXPECT_EQ(read_file(space.out() / "small-orion.json"), summary);
}

TEST_F(RunPlan, InterruptedRunLeavesNothing) {
  json plan = space.plan("streams");
  plan["clients"][0]["requests"] = 1'000'000;
  SimProgress progress;
  progress.stop = true;
  EXPECT_EQ(run(plan, &progress), RunOutcome::interrupted);
  EXPECT_TRUE(fs::is_empty(space.out()));
}

TEST_F(RunPlan, RefusesUnknownNamesWithTheNearest) {
  json plan = space.plan("oryon");
  EXPECT_NE(refusal(plan).find("did you mean \"orion\""), std::string::npos) << refusal(plan);
  plan = space.plan("orion");
  plan["gpu"] = "h20";
  EXPECT_NE(refusal(plan).find("plan.gpu"), std::string::npos) << refusal(plan);
  EXPECT_NE(refusal(plan).find("h200"), std::string::npos);
  plan = space.plan("orion");
  plan["clients"][1]["program"] = "h200/small-trainin";
  EXPECT_NE(refusal(plan).find("plan.clients[1].program"), std::string::npos) << refusal(plan);
  EXPECT_NE(refusal(plan).find("h200/small-training"), std::string::npos);
  plan = space.plan("reef");
  plan["system"]["params"] = {{"dept", 4}};
  EXPECT_NE(refusal(plan).find("dept"), std::string::npos) << refusal(plan);
  EXPECT_NE(refusal(plan).find("depth"), std::string::npos);
}

TEST_F(RunPlan, ProgramsThatDoNotFitTheMemoryAreRefused) {
  json plan = space.plan("streams");
  plan["gpu"] = "v100-16";
  for (int i = 0; i < 2; ++i) {
    json more = plan["clients"][1];
    more["name"] = "more" + std::to_string(i);
    plan["clients"].push_back(more);
  }
  EXPECT_NE(refusal(plan).find("out of memory"), std::string::npos) << refusal(plan);
  plan["system"]["name"] = "ideal";
  EXPECT_EQ(refusal(plan), "") << "alone, each of them fits";
}

TEST_F(RunPlan, ShortTraceIsRefusedBeforeAnythingRuns) {
  write_file(space.root() / "gaps.json", "[0.001, 0.002, 0.003]");
  json plan = space.plan("streams");
  plan["clients"][0]["traffic"] = {{"kind", "trace"}, {"gaps_file", "gaps.json"}};
  EXPECT_NE(refusal(plan).find("the trace has 3 gaps"), std::string::npos) << refusal(plan);
  EXPECT_FALSE(fs::exists(space.out() / "small-streams.csv"));
  plan["clients"][0]["requests"] = 1;
  EXPECT_EQ(refusal(plan), "");
}

TEST_F(RunPlan, FolderThatCannotBeWrittenIsAnIoError) {
  write_file(space.out(), "a file where the folder should be");
  Catalog catalog(space.data());
  RunOptions options;
  options.out = space.out();
  EXPECT_THROW(run_plan(read_plan(space.write(space.plan("ideal"))), catalog, options), IoError);
}

} // namespace
} // namespace cotenant
