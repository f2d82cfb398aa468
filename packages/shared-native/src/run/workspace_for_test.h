// A data folder of its own with two small programs, and plans over them.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "base/file.h"
#include "base/temporary_folder_for_test.h"
#include "program/program_file.h"
#include "sim/programs_for_test.h"

namespace cotenant {

class WorkspaceForTest {
 public:
  WorkspaceForTest() {
    namespace fs = std::filesystem;
    fs::create_directories(data() / "gpus");
    fs::create_directories(data() / "programs/h200");
    for (const char* gpu : {"h200", "v100-16"}) {
      const std::string name = std::string(gpu) + ".json";
      fs::copy_file(fs::path(COTENANT_DATA_DIR) / "gpus" / name, data() / "gpus" / name);
    }
    std::mt19937 words(1);
    Program inference = random_program_for_test("h200", Mode::inference, 25, words);
    inference.name = "small-inference";
    inference.peak_bytes = 1'000'000'000;
    write_program(inference, data() / "programs/h200/small-inference.program.gz");
    Program training = random_program_for_test("h200", Mode::training, 50, words);
    training.name = "small-training";
    training.peak_bytes = 10'000'000'000;
    write_program(training, data() / "programs/h200/small-training.program.gz");
  }

  [[nodiscard]] std::filesystem::path root() const { return folder_.path(); }
  [[nodiscard]] std::filesystem::path data() const { return folder_.path() / "data"; }
  [[nodiscard]] std::filesystem::path out() const { return folder_.path() / "out"; }

  static nlohmann::json plan(const std::string& system) {
    return {{"version", 1},
            {"id", "small-" + system},
            {"gpu", "h200"},
            {"seed", 42},
            {"system", {{"name", system}}},
            {"clients",
             {{{"name", "hp"},
               // What evaluates takes no turns.
               {"program", system == "ticktock" ? "h200/small-training" : "h200/small-inference"},
               {"priority", "high"},
               {"traffic", {{"kind", "poisson"}, {"load", 0.3}}},
               {"requests", 15},
               {"warmup", 3}},
              {{"name", "be"},
               // Training cannot be reset.
               {"program", system == "reef-reset" ? "h200/small-inference" : "h200/small-training"},
               {"priority", "best-effort"},
               {"traffic", {{"kind", "closed"}}},
               {"warmup", 3}}}},
            {"until", "hp"}};
  }

  /// Writes a plan and returns its file.
  std::filesystem::path write(const nlohmann::json& plan, const std::string& name = "plan.json") {
    const auto file = root() / name;
    write_file(file, plan.dump(2));
    return file;
  }

 private:
  TemporaryFolder folder_;
};

} // namespace cotenant
