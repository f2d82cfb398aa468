// cotenant run PLAN.json... --out DIR
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <fmt/format.h>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/cuda_lane.h"
#include "cli/fingerprint.h"
#include "cli/interrupt.h"
#include "run/run_plan.h"

namespace cotenant {
namespace {

struct RunArguments {
  std::vector<std::filesystem::path> plans;
  std::filesystem::path out;
  std::filesystem::path timeline;
  unsigned jobs = 0;
  bool progress = false;
  bool oracle = false;
  std::string lane = "sim";
  CudaArguments cuda;
};

/// Runs plans on a few threads, one plan a thread at a time, and shows their progress.
class Batch {
 public:
  Batch(std::vector<Plan> plans, Catalog& catalog, const RunArguments& arguments)
      : plans_(std::move(plans)), catalog_(catalog), arguments_(arguments),
        progress_(plans_.size()) {
    for (const Plan& plan : plans_) {
      if (!fingerprints_.contains(plan.system)) {
        fingerprints_[plan.system] = code_fingerprint(plan.system);
      }
    }
  }

  /// Throws the first error of any plan, once all threads have stopped.
  bool run() {
    const unsigned available = std::max(1U, std::thread::hardware_concurrency());
    const auto jobs =
        std::min<std::size_t>(arguments_.jobs == 0 ? available : arguments_.jobs, plans_.size());
    std::vector<std::jthread> workers;
    for (std::size_t i = 0; i < jobs; ++i) {
      workers.emplace_back([this] { work(); });
    }
    std::unique_lock lock(mutex_);
    while (finished_ < plans_.size() && active_ + queued_locked() > 0) {
      changed_.wait_for(lock, std::chrono::milliseconds(100));
      if (interrupted()) {
        stop_locked();
      }
      if (arguments_.progress) {
        report_locked();
      }
    }
    lock.unlock();
    workers.clear();
    if (error_) {
      std::rethrow_exception(error_);
    }
    return !interrupted();
  }

 private:
  std::size_t queued_locked() const { return stopping_ ? 0 : plans_.size() - next_; }

  void stop_locked() {
    stopping_ = true;
    for (SimProgress& progress : progress_) {
      progress.stop = true;
    }
  }

  void work() {
    for (;;) {
      std::size_t index = 0;
      {
        const std::scoped_lock lock(mutex_);
        if (stopping_ || next_ == plans_.size()) {
          return;
        }
        index = next_++;
        ++active_;
      }
      std::exception_ptr error;
      RunOutcome outcome = RunOutcome::interrupted;
      try {
        outcome = run_plan(plans_[index], catalog_, options(plans_[index]), &progress_[index]);
      } catch (...) {
        error = std::current_exception();
      }
      const std::scoped_lock lock(mutex_);
      --active_;
      if (error) {
        error_ = error_ ? error_ : error;
        stop_locked();
      } else if (outcome != RunOutcome::interrupted) {
        ++finished_;
        progress_[index].done = 1;
      }
      changed_.notify_all();
    }
  }

  RunOptions options(const Plan& plan) const {
    RunOptions result{.out = arguments_.out,
                      .timeline = std::nullopt,
                      .engine = arguments_.oracle ? EngineKind::oracle : EngineKind::wave,
                      .fingerprint = fingerprints_.at(plan.system)};
    if (!arguments_.timeline.empty()) {
      result.timeline = arguments_.timeline;
    }
    return result;
  }

  void report_locked() {
    for (std::size_t i = 0; i < plans_.size(); ++i) {
      const double done = progress_[i].done.load(std::memory_order_relaxed);
      if (done != reported_[i]) {
        reported_[i] = done;
        fmt::print(stderr, "{{\"plan\":\"{}\",\"done\":{:.4f},\"sim_ns\":{}}}\n", plans_[i].id,
                   done, progress_[i].now.load(std::memory_order_relaxed));
      }
    }
  }

  std::vector<Plan> plans_;
  Catalog& catalog_;
  const RunArguments& arguments_;
  std::map<std::string, std::string> fingerprints_;
  std::deque<SimProgress> progress_;
  std::map<std::size_t, double> reported_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t next_ = 0;
  std::size_t active_ = 0;
  std::size_t finished_ = 0;
  bool stopping_ = false;
  std::exception_ptr error_;
};

void run(const RunArguments& arguments, CliContext& context) {
  Catalog catalog(context.data);
  std::vector<Plan> plans;
  std::set<std::string> ids;
  for (const auto& file : arguments.plans) {
    plans.push_back(read_plan(file));
    if (!ids.insert(plans.back().id).second) {
      throw InputError(fmt::format(
          "{}: plan.id: '{}' is the id of an earlier plan; expected ids that differ, since "
          "they name the record files",
          file.string(), plans.back().id));
    }
  }
  if (!arguments.timeline.empty() && plans.size() != 1) {
    throw CLI::ValidationError("--timeline", "takes a single plan");
  }
  if (arguments.lane == "cuda" && (!arguments.timeline.empty() || arguments.oracle)) {
    throw CLI::ValidationError("--lane cuda", "has neither --timeline nor --oracle");
  }
  for (const Plan& plan : plans) {
    check_plan(plan, catalog);
  }
  std::error_code failed;
  std::filesystem::create_directories(arguments.out, failed);
  if (failed) {
    throw IoError(
        fmt::format("{}: cannot create the folder: {}", arguments.out.string(), failed.message()));
  }
  catch_interrupts();
  const bool whole = arguments.lane == "cuda"
                         ? run_on_gpu(plans, catalog, arguments.cuda,
                                      {.out = arguments.out, .progress = arguments.progress})
                         : Batch(std::move(plans), catalog, arguments).run();
  if (!whole) {
    fmt::print(stderr,
               "cotenant: interrupted; finished plans are kept, run the same command to go on\n");
    context.exit_code = kExitInterrupted;
  }
}

} // namespace

void add_run_command(CLI::App& app, CliContext& context) {
  auto arguments = std::make_shared<RunArguments>();
  CLI::App* command =
      app.add_subcommand("run", "Run plans; skip those whose result is already there");
  command->add_option("plans", arguments->plans, "Plan files")->required();
  command->add_option("--out", arguments->out, "Folder for the record files")->required();
  command
      ->add_option("--lane", arguments->lane, "Where: sim (default), or cuda, this machine's GPU")
      ->check(CLI::IsMember({"sim", "cuda"}));
  command->add_option(
      "--jobs", arguments->jobs,
      "Simulations at a time (default: one a core); a GPU takes one plan at a time");
  command->add_option("--timeline", arguments->timeline,
                      "Write a timeline for ui.perfetto.dev (one plan)");
  command->add_flag("--progress", arguments->progress, "Progress as NDJSON on standard error");
  command->add_flag("--oracle", arguments->oracle,
                    "Simulate every block on its own: slow, for comparison");
  add_cuda_options(*command, arguments->cuda);
  command->callback([arguments, &context] { run(*arguments, context); });
}

void add_validate_command(CLI::App& app, CliContext& context) {
  auto plans = std::make_shared<std::vector<std::filesystem::path>>();
  CLI::App* command = app.add_subcommand("validate", "Check plans without running them");
  command->add_option("plans", *plans, "Plan files")->required();
  command->callback([plans, &context] {
    Catalog catalog(context.data);
    for (const auto& file : *plans) {
      check_plan(read_plan(file), catalog);
      fmt::print("{}: ok\n", file.string());
    }
  });
}

} // namespace cotenant
