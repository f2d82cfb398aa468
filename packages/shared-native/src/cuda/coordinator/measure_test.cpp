#include <gtest/gtest.h>
#include <sys/wait.h>

#include "base/error.h"
#include "cuda/coordinator/lane_for_test.h"
#include "cuda/coordinator/measure.h"

namespace cotenant::cuda {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class Measure : public testing::Test {
 protected:
  void TearDown() override {
    test.end_lane();
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "something is left running";
  }
  fs::path plans() { return test.space.root() / "plans"; }
  fs::path out() { return test.space.root() / "results"; }

  void add(const std::string& entry, const std::string& system, const std::string& cell, int seed,
           const json& fields = json::object()) {
    json plan = WorkspaceForTest::plan(system);
    plan["id"] = cell + "_s" + std::to_string(seed);
    plan["seed"] = seed;
    plan.update(fields);
    fs::create_directories(plans() / entry);
    write_file(plans() / entry / (plan["id"].get<std::string>() + ".json"), plan.dump());
  }
  MeasureResult run(double budget = 1000) {
    said.clear();
    MeasureOptions options;
    options.out = out();
    options.budget = std::chrono::duration<double>(budget);
    options.interrupted = [this] { return test.stop; };
    options.say = [this](const std::string& line) {
      said.push_back(line);
      test.stop = test.stop || said.size() == stop_after;
    };
    return measure(test.lane(), test.catalog, read_measure_plans(plans()), options);
  }

  LaneForTest test;
  std::vector<std::string> said;
  std::size_t stop_after = 0;
};

TEST_F(Measure, SystemsTakeTurnsWithinACellCellsWithinASeed) {
  for (const char* entry : {"reef", "orion-d2"}) {
    for (const char* cell : {"b", "a"}) {
      add(entry, entry == std::string("reef") ? "reef" : "orion", cell, 2);
      add(entry, entry == std::string("reef") ? "reef" : "orion", cell, 1);
    }
  }
  std::string order;
  for (const MeasurePlan& item : read_measure_plans(plans()).plans) {
    order += item.entry + " " + item.plan.id + ", ";
  }
  EXPECT_EQ(order, "orion-d2 a_s1, reef a_s1, orion-d2 b_s1, reef b_s1, "
                   "orion-d2 a_s2, reef a_s2, orion-d2 b_s2, reef b_s2, ");
}

TEST_F(Measure, RunsAllAndThenNothing) {
  add("orion", "orion", "a", 1);
  add("mps", "mps", "a", 1);
  add("timeslice", "timeslice", "a", 1);
  MeasureResult result = run();
  EXPECT_EQ(result.finished, 3U);
  EXPECT_EQ(result.left, 0U);
  EXPECT_TRUE(fs::exists(out() / "mps/a_s1.csv"));
  EXPECT_TRUE(fs::exists(out() / "mps/a_s1.json"));
  EXPECT_EQ(said.size(), 3U);
  result = run();
  EXPECT_EQ(result.finished, 0U);
  EXPECT_EQ(result.reused, 3U);
}

TEST_F(Measure, AFailedPlanDoesNotStopTheOthers) {
  test.misbehave("die-run");
  test.only_once();
  add("a", "orion", "a", 1);
  add("b", "streams", "a", 1);
  add("c", "reef", "a", 1);
  fs::create_directories(plans() / "d");
  write_file(plans() / "d/broken.json", "{");
  const MeasureResult result = run();
  EXPECT_EQ(result.finished, 2U);
  ASSERT_EQ(result.failures.size(), 2U);
  EXPECT_NE(result.failures[0].find("broken.json"), std::string::npos);
  EXPECT_NE(result.failures[1].find("a: a_s1: plain host 0: running a_s1"), std::string::npos)
      << result.failures[1];
  EXPECT_EQ(run().finished, 1U) << "a failed plan is tried again by the next measurement";
}

TEST_F(Measure, WhatCannotRunHereIsRecordedAndIsNoFailure) {
  ::setenv("FAKE_MPS", "fails", 1);
  add("mps", "mps", "a", 1);
  add("orion", "orion", "a", 1);
  const MeasureResult result = run();
  ::unsetenv("FAKE_MPS");
  EXPECT_EQ(result.finished, 1U);
  EXPECT_EQ(result.unavailable_plans, 1U);
  EXPECT_TRUE(result.failures.empty());
  EXPECT_TRUE(fs::exists(out() / "mps/a_s1.json"));
}

TEST_F(Measure, WithoutCountersThatPlansAskForNothingBegins) {
  add("reef", "reef", "a", 1);
  add("orion", "orion", "a", 1, {{"utilization_interval_ns", 100'000'000}});
  test.nvml.supported = false;
  const MeasureResult result = run();
  EXPECT_NE(result.unavailable.find("cannot be counted"), std::string::npos) << result.unavailable;
  EXPECT_EQ(result.left, 2U);
  EXPECT_TRUE(test.logged("").empty());
}

TEST_F(Measure, ManyFailuresInARowAreTheMachines) {
  test.misbehave("device-run");
  for (int seed = 1; seed <= 8; ++seed) {
    add("orion", "orion", "a", seed);
  }
  const MeasureResult result = run();
  EXPECT_EQ(result.finished, 0U);
  EXPECT_EQ(result.failures.size(), 6U) << "five plans, and the reason for stopping";
  EXPECT_EQ(result.left, 3U);
}

TEST_F(Measure, NoPlanBeginsThatWouldExceedTheBudget) {
  add("orion", "orion", "a", 1);
  const MeasureResult result = run(5);
  EXPECT_EQ(result.finished, 0U) << "the first one has hosts to start, which takes longer";
  EXPECT_EQ(result.left, 1U);
  EXPECT_TRUE(result.failures.empty());
}

TEST_F(Measure, AnInterruptionLeavesWhatIsFinished) {
  for (int seed = 1; seed <= 3; ++seed) {
    add("orion", "orion", "a", seed);
  }
  stop_after = 1;
  const MeasureResult result = run();
  EXPECT_TRUE(result.interrupted);
  EXPECT_EQ(result.finished, 1U);
  EXPECT_EQ(result.left, 2U);
  test.stop = false;
  stop_after = 0;
  EXPECT_EQ(run().finished, 2U);
}

TEST_F(Measure, AFolderWithoutPlansIsRefused) {
  EXPECT_THROW(read_measure_plans(plans()), InputError);
}

TEST_F(Measure, NominalTimeFollowsThePlan) {
  const auto seconds = [&](const json& document) {
    const Plan plan = test.plan(document);
    return nominal_seconds(plan, set_up(plan, test.catalog));
  };
  json plan = WorkspaceForTest::plan("orion");
  plan["clients"][0]["traffic"] = {{"kind", "poisson"}, {"rate", 10}};
  plan["clients"][0]["warmup"] = 0;
  EXPECT_DOUBLE_EQ(seconds(plan), 1.5);
  plan["time_limit_s"] = 0.5;
  EXPECT_DOUBLE_EQ(seconds(plan), 0.5);
  plan.erase("time_limit_s");
  plan["system"]["name"] = "ideal";
  EXPECT_GT(seconds(plan), 2.9) << "one after the other";
}

} // namespace
} // namespace cotenant::cuda
