#include "cli/sim_lane.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <fmt/format.h>
#include <map>
#include <mutex>
#include <thread>

#include "cli/fingerprint.h"
#include "cli/interrupt.h"
#include "run/run_plan.h"

namespace cotenant {
namespace {

/// Runs plans on a few threads, one plan a thread at a time, and shows their progress.
class Batch {
 public:
  Batch(std::vector<Plan> plans, Catalog& catalog, const SimArguments& arguments)
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
  const SimArguments& arguments_;
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

} // namespace

bool run_simulated(std::vector<Plan> plans, Catalog& catalog, const SimArguments& arguments) {
  return Batch(std::move(plans), catalog, arguments).run();
}

} // namespace cotenant
