#include <cstddef>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <thread>

#include "base/error.h"
#include "base/sha256.h"
#include "cuda/coordinator/cuda_run.h"
#include "cuda/coordinator/lane_for_test.h"
#include "cuda/driver.h"
#include "cuda/shared_run.h"

namespace cotenant::cuda {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Where test/fake_host.py expects them.
static_assert(offsetof(SharedRun, warming) == 8 && offsetof(SharedRun, clock_start) == 16 &&
              offsetof(SharedRun, unfinished) == 24 && offsetof(SharedRun, stop) == 28 &&
              offsetof(SharedRun, interrupted) == 29 && offsetof(SharedRun, progress_done) == 32);

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class CudaRun : public testing::Test {
 protected:
  void TearDown() override {
    test.end_lane();
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "something is left running";
  }
  static json plan(const std::string& system) { return WorkspaceForTest::plan(system); }
  static json counted(const std::string& system) {
    json document = plan(system);
    document["utilization_interval_ns"] = 100'000'000;
    return document;
  }
  fs::path use_file(const std::string& system) {
    return test.space.out() / ("small-" + system + ".utilization.csv");
  }
  bool result_exists(const std::string& id) {
    return fs::exists(test.space.out() / (id + ".csv")) ||
           fs::exists(test.space.out() / (id + ".json"));
  }
  /// After a failure of a host under `system`, which happens once, the next plan has a new host.
  void expect_recovery(const std::string& system, const std::string& deed,
                       const std::string& message) {
    test.misbehave(deed);
    test.only_once();
    const std::string failure = test.failure(plan(system));
    EXPECT_TRUE(contains(failure, "small-" + system + ": ")) << failure;
    EXPECT_TRUE(contains(failure, message)) << failure;
    EXPECT_FALSE(contains(failure, "\n")) << failure;
    EXPECT_FALSE(result_exists("small-" + system));
    EXPECT_EQ(test.run(plan(system)), RunOutcome::finished);
  }

  LaneForTest test;
};

TEST_F(CudaRun, TwoClientsGetStreamsThatDoNotShareAQueue) {
  test.misdeeds.emplace_back("FAKE_SHARED", "2");
  EXPECT_EQ(test.run(plan("streams")), RunOutcome::finished);
  const json queues = test.summary("small-streams")["counters"]["queues"];
  EXPECT_EQ(queues["shared"], false);
  EXPECT_EQ(queues["alone_ns"], 1500.0);
  EXPECT_EQ(queues["beside_ns"], 1500.0);
  // The third stream of the first client, and so it runs in that one.
  EXPECT_EQ(test.logged("pace [2, 0]").size(), 1U);
  EXPECT_TRUE(test.logged("pace [3").empty());
  EXPECT_EQ(test.logged("run [0, 1] [2, 0]").size(), 1U);
}

TEST_F(CudaRun, WhereAllStreamsShareOneTheResultSaysSo) {
  test.misdeeds.emplace_back("FAKE_SHARED", "100");
  EXPECT_EQ(test.run(plan("streams")), RunOutcome::finished);
  const json queues = test.summary("small-streams")["counters"]["queues"];
  EXPECT_EQ(queues["shared"], true);
  EXPECT_EQ(queues["beside_ns"], 3000.0);
  EXPECT_EQ(test.logged("run [0, 1] [0, 0]").size(), 1U);
}

TEST_F(CudaRun, AHostThatQueuesTooLateFailsThePlan) {
  test.misbehave("late-pace");
  EXPECT_TRUE(contains(test.failure(plan("streams")),
                       "small-streams: small ops could not be queued in time"));
}

TEST_F(CudaRun, ClientsThatNeverRunAtOnceAreNotAsked) {
  EXPECT_EQ(test.run(plan("timeslice")), RunOutcome::finished);
  EXPECT_TRUE(test.logged("pace").empty());
  EXPECT_FALSE(test.summary("small-timeslice")["counters"].contains("queues"));
}

TEST_F(CudaRun, CountersAreNotReadMoreOftenThanTheGpuRefreshesThem) {
  json counted = plan("orion");
  counted["utilization_interval_ns"] = 100'000'000;
  EXPECT_NO_THROW(test.lane().check(test.plan(counted)));
  counted["utilization_interval_ns"] = 99'999'999;
  try {
    test.lane().check(test.plan(counted));
    FAIL();
  } catch (const InputError& error) {
    EXPECT_TRUE(contains(error.what(), "plan.utilization_interval_ns: is 99999999, but"))
        << error.what();
    EXPECT_TRUE(contains(error.what(), "expected at least 100000000")) << error.what();
  }
}

TEST_F(CudaRun, UseIsWrittenAsTheSimulatedLaneWritesIt) {
  test.misbehave("dawdle-run");
  test.with_ledger = true;
  EXPECT_EQ(test.run(counted("orion")), RunOutcome::finished);
  const std::string use = read_file(use_file("orion"));
  EXPECT_TRUE(use.starts_with("gpu,begin_ns,end_ns,sm_busy,occupancy,compute,dram\n0,")) << use;
  EXPECT_TRUE(use.ends_with(",0.500000,0.500000,0.500000,0.500000\n")) << use;
  const json summary = test.summary("small-orion");
  EXPECT_EQ(summary["utilization"].size(), 1U);
  EXPECT_EQ(summary["utilization"][0]["dram"], 0.5);
  EXPECT_EQ(summary["utilization_sha256"], sha256_hex(use));
  EXPECT_GE(summary["counters"]["use_samples"]["count"], 2);
  EXPECT_EQ(summary["counters"]["hosts"].size(), 1U);

  EXPECT_EQ(test.run(counted("orion")), RunOutcome::reused);
  fs::remove(use_file("orion"));
  EXPECT_EQ(test.run(counted("orion")), RunOutcome::reused) << "from the ledger";
  EXPECT_EQ(read_file(use_file("orion")), use);
  EXPECT_EQ(test.logged("run").size(), 1U);
}

TEST_F(CudaRun, AResultWithoutItsUseIsMeasuredAgain) {
  test.misbehave("dawdle-run");
  test.run(counted("orion"));
  fs::remove(use_file("orion"));
  EXPECT_EQ(test.run(counted("orion")), RunOutcome::finished);
  EXPECT_TRUE(fs::exists(use_file("orion")));
}

TEST_F(CudaRun, ClientsThatRunIsolatedHaveAGpuEach) {
  test.misbehave("dawdle-run");
  test.run(counted("ideal"));
  const json summary = test.summary("small-ideal");
  ASSERT_EQ(summary["utilization"].size(), 2U);
  EXPECT_EQ(summary["utilization"][1]["gpu"], 1);
  const std::string use = read_file(use_file("ideal"));
  EXPECT_TRUE(contains(use, "\n0,"));
  EXPECT_LT(use.find("\n0,"), use.find("\n1,")) << "by time, then by GPU";
}

TEST_F(CudaRun, WhereTheGpuCannotCountNothingIsStarted) {
  test.nvml.supported = false;
  try {
    test.run(counted("orion"));
    FAIL();
  } catch (const Unavailable& error) {
    EXPECT_TRUE(contains(error.what(), "the use of GPU-fake cannot be counted")) << error.what();
  }
  EXPECT_TRUE(test.logged("").empty());
  EXPECT_EQ(test.run(plan("orion")), RunOutcome::finished) << "others do without";
}

TEST_F(CudaRun, CountersThatFailWhileClientsRunEndTheRun) {
  test.misbehave("linger-run");
  test.only_once();
  test.nvml.fails_from = 2;
  const std::string failure = test.failure(counted("orion"));
  EXPECT_EQ(failure, "small-orion: reading the GPU's counters: nvmlGpmSampleGet: GPU is lost");
  EXPECT_FALSE(result_exists("small-orion"));
  EXPECT_FALSE(fs::exists(use_file("orion")));
  EXPECT_EQ(test.run(plan("orion")), RunOutcome::finished);
}

TEST_F(CudaRun, WhatOnlyTheSimulatedGpuTakesIsRefused) {
  json recorded = plan("orion");
  recorded["memory_interval_ns"] = 1'000'000;
  json timed = plan("orion");
  timed["clients"][1]["host"] = {{"launch_ns", 3000}};
  for (const auto& [document, message] :
       {std::pair(recorded, "plan.memory_interval_ns: a real GPU"),
        std::pair(timed, "plan.clients[1].host: what a launch costs"),
        std::pair(plan("zico"), "plan.system.name: 'zico' passes memory")}) {
    try {
      test.lane().check(test.plan(document));
      ADD_FAILURE() << message;
    } catch (const InputError& error) {
      EXPECT_TRUE(contains(error.what(), message)) << error.what();
    }
  }
}

TEST_F(CudaRun, WritesRecordsAndSummaryAsTheSimulatedLaneDoes) {
  EXPECT_EQ(test.run(plan("orion")), RunOutcome::finished);
  std::ifstream records(test.space.out() / "small-orion.csv");
  std::string line;
  std::getline(records, line);
  EXPECT_EQ(line, "client,index,arrival_ns,start_ns,end_ns");
  std::getline(records, line);
  EXPECT_EQ(line, "hp,0,0,1000,1000000");
  std::getline(records, line);
  EXPECT_EQ(line, "be,0,1,1001,1000001");
  const json summary = test.summary("small-orion");
  EXPECT_EQ(summary["lane"], "cuda");
  EXPECT_EQ(summary["label"], "measured");
  EXPECT_EQ(summary["machine"]["gpu"]["uuid"], "GPU-fake");
  EXPECT_EQ(summary["machine"]["software"]["fake"], "1");
  EXPECT_GE(summary["machine"]["host"]["cpus"], 1);
  EXPECT_EQ(summary["clients"][0]["requests"], 15);
  EXPECT_EQ(summary["clients"][0]["program_label"], "live");
  EXPECT_TRUE(summary["clients"][0]["rate_per_s"].is_number());
  EXPECT_EQ(summary["clients"][1]["iterations_in_window"], 5.5);
  EXPECT_EQ(summary["counters"]["hosts"][0]["launches"], 100);
  EXPECT_GT(summary["duration_ns"], 0);
}

TEST_F(CudaRun, SystemsOfOneProcessShareAHostThatStays) {
  test.run(plan("orion"));
  test.run(plan("streams"));
  EXPECT_EQ(test.logged("hello").size(), 1U);
  EXPECT_EQ(test.logged("load").size(), 2U) << "each program once";
  EXPECT_EQ(test.logged("run").size(), 2U);
}

TEST_F(CudaRun, IdealRunsItsClientsOneAfterTheOther) {
  test.run(plan("ideal"));
  const auto runs = test.logged("run");
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_TRUE(contains(runs[0], "[0]")) << "the client with an end of its own goes first";
  EXPECT_TRUE(contains(runs[1], "[1]"));
  EXPECT_EQ(test.logged("hello").size(), 1U);
  EXPECT_GT(test.summary("small-ideal")["clients"][1]["requests"], 0);
}

TEST_F(CudaRun, TimeSlicedClientsHaveProcessesOfTheirOwn) {
  test.run(plan("timeslice"));
  EXPECT_EQ(test.logged("hello").size(), 2U);
  EXPECT_EQ(test.logged("mps=no").size(), test.logged("").size());
  const json hosts = test.summary("small-timeslice")["counters"]["hosts"];
  EXPECT_EQ(hosts[0]["clients"], json({"hp"}));
  EXPECT_EQ(hosts[1]["clients"], json({"be"}));
}

TEST_F(CudaRun, MpsClientsRunUnderADaemonOfOurs) {
  test.run(plan("mps"));
  EXPECT_EQ(test.logged("run").size(), 2U);
  EXPECT_EQ(test.logged("mps=yes,-").size(), test.logged("").size());
  test.run(plan("mps-priority"));
  EXPECT_EQ(test.logged("mps=yes,0").size(), 5U)
      << "hello, load, the pace of the first client alone and beside the other, run";
  EXPECT_EQ(test.logged("mps=yes,1").size(), 4U);
  EXPECT_EQ(test.lane().shut_down(), "");
}

TEST_F(CudaRun, WithoutADaemonMpsIsUnavailableAndTheRestGoesOn) {
  LaneOptions options = test.options();
  options.mps_control = "no-such-control";
  CudaLane lane(test.catalog, options);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(lane.run(test.plan(plan("mps")), test.space.out()), RunOutcome::unavailable);
    const json summary = test.summary("small-mps");
    const auto why = summary["unavailable"].get<std::string>();
    EXPECT_TRUE(why.starts_with("MPS: no-such-control")) << why;
    EXPECT_FALSE(fs::exists(test.space.out() / "small-mps.csv"));
  }
  EXPECT_EQ(lane.run(test.plan(plan("timeslice")), test.space.out()), RunOutcome::finished);
}

