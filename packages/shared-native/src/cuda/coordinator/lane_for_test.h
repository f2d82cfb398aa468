// A lane whose hosts are scripts: everything of the coordinator but the GPU.
#pragma once

#include <cstdlib>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/file.h"
#include "cuda/coordinator/cuda_run.h"
#include "cuda/coordinator/fake_nvml_for_test.h"
#include "run/workspace_for_test.h"

namespace cotenant::cuda {

class LaneForTest {
 public:
  LaneForTest() { std::filesystem::create_directories(space.out()); }

  LaneOptions options() {
    LaneOptions options;
    options.data = space.data();
    options.gpu = {{"name", "NVIDIA H200"},
                   {"uuid", "GPU-fake"},
                   {"driver", driver},
                   {"memory_bytes", memory_bytes}};
    options.host.arguments = {"python3", COTENANT_DATA_DIR "/test/fake_host.py"};
    options.host.set = {{"FAKE_LOG", log_file().string()}};
    for (const auto& variable : misdeeds) {
      options.host.set.push_back(variable);
    }
    options.mps_control = COTENANT_DATA_DIR "/test/fake_mps_control.py";
    options.nvml = [this]() -> const Nvml& { return nvml.table; };
    options.fingerprint = [this](const std::string& system) { return fingerprint + system; };
    options.interrupted = [this] { return stop; };
    options.watchdog = std::chrono::seconds(1);
    options.lock_folder = space.root();
    if (with_ledger) {
      options.ledger = space.root() / "ledger";
    }
    return options;
  }

  /// The lane is made with the first use, from what the members then say.
  CudaLane& lane() {
    if (!lane_) {
      lane_ = std::make_unique<CudaLane>(catalog, options());
    }
    return *lane_;
  }
  void end_lane() { lane_.reset(); }

  /// A host does this wrong.
  void misbehave(const std::string& deed) { misdeeds.emplace_back("FAKE_HOST", deed); }
  void only_once() { misdeeds.emplace_back("FAKE_ONCE", (space.root() / "once").string()); }
  void only_where(const std::string& variable) { misdeeds.emplace_back("FAKE_ONLY", variable); }

  Plan plan(const nlohmann::json& document) {
    return read_plan(space.write(document, document["id"].get<std::string>() + ".json"));
  }
  RunOutcome run(const nlohmann::json& document) { return lane().run(plan(document), space.out()); }
  std::string failure(const nlohmann::json& document) {
    try {
      run(document);
    } catch (const HostFailure& failure) {
      return failure.what();
    }
    return "";
  }
  nlohmann::json summary(const std::string& id) {
    return nlohmann::json::parse(read_file(space.out() / (id + ".json")));
  }

  [[nodiscard]] std::filesystem::path log_file() const { return space.root() / "log"; }

  /// Lines of the hosts' log that hold `word`.
  [[nodiscard]] std::vector<std::string> logged(const std::string& word) const {
    std::vector<std::string> lines;
    std::ifstream file(log_file());
    for (std::string line; std::getline(file, line);) {
      if (line.find(word) != std::string::npos) {
        lines.push_back(line);
      }
    }
    return lines;
  }

  WorkspaceForTest space;
  Catalog catalog{space.data()};
  FakeNvml nvml;
  std::string driver = "580.1";
  std::string fingerprint = "code 1 ";
  std::int64_t memory_bytes = 150'000'000'000;
  std::vector<std::pair<std::string, std::string>> misdeeds;
  bool with_ledger = false;
  bool stop = false;

 private:
  std::unique_ptr<CudaLane> lane_;
};

} // namespace cotenant::cuda
