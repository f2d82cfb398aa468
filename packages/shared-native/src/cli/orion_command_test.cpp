// Orion's configurations on the command line.
#include "cli/cli_for_test.h"

namespace cotenant {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::Cli;
using testing::Outcome;

class OrionCommand : public Cli {
 protected:
  OrionCommand() {
    const fs::path programs = space.data() / "programs/h200";
    fs::copy_file(programs / "small-inference.program.gz",
                  programs / "toynet-inference-b4-fp32.program.gz");
    fs::copy_file(programs / "small-training.program.gz",
                  programs / "toynet-training-b32-fp32.program.gz");
  }

  /// Training beside inference, as in the artifact's Fig 7.
  static json pair() {
    return {{{"arch", "toy_net"},
             {"kernel_file", "kernels/toy_32_fb0"},
             {"additional_kernel_file", "kernels/toy_32_fb1"},
             {"num_kernels", 2},
             {"additional_num_kernels", 3},
             {"num_iters", 1'000'000},
             {"args",
              {{"model_name", "toy_net"},
               {"batchsize", 32},
               {"rps", 0},
               {"uniform", true},
               {"dummy_data", true},
               {"train", true}}}},
            {{"arch", "toy_net"},
             {"kernel_file", "kernels/toy_4_fwd"},
             {"num_kernels", 2},
             {"num_iters", 30},
             {"args",
              {{"model_name", "toy_net"},
               {"batchsize", 4},
               {"rps", 200},
               {"uniform", false},
               {"dummy_data", true},
               {"train", false}}}}};
  }