TEST_F(CudaRun, EqualInputIsNotMeasuredAgain) {
  test.run(plan("reef"));
  EXPECT_EQ(test.run(plan("reef")), RunOutcome::reused);
  test.end_lane();
  test.driver = "580.2";
  EXPECT_EQ(test.run(plan("reef")), RunOutcome::finished);
  test.end_lane();
  test.fingerprint = "code 2 ";
  EXPECT_EQ(test.run(plan("reef")), RunOutcome::finished);
}

TEST_F(CudaRun, TheLedgerGivesBackWhatIsGoneFromTheFolder) {
  test.with_ledger = true;
  test.run(plan("reef"));
  const std::string records = read_file(test.space.out() / "small-reef.csv");
  fs::remove_all(test.space.out());
  fs::create_directories(test.space.out());
  test.end_lane();
  EXPECT_EQ(test.run(plan("reef")), RunOutcome::reused);
  EXPECT_EQ(read_file(test.space.out() / "small-reef.csv"), records);
  EXPECT_EQ(test.logged("run").size(), 1U);
}

TEST_F(CudaRun, OutputsAreDigestedOnDemand) {
  LaneOptions options = test.options();
  options.outputs = true;
  CudaLane lane(test.catalog, options);
  lane.run(test.plan(plan("orion")), test.space.out());
  EXPECT_EQ(test.summary("small-orion")["clients"][0]["output_sha256"],
            "digest of h200/small-inference");
}

