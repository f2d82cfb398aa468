// The command line as users meet it: exit codes and one-line messages of the real binary.
#include <algorithm>

#include "cli/cli_for_test.h"

namespace cotenant {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::binary;
using testing::Cli;
using testing::Outcome;

TEST_F(Cli, RunsAPlan) {
  const Outcome outcome = run(space.plan("orion"));
  EXPECT_EQ(outcome.code, 0) << outcome.output;
  EXPECT_TRUE(fs::exists(space.out() / "small-orion.csv"));
  EXPECT_TRUE(fs::exists(space.out() / "small-orion.json"));
}

TEST_F(Cli, ThreadCountDoesNotChangeABit) {
  std::string plans;
  for (const char* system : {"mps", "reef", "orion", "streams"}) {
    plans += space.write(space.plan(system), std::string(system) + ".json").string() + " ";
  }
  const fs::path one = space.root() / "one";
  const fs::path four = space.root() / "four";
  EXPECT_EQ(cotenant("run " + plans + "--jobs 1 --out " + one.string()).code, 0);
  EXPECT_EQ(cotenant("run " + plans + "--jobs 4 --out " + four.string()).code, 0);
  for (const auto& entry : fs::directory_iterator(one)) {
    EXPECT_EQ(read_file(entry.path()), read_file(four / entry.path().filename()));
  }
}

TEST_F(Cli, BadPlansExit65WithOneLine) {
  json plan = space.plan("orion");
  plan["clients"][0]["traffic"] = {{"kind", "poisson"}, {"rate", -1}};
  const Outcome outcome = run(plan);
  EXPECT_EQ(outcome.code, 65);
  expect_one_line(outcome);
  EXPECT_NE(outcome.output.find("plan.json: plan.clients[0].traffic.rate"), std::string::npos);
  EXPECT_FALSE(fs::exists(space.out()));
}

TEST_F(Cli, OneBadPlanStopsAllBeforeAnythingRuns) {
  const auto good = space.write(space.plan("mps"), "good.json");
  json plan = space.plan("orion");
  plan["gpu"] = "h100";
  const auto bad = space.write(plan, "bad.json");
  const Outcome outcome =
      cotenant("run " + good.string() + " " + bad.string() + " --out " + space.out().string());
  EXPECT_EQ(outcome.code, 65);
  EXPECT_FALSE(fs::exists(space.out()));
}

/// Two clients of high priority, which `orion` does not serve.
json two_high(const WorkspaceForTest& space) {
  json plan = space.plan("orion");
  for (json& client : plan["clients"]) {
    client["priority"] = "high";
  }
  return plan;
}

TEST_F(Cli, ARefusalStopsAllUnlessItIsToBeRecorded) {
  const auto good = space.write(space.plan("mps"), "good.json");
  const auto refused = space.write(two_high(space), "refused.json");
  const std::string both =
      "run " + good.string() + " " + refused.string() + " --out " + space.out().string();
  const Outcome stopped = cotenant(both);
  EXPECT_EQ(stopped.code, 65);
  EXPECT_FALSE(fs::exists(space.out()));

  EXPECT_EQ(cotenant(both + " --record-refusals").code, 0);
  EXPECT_TRUE(fs::exists(space.out() / "small-mps.csv"));
  EXPECT_FALSE(fs::exists(space.out() / "small-orion.csv"));
  const json summary = json::parse(read_file(space.out() / "small-orion.json"));
  EXPECT_EQ(summary["label"], "not applicable");
  EXPECT_EQ(summary["refused"], true);
  const auto reason = summary["unavailable"].get<std::string>();
  EXPECT_TRUE(reason.find("high") != std::string::npos) << reason;
  EXPECT_EQ(reason.find("refused.json"), std::string::npos) << reason;
}

TEST_F(Cli, MistakesAreNotRecordedAsRefusals) {
  json plan = space.plan("reef-reset");
  plan["system"]["params"] = {{"preemption", "rest"}};
  const Outcome outcome = run(plan, "--record-refusals");
  EXPECT_EQ(outcome.code, 65) << outcome.output;
  EXPECT_FALSE(fs::exists(space.out()));
}

TEST_F(Cli, UnknownOptionExits64) {
  const Outcome outcome = run(space.plan("orion"), "--jbos 3");
  EXPECT_EQ(outcome.code, 64);
  expect_one_line(outcome);
  EXPECT_NE(outcome.output.find("--jbos"), std::string::npos);
}

TEST_F(Cli, FullDiskExits74AndLeavesNothingThatLooksFinished) {
  json plan = space.plan("streams");
  plan["clients"][0]["requests"] = 20000;
  const auto file = space.write(plan);
  // A file size limit of 8 KiB is met as a full disk is: a write that fails half-way.
  const Outcome outcome =
      shell("trap '' XFSZ; ulimit -f 8; " + binary() + " --data " + space.data().string() +
            " run " + file.string() + " --out " + space.out().string());
  EXPECT_EQ(outcome.code, 74) << outcome.output;
  expect_one_line(outcome);
  EXPECT_TRUE(fs::is_empty(space.out()));
}

TEST_F(Cli, InterruptKeepsFinishedPlansAndResumes) {
  const auto quick = space.write(space.plan("ideal"), "quick.json");
  json endless = space.plan("streams");
  endless["clients"][0]["requests"] = 100'000'000;
  const auto slow = space.write(endless, "slow.json");
  const std::string command = binary() + " --data " + space.data().string() + " run " +
                              quick.string() + " " + slow.string() + " --jobs 1 --out " +
                              space.out().string();
  const Outcome outcome = shell("timeout --preserve-status -s INT 3 " + command);
  EXPECT_EQ(outcome.code, 130) << outcome.output;
  expect_one_line(outcome);
  EXPECT_TRUE(fs::exists(space.out() / "small-ideal.json"));
  EXPECT_FALSE(fs::exists(space.out() / "small-streams.csv"));
  const auto written = fs::last_write_time(space.out() / "small-ideal.json");
  space.write(space.plan("streams"), "slow.json");
  EXPECT_EQ(shell(command).code, 0);
  EXPECT_EQ(fs::last_write_time(space.out() / "small-ideal.json"), written) << "not run again";
}

TEST_F(Cli, TimelineIsWritten) {
  const auto timeline = space.root() / "timeline.json";
  EXPECT_EQ(run(space.plan("orion"), "--timeline " + timeline.string()).code, 0);
  EXPECT_TRUE(json::parse(read_file(timeline))["traceEvents"].size() > 100);
}

TEST_F(Cli, ProgressIsNdjson) {
  const Outcome outcome = run(space.plan("mps"), "--progress");
  EXPECT_EQ(outcome.code, 0);
  const json line = json::parse(outcome.output.substr(0, outcome.output.find('\n')));
  EXPECT_EQ(line["plan"], "small-mps");
  EXPECT_TRUE(line.contains("sim_ns"));
}

// Without a visible GPU, whatever the machine has.

TEST_F(Cli, WithoutAGpuTheCudaLaneIsUnavailable) {
  const std::string hidden =
      "CUDA_VISIBLE_DEVICES= " + binary() + " --data " + space.data().string() + " ";
  const std::string plan = space.write(space.plan("orion")).string();
  for (const std::string& command :
       {"run --lane cuda " + plan + " --out " + space.out().string(), std::string("gpus --present"),
        std::string("cuda-host --describe")}) {
    const Outcome outcome = shell(hidden + command);
    EXPECT_EQ(outcome.code, 69) << command << outcome.output;
    expect_one_line(outcome);
    EXPECT_TRUE(outcome.output.starts_with("cotenant: unavailable: ")) << outcome.output;
  }
}

TEST_F(Cli, MeasureChecksItsFoldersFirst) {
  EXPECT_EQ(cotenant("measure --plans /nonexistent --out x --budget 10").code, 65);
  EXPECT_EQ(cotenant("measure --plans /nonexistent --out x --budget 0").code, 64);
  EXPECT_EQ(cotenant("measure --plans /nonexistent --out x").code, 64);
}

TEST_F(Cli, TheCudaLaneHasNoTimeline) {
  const Outcome outcome = run(space.plan("orion"), "--lane cuda --timeline t.json");
  EXPECT_EQ(outcome.code, 64) << outcome.output;
  EXPECT_EQ(run(space.plan("orion"), "--lane gpu").code, 64);
}

TEST_F(Cli, AHostIsNotStartedByHand) {
  const Outcome outcome = shell(binary() + " cuda-host 3>&- </dev/null");
  EXPECT_EQ(outcome.code, 64) << outcome.output;
}

TEST_F(Cli, AHostWithoutAGpuSaysSoAsAnAnswer) {
  const Outcome outcome =
      shell("echo '{\"do\":\"hello\"}' | CUDA_VISIBLE_DEVICES= " + binary() + " cuda-host 3>&1");
  EXPECT_EQ(outcome.code, 0) << outcome.output;
  const json answer = json::parse(outcome.output, nullptr, false);
  EXPECT_EQ(answer["ok"], false) << outcome.output;
  EXPECT_EQ(answer["kind"], "unavailable");
}

TEST_F(Cli, ListsAreJson) {
  const json systems = json::parse(cotenant("systems --json").output);
  EXPECT_GE(systems.size(), 10U);
  for (const json& system : systems) {
    EXPECT_FALSE(system["summary"].get<std::string>().empty()) << system;
    for (const json& param : system["params"]) {
      EXPECT_FALSE(param["doc"].get<std::string>().empty()) << param;
    }
  }
  EXPECT_EQ(json::parse(cotenant("gpus --json").output).size(), 2U);
  EXPECT_EQ(json::parse(cotenant("programs --json").output).size(), 2U);
}

TEST_F(Cli, ProgramsAreShownScaledAndImported) {
  const json shown =
      json::parse(cotenant("program show h200/small-inference --gpu v100-16 --json").output);
  EXPECT_EQ(shown["label"], "derived");
  EXPECT_GT(shown["solo_sim_ns"], 0);
  const auto scaled = (space.root() / "scaled.program.gz").string();
  EXPECT_EQ(cotenant("program scale h200/small-inference --gpu v100-16 --out " + scaled).code, 0);
  EXPECT_EQ(json::parse(cotenant("program show " + scaled + " --json").output)["gpu"], "v100-16");
  write_file(space.root() / "kernels.csv", "Name,Profile,Memory_footprint,SM_usage,Duration\n"
                                           "Conv,1,0,40,52000\nBatchNorm,0,0,12,8000\n");
  const auto imported = (space.root() / "imported.program.gz").string();
  EXPECT_EQ(cotenant("program import-orion " + (space.root() / "kernels.csv").string() +
                     " --name tiny --gpu v100-16 --out " + imported)
                .code,
            0);
  const json tiny = json::parse(cotenant("program show " + imported + " --json").output);
  EXPECT_EQ(tiny["label"], "imported");
  EXPECT_EQ(tiny["ops"], 2);
}

TEST_F(Cli, OneKernelOfAProgramIsAProgram) {
  const auto file = (space.root() / "one.program.gz").string();
  const std::string take = "program take h200/small-inference --out " + file;
  const std::vector<Op> ops =
      read_program(space.data() / "programs/h200/small-inference.program.gz").ops;
  const auto kernel =
      std::find_if(ops.begin(), ops.end(), [](const Op& op) { return op.kind == OpKind::kernel; });
  const std::string index = std::to_string(kernel - ops.begin());
  EXPECT_EQ(cotenant(take + " --repeat 3 --model one --op " + index).code, 0);
  const json shown = json::parse(cotenant("program show " + file + " --json").output);
  EXPECT_EQ(shown["kernels"], 3);
  const Outcome outcome = cotenant(take + " --op 99 --model one");
  EXPECT_EQ(outcome.code, 65);
  expect_one_line(outcome);
}

TEST_F(Cli, SpinProgramsAreMadeUp) {
  const auto file = (space.root() / "spin.program.gz").string();
  EXPECT_EQ(cotenant("program spin --duration-us 20 --blocks 132 --gpu h200 -o " + file).code, 0);
  const json shown = json::parse(cotenant("program show " + file + " --json").output);
  EXPECT_EQ(shown["op_sum_ns"], 20000);
  const Outcome outcome = cotenant("program spin --duration-us 0 --gpu h200 -o " + file);
  EXPECT_EQ(outcome.code, 65);
  expect_one_line(outcome);
}

} // namespace
} // namespace cotenant
