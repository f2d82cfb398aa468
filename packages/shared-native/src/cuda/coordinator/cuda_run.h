// Plans on this machine's GPU: the coordinator. It never touches CUDA; hosts do.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cuda/coordinator/gpu_lock.h"
#include "cuda/coordinator/host_pool.h"
#include "cuda/coordinator/ledger.h"
#include "cuda/coordinator/nvml.h"
#include "cuda/coordinator/separate_queues.h"
#include "cuda/coordinator/use_counters.h"
#include "cuda/coordinator/use_sampler.h"
#include "run/plan.h"
#include "run/plan_setup.h"
#include "run/run_plan.h"

namespace cotenant::cuda {

enum class ProgramKind : std::uint8_t {
  live,      ///< the models themselves, built by PyTorch
  synthetic, ///< generated kernels of the recorded programs' shapes and durations
};

struct LaneOptions {
  std::filesystem::path data;
  ProgramKind programs = ProgramKind::live;
  nlohmann::ordered_json gpu; ///< as describe_gpu() gives it
  Command host;
  std::string mps_control = "nvidia-cuda-mps-control";
  std::optional<std::filesystem::path> ledger;
  std::function<const Nvml&()> nvml = cotenant::cuda::nvml; ///< called when a plan needs it
  /// A plan may name another GPU than the one that is here: its results are labelled so.
  bool any_gpu = false;
  bool outputs = false; ///< digests of the clients' outputs go into the summaries
  bool pin = true;
  std::chrono::seconds watchdog{20};
  /// Identifies the code behind a system on this lane.
  std::function<std::string(const std::string& system)> fingerprint;
  std::function<bool()> interrupted = [] { return false; };
  std::function<void(const std::string& line)> say = [](const std::string& /*line*/) {};
  std::filesystem::path lock_folder = std::filesystem::temp_directory_path();
};

/// Called while a plan runs: the share that is done, and the time since the clock started.
using LaneProgress = std::function<void(double done, Nanos now)>;

/// One batch of plans, one at a time. Hosts, the MPS daemon and the GPU's lock live as long as this.
///
/// Errors: InputError for what is wrong with a plan, Unavailable when nothing can run here at all,
/// HostFailure for one plan that failed, with the plan's id in the message: hosts that were lost with it
/// are replaced for the next plan.
class CudaLane {
 public:
  CudaLane(Catalog& catalog, LaneOptions options);
  ~CudaLane();
  CudaLane(const CudaLane&) = delete;
  CudaLane& operator=(const CudaLane&) = delete;

  /// Checks a plan as check_plan() does, and that it is for this GPU. Throws InputError.
  void check(const Plan& plan);

  /// The result is in `out` already, or in the ledger, from which it is copied.
  [[nodiscard]] bool reuse(const Plan& plan, const std::filesystem::path& out);

  /// Makes the GPU's counters ready if the plan wants its use counted, so that what is missing is known before
  /// anything runs. Throws Unavailable.
  void open_counters(const Plan& plan);

  /// Starts hosts and loads programs for several plans at once, which takes less time than one by one.
  /// What fails here fails again, and is reported, when its plan runs.
  void prepare(const std::vector<const Plan*>& plans);

  /// Everything that the plan needs is loaded.
  [[nodiscard]] bool prepared(const Plan& plan);

  /// Runs a plan, as run_plan() does on the simulated GPU: record files under temporary names, the
  /// summary last, finished results left as they are. An interrupted run leaves nothing. A plan whose
  /// system this machine does not have (MPS) leaves a summary with the reason and no records, and is tried
  /// again by the next run.
  RunOutcome run(const Plan& plan, const std::filesystem::path& out,
                 const LaneProgress& progress = {});

  /// Has a host load a program and answer a request about it: a check that is no plan. Throws as run().
  nlohmann::ordered_json ask(const std::string& program, const nlohmann::ordered_json& request);

  /// Ends hosts and daemon. Returns what is left running, for a message; else empty.
  std::string shut_down();

 private:
  struct Segment;
  struct Watch;
  struct Measurement;

  [[nodiscard]] std::string digest(const Plan& plan, const PlanSetup& setup);
  [[nodiscard]] std::vector<HostNeed> needs_of(const Plan& plan, const PlanSetup& setup) const;
  [[nodiscard]] std::vector<Segment> segments_of(const Plan& plan, const PlanSetup& setup) const;
  HostPool& pool();
  [[nodiscard]] std::int64_t live_bytes(const std::string& copy);
  [[noreturn]] void explain(const HostFailure& failure, const std::string& subject,
                            const std::vector<HostNeed>& needs);
  void stop_if_interrupted() const;
  std::optional<QueueChoice> choose_queues(const Plan& plan, const PlanSetup& setup,
                                           const Segment& segment);
  Measurement run_segment(const Plan& plan, const PlanSetup& setup, const Segment& segment,
                          Nanos limit, const LaneProgress& progress);
  Measurement measure(const Plan& plan, const PlanSetup& setup, const LaneProgress& progress);
  void finish(const Plan& plan, const std::filesystem::path& out, const std::string& digest,
              const PlanSetup& setup, const Measurement& measured);
  static void record_unavailable(const Plan& plan, const std::filesystem::path& out,
                                 std::string_view why);
  [[nodiscard]] nlohmann::ordered_json machine(const PlanSetup& setup, const Plan& plan);

  Catalog& catalog_;
  LaneOptions options_;
  nlohmann::ordered_json host_;   ///< as results name it
  std::filesystem::path scratch_; ///< a folder of our own
  std::optional<Ledger> ledger_;
  std::unique_ptr<UseCounters> counters_;
  std::unique_ptr<GpuLock> lock_;
  std::unique_ptr<HostPool> pool_;
};

} // namespace cotenant::cuda