TEST_F(CudaRun, ProgressIsTold) {
  json slow = plan("timeslice");
  slow["clients"][0]["requests"] = 100'000;
  std::vector<double> seen;
  test.lane().run(test.plan(slow), test.space.out(), [&](double done, Nanos now) {
    seen.push_back(done);
    EXPECT_GT(now, 0);
  });
  ASSERT_FALSE(seen.empty());
  EXPECT_LE(seen.back(), 1);
}

TEST_F(CudaRun, PlansForAnotherGpuAreRefusedOrLabelled) {
  json other = plan("orion");
  other["gpu"] = "v100-16";
  EXPECT_THROW(test.run(other), InputError);
  LaneOptions options = test.options();
  options.any_gpu = true;
  CudaLane lane(test.catalog, options);
  lane.run(test.plan(other), test.space.out());
  EXPECT_EQ(test.summary("small-orion")["label"], "measured, on NVIDIA H200 in place of v100-16");
}

TEST_F(CudaRun, AHostThatDiesIsNamedWithItsLastWordsAndReplaced) {
  expect_recovery("orion", "die-run", "plain host 0: running small-orion: the host (pid ");
  EXPECT_EQ(test.logged("hello").size(), 2U);
}

TEST_F(CudaRun, DeathOfOneOfTwoHostsEndsTheRun) {
  test.misbehave("die-run");
  test.only_once();
  const std::string failure = test.failure(plan("timeslice"));
  EXPECT_TRUE(contains(failure, "died with signal 9 (Killed)")) << failure;
  EXPECT_TRUE(contains(failure, "its last words: Fatal error: unspecified launch failure"))
      << failure;
  EXPECT_EQ(test.run(plan("timeslice")), RunOutcome::finished);
  EXPECT_EQ(test.logged("hello").size(), 3U) << "only the dead one is replaced";
}