  Outcome orion(const json& config, const std::string& more = "") {
    return cotenant("orion --config " + space.write(config, "toy_pair.json").string() + " --out " +
                    space.out().string() + " " + more);
  }
  json result(int client) const {
    return json::parse(read_file(space.out() / ("client_" + std::to_string(client) + ".json")));
  }
  json plan(const std::string& algorithm) const {
    return json::parse(read_file(space.out() / ("toy_pair-" + algorithm + ".plan.json")));
  }
  void kernels(const char* name, int rows) {
    std::string text = "Name,Profile,Memory_footprint,SM_usage,Duration\n";
    for (int i = 0; i < rows; ++i) {
      text += "Conv,1,0,40,52000\n";
    }
    fs::create_directories(space.root() / "kernels");
    write_file(space.root() / "kernels" / name, text);
  }
  void refused(const json& config, const std::string& message, const std::string& more = "") {
    const Outcome outcome = orion(config, more);
    EXPECT_EQ(outcome.code, 65) << outcome.output;
    expect_one_line(outcome);
    EXPECT_NE(outcome.output.find("toy_pair.json: " + message), std::string::npos)
        << outcome.output;
    EXPECT_FALSE(fs::exists(space.out()));
  }
};

TEST_F(OrionCommand, RunsAConfigurationAndWritesOrionsKeys) {
  const Outcome outcome = orion(pair(), "--algo orion --orion_max_be_duration 100000");
  ASSERT_EQ(outcome.code, 0) << outcome.output;
  EXPECT_EQ(result(0).size(), 1U);
  EXPECT_GT(result(0)["throughput"], 0);
  EXPECT_EQ(result(1).size(), 4U);
  EXPECT_GT(result(1)["p50_latency"], 0);
  EXPECT_GE(result(1)["p95_latency"], result(1)["p50_latency"]);
  EXPECT_GE(result(1)["p99_latency"], result(1)["p95_latency"]);
}

TEST_F(OrionCommand, ThePlanRunsAsItIs) {
  ASSERT_EQ(orion(pair(), "--orion_max_be_duration 100000").code, 0);
  const fs::path again = space.root() / "again";
  ASSERT_EQ(cotenant("run " + (space.out() / "toy_pair-orion.plan.json").string() + " --out " +
                     again.string())
                .code,
            0);
  EXPECT_EQ(read_file(again / "toy_pair-orion.csv"), read_file(space.out() / "toy_pair-orion.csv"));
}

TEST_F(OrionCommand, TheLastClientHasHighPriorityAndTheGpuIsTheArtifacts) {
  ASSERT_EQ(orion(pair(), "--orion_max_be_duration 5000").code, 0);
  const json made = plan("orion");
  EXPECT_EQ(made["gpu"], "v100-16");
  EXPECT_EQ(made["until"], "client_1");
  EXPECT_EQ(made["clients"][0]["name"], "client_1");
  EXPECT_EQ(made["clients"][0]["priority"], "high");
  EXPECT_EQ(made["clients"][0]["requests"], 20) << "10 of the 30 warm up";
  EXPECT_EQ(made["clients"][0]["traffic"], json({{"kind", "poisson"}, {"rate", 200}}));
  EXPECT_EQ(made["clients"][1]["priority"], "best-effort");
  EXPECT_EQ(made["clients"][1]["program"], "h200/toynet-training-b32-fp32");
  EXPECT_EQ(made["clients"][1]["traffic"], json({{"kind", "closed"}}));
  EXPECT_EQ(made["system"], json({{"name", "orion"}, {"params", {{"max_be_duration_ns", 5000}}}}));
}

TEST_F(OrionCommand, OtherAlgorithms) {
  ASSERT_EQ(orion(pair(), "--algo reef --reef_depth 12").code, 0);
  EXPECT_EQ(plan("reef")["system"], json({{"name", "reef"}, {"params", {{"depth", 12}}}}));
  ASSERT_EQ(orion(pair(), "--algo reef --reef_depth 12 --as_published").code, 0);
  EXPECT_EQ(plan("reef")["system"]["name"], "reef-as-published");
  ASSERT_EQ(orion(pair(), "--algo sequential --gpu h200").code, 0);
  EXPECT_EQ(plan("sequential")["system"], json({{"name", "sequential"}}));
  EXPECT_EQ(plan("sequential")["gpu"], "h200");
  EXPECT_EQ(orion(pair(), "--algo mps").code, 64);
}

TEST_F(OrionCommand, HighPriorityTrainingTakesItsOptions) {
  json config = pair();
  config[1]["args"]["train"] = true;
  config[1]["args"]["batchsize"] = 32;
  config[1]["args"]["rps"] = 0;
  ASSERT_EQ(orion(config, "--gpu h200 --orion_max_be_duration 1000000 --orion_start_update 7 "
                          "--orion_hp_limit 135")
                .code,
            0);
  EXPECT_EQ(plan("orion")["system"]["params"],
            json({{"max_be_duration_ns", 1'000'000}, {"start_update", 7}, {"hp_limit_ms", 135}}));
  EXPECT_EQ(result(1).size(), 1U);
}

TEST_F(OrionCommand, AloneItIsTheArtifactsIdeal) {
  json config = pair();
  config.erase(0);
  const Outcome outcome = orion(config);
  ASSERT_EQ(outcome.code, 0) << outcome.output;
  EXPECT_GT(result(0)["p99_latency"], 0);
}

TEST_F(OrionCommand, WhatMeansNothingHereIsNamed) {
  json config = pair();
  config[0]["colour"] = "red";
  const Outcome outcome =
      orion(config, "--orion_max_be_duration 5000 --orion_hp_limit 3 --reef_depth 2");
  ASSERT_EQ(outcome.code, 0) << outcome.output;
  for (const char* note :
       {"args.dummy_data of clients 0, 1:", "args.uniform of client 0: the loop is closed",
        "\"colour\" of client 0: not a field of Orion's", "--reef_depth has no meaning for orion",
        "--orion_hp_limit has no meaning for", "kernel_file and num_kernels are not used"}) {
    EXPECT_NE(outcome.output.find(std::string("cotenant: note: ") +
                                  (std::string_view(note).starts_with("kernel") ? "" : note)),
              std::string::npos)
        << note << "\n"
        << outcome.output;
    EXPECT_NE(outcome.output.find(note), std::string::npos) << outcome.output;
  }
}

TEST_F(OrionCommand, KernelFilesThatAreThereAreRun) {
  kernels("toy_4_fwd", 2);
  kernels("toy_32_fb0", 2);
  kernels("toy_32_fb1", 3);
  ASSERT_EQ(orion(pair(), "--orion_max_be_duration 5000").code, 0);
  const std::string program = plan("orion")["clients"][1]["program"];
  const json shown = json::parse(cotenant("program show " + program + " --json").output);
  EXPECT_EQ(shown["label"], "imported");
  EXPECT_EQ(shown["ops"], 3) << "the file of the later iterations";
  const json summary = json::parse(read_file(space.out() / "toy_pair-orion.json"));
  EXPECT_EQ(summary["label"], "simulated, imported programs");
  // Those of another GPU are not.
  ASSERT_EQ(orion(pair(), "--orion_max_be_duration 5000 --gpu h200").code, 0);
  EXPECT_EQ(plan("orion")["clients"][1]["program"], "h200/toynet-training-b32-fp32");
}

TEST_F(OrionCommand, AKernelFileWithOtherRowsIsRefused) {
  kernels("toy_32_fb0", 4);
  refused(pair(), "client 0.num_kernels: 2, but ");
  fs::remove(space.root() / "kernels/toy_32_fb0");
  kernels("toy_4_fwd", 5);
  refused(pair(), "client 1.num_kernels: 2, but ");
}

TEST_F(OrionCommand, ARefusedPlanLeavesNoImportedPrograms) {
  kernels("toy_4_fwd", 2);
  write_file(space.root() / "gaps.json", json({std::vector<json>(29, "soon")})[0].dump());
  json config = pair();
  config[1]["args"]["input_file"] = "gaps.json";
  const Outcome outcome = orion(config);
  EXPECT_EQ(outcome.code, 65) << outcome.output;
  EXPECT_NE(outcome.output.find("gaps.json: element 0: \"soon\""), std::string::npos)
      << outcome.output;
  EXPECT_FALSE(fs::exists(space.out() / "programs"));
}

TEST_F(OrionCommand, UnknownGpusAreNamedByTheirOption) {
  for (const char* option : {"--gpu", "--profiled_on"}) {
    const Outcome outcome = orion(pair(), std::string(option) + " h201");
    EXPECT_EQ(outcome.code, 65);
    EXPECT_EQ(outcome.output, std::string("cotenant: ") + option +
                                  ": unknown GPU \"h201\"; did you mean \"h200\"?\n");
  }
}

TEST_F(OrionCommand, UnknownModelsAreNamedWithThoseThereAre) {
  json config = pair();
  config[1]["arch"] = config[1]["args"]["model_name"] = "vgg16";
  refused(config, "client 1: no program vgg16-inference-b4-fp32 is recorded");
  config = pair();
  config[0]["args"]["batchsize"] = 64;
  refused(config, "client 0: no program toynet-training-b64-fp32 is recorded and the kernel file");
}

TEST_F(OrionCommand, TracesMustLast) {
  json config = pair();
  config[1]["args"]["rps"] = 0;
  config[1]["args"]["input_file"] = "gaps.json";
  refused(config, "client 1.args.input_file: ");
  write_file(space.root() / "gaps.json", json(std::vector<double>(28, 0.001)).dump());
  refused(config, "client 1.args.input_file: 28 gaps are too few for 30 iterations; expected a "
                  "longer trace, or num_iters of 29 at most");
  write_file(space.root() / "gaps.json", json(std::vector<double>(29, 0.001)).dump());
  EXPECT_EQ(orion(config, "--orion_max_be_duration 5000").code, 0);
  config[1]["args"]["input_file"] = "elsewhere/inter_arrival_times.json";
  ASSERT_EQ(orion(config, "--orion_max_be_duration 5000").code, 0);
  EXPECT_EQ(plan("orion")["clients"][0]["traffic"]["trace"], "apollo");
}

TEST_F(OrionCommand, TheListSaysWhoHasHighPriority) {
  json config = pair();
  config[0]["priority"] = "high";
  refused(config, "client 0.priority: \"high\"; expected \"best-effort\"");
  config[0]["priority"] = "best-effort";
  config[1]["priority"] = "high";
  EXPECT_EQ(orion(config).code, 0);
}

TEST_F(OrionCommand, NegativeThresholdsAreUsageErrors) {
  for (const char* option : {"--orion_max_be_duration -1", "--orion_hp_limit -0.5",
                             "--orion_start_update -3", "--reef_depth -1", "--seed -1"}) {
    const Outcome outcome = orion(pair(), option);
    EXPECT_EQ(outcome.code, 64) << option << outcome.output;
    expect_one_line(outcome);
    EXPECT_FALSE(fs::exists(space.out()));
  }
}

TEST_F(OrionCommand, AFaultLeavesEarlierResultsAlone) {
  ASSERT_EQ(orion(pair(), "--orion_max_be_duration 5000").code, 0);
  const std::string before = read_file(space.out() / "client_1.json");
  json config = pair();
  config[1].erase("num_kernels");
  EXPECT_EQ(orion(config).code, 65);
  EXPECT_EQ(read_file(space.out() / "client_1.json"), before);
}

} // namespace
} // namespace cotenant