TEST_F(CudaRun, UnderMpsAllClientsAndTheDaemonAreReplaced) {
  expect_recovery("mps", "die-run", "died with signal 9");
  EXPECT_EQ(test.logged("hello").size(), 4U);
}

TEST_F(CudaRun, AKilledMpsDaemonEndsTheRun) {
  test.misbehave("linger-run");
  test.only_once();
  const LaneOptions options = test.options();
  ::setenv("TMPDIR", test.space.root().c_str(), 1); // where the daemon's folder then is
  const auto killer = [&](double /*done*/, Nanos /*now*/) {
    for (const auto& entry : fs::directory_iterator(fs::temp_directory_path())) {
      const fs::path pid = entry.path() / "pipe/nvidia-cuda-mps-control.pid";
      if (fs::exists(pid)) {
        ::kill(std::stoi(read_file(pid)), SIGKILL);
      }
    }
  };
  CudaLane lane(test.catalog, options);
  json endless = plan("mps");
  endless["clients"][0]["requests"] = 100'000'000;
  try {
    lane.run(test.plan(endless), test.space.out(), killer);
    FAIL();
  } catch (const HostFailure& failure) {
    EXPECT_TRUE(contains(failure.what(), "the MPS daemon died")) << failure.what();
  }
  EXPECT_EQ(lane.run(test.plan(plan("mps")), test.space.out()), RunOutcome::finished);
  ::unsetenv("TMPDIR");
}

TEST_F(CudaRun, DeviceErrorsAreTheHostsOwnWords) {
  expect_recovery("streams", "device-run", "client 'be': op 7: CUDA_ERROR_ILLEGAL_ADDRESS");
}

TEST_F(CudaRun, DeathWhileLoadingNamesTheProgram) {
  expect_recovery("orion", "die-load", "loading h200/small-inference: the host (pid ");
}

TEST_F(CudaRun, MemoryThatRunsOutWhileLoadingIsSaid) {
  expect_recovery("orion", "exhaust-load", "CUDA_ERROR_OUT_OF_MEMORY");
}

TEST_F(CudaRun, WhatFailsToLoadIntoAHostThatHasRunIsTriedInANewOne) {
  test.misbehave("worn-load");
  json alone = plan("streams");
  alone["clients"].erase(1);
  alone["id"] = "alone";
  test.run(alone);
  EXPECT_EQ(test.logged("hello").size(), 1U);
  test.run(plan("orion"));
  EXPECT_EQ(test.logged("hello").size(), 2U);
  EXPECT_EQ(test.logged("load").size(), 4U) << "one, one in vain, and both in the new host";
}

TEST_F(CudaRun, TwinsOfOneProcessRunCopiesOfTheirProgram) {
  json twins = plan("streams");
  twins["clients"][1]["program"] = twins["clients"][0]["program"];
  EXPECT_EQ(test.run(twins), RunOutcome::finished);
  EXPECT_EQ(test.logged("load h200/small-inference").size(), 2U);
  EXPECT_EQ(test.logged("load h200/small-inference#2").size(), 1U);

  twins["system"]["name"] = "timeslice";
  twins["id"] = "apart";
  EXPECT_EQ(test.run(twins), RunOutcome::finished);
  EXPECT_EQ(test.logged("load h200/small-inference#2").size(), 1U)
      << "each in a process of its own";
}

TEST_F(CudaRun, DeathAtTheStartGivesTheLastWords) {
  expect_recovery("orion", "die-hello",
                  "died with exit status 3; its last words: no such library: libtorch.so");
}

TEST_F(CudaRun, GarbageIsNoAnswer) {
  expect_recovery("orion", "garbage-run", "it answered \"it is all right\", which is no answer");
}

TEST_F(CudaRun, RecordsThatDoNotAddUpAreRefused) {
  expect_recovery("orion", "lose-row", "14 rows; the host reported 15");
}

TEST_F(CudaRun, AHostOnAnotherGpuIsRefused) {
  expect_recovery("orion", "other-gpu", "is on GPU-other; expected GPU-fake");
}

TEST_F(CudaRun, AProgramThatDoesNotMatchIsRefusedOnceAndTheHostGoesOn) {
  test.misbehave("mismatch-load");
  test.only_once();
  const std::string failure = test.failure(plan("orion"));
  EXPECT_TRUE(contains(failure, "loading h200/small-inference: op 12 ('gemm'): grid 4x1x1"))
      << failure;
  EXPECT_EQ(test.failure(plan("orion")), failure) << "said again without another attempt";
  EXPECT_EQ(test.logged("load h200/small-inference").size(), 1U);
  EXPECT_EQ(test.logged("hello").size(), 1U);
}

TEST_F(CudaRun, WithoutPyTorchNothingCanRun) {
  test.misbehave("no-torch");
  EXPECT_THROW(test.run(plan("orion")), Unavailable);
}

TEST_F(CudaRun, AGpuThatDoesNotComeToRestIsSaid) {
  expect_recovery("orion", "hang-end", "the run is over, but for ");
}

TEST_F(CudaRun, OnlyWhatReachesARealRunMakesItStale) {
  test.run(plan("orion"));
  const fs::path file = test.space.data() / "gpus/h200.json";
  json gpu = json::parse(read_file(file));
  gpu["timeslice"]["quantum_ns"]["value"] =
      gpu["timeslice"]["quantum_ns"]["value"].get<double>() * 2;
  write_file(file, gpu.dump());
  test.end_lane();
  Catalog fresh(test.space.data());
  CudaLane lane(fresh, test.options());
  EXPECT_EQ(lane.run(test.plan(plan("orion")), test.space.out()), RunOutcome::reused);
  gpu["sm"]["count"]["value"] = gpu["sm"]["count"]["value"].get<int>() - 2;
  write_file(file, gpu.dump());
  Catalog other(test.space.data());
  CudaLane again(other, test.options());
  EXPECT_EQ(again.run(test.plan(plan("orion")), test.space.out()), RunOutcome::finished);
}

TEST_F(CudaRun, AnInterruptedRunLeavesNothing) {
  test.misbehave("linger-run");
  json endless = plan("timeslice");
  endless["clients"][0]["requests"] = 100'000'000;
  const RunOutcome outcome =
      test.lane().run(test.plan(endless), test.space.out(),
                      [&](double /*done*/, Nanos /*now*/) { test.stop = true; });
  EXPECT_EQ(outcome, RunOutcome::interrupted);
  EXPECT_TRUE(fs::is_empty(test.space.out()));
}

TEST_F(CudaRun, AHostThatIgnoresAnInterruptionIsKilled) {
  test.misbehave("hang-run");
  json endless = plan("orion");
  const RunOutcome outcome =
      test.lane().run(test.plan(endless), test.space.out(),
                      [&](double /*done*/, Nanos /*now*/) { test.stop = true; });
  EXPECT_EQ(outcome, RunOutcome::interrupted);
  EXPECT_TRUE(fs::is_empty(test.space.out()));
}

TEST_F(CudaRun, QuestionsAboutAProgramGoToAHostThatHasIt) {
  const auto answer = test.lane().ask("h200/small-inference",
                                      {{"do", "load"}, {"program", "h200/small-inference"}});
  EXPECT_EQ(answer["ops"], 3);
  EXPECT_EQ(test.logged("load").size(), 2U) << "by the pool, and by the question";
  test.end_lane();
  test.misbehave("die-load");
  try {
    test.lane().ask("h200/small-inference", {{"do", "load"}});
    FAIL();
  } catch (const HostFailure& failure) {
    EXPECT_TRUE(contains(failure.what(), "h200/small-inference: plain host 0: loading"))
        << failure.what();
  }
}

TEST_F(CudaRun, HostsThatNoLongerFitMakeRoom) {
  test.memory_bytes = 16'000'000'000; // one host with both programs, not two
  test.run(plan("orion"));
  test.run(plan("timeslice"));
  test.run(plan("orion"));
  EXPECT_GE(test.logged("quit").size(), 1U);
  EXPECT_TRUE(result_exists("small-timeslice"));
}

} // namespace
} // namespace cotenant::cuda
