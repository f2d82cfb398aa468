#include "cuda/coordinator/measure.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "cuda/driver.h"

namespace cotenant::cuda {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kFailuresInARow = 5;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Learns how long plans take, from those that ran.
class Estimate {
 public:
  void ran(const std::string& entry, double nominal, double took) {
    auto& [sum, expected] = by_entry_[entry];
    sum += took;
    expected += nominal;
  }
  void loaded(double took) { load_ = std::max(load_.value_or(0), took); }

  /// Seconds for a plan of that nominal length.
  [[nodiscard]] double seconds(const std::string& entry, double nominal, bool must_load) const {
    const auto found = by_entry_.find(entry);
    const double ratio = found == by_entry_.end()
                             ? kFirstGuess
                             : found->second.first / std::max(found->second.second, 1e-3);
    return nominal * ratio + kFixed + (must_load ? load_.value_or(kFirstLoad) : 0);
  }

 private:
  static constexpr double kFirstGuess = 1.3; ///< requests wait for each other
  static constexpr double kFixed = 0.5;      ///< seconds to begin and to write
  static constexpr double kFirstLoad = 30;   ///< seconds to start hosts and build models
  std::map<std::string, std::pair<double, double>> by_entry_; ///< took, nominal
  std::optional<double> load_;
};

/// Requests of one client in seconds, alone on the GPU.
double client_seconds(const ClientPlan& client, const RunClient& run) {
  const double solo = static_cast<double>(run.program->solo_latency) / 1e9;
  const double warm_up = static_cast<double>(client.warmup) * solo;
  const auto requests = static_cast<double>(client.requests.value_or(0));
  if (client.traffic.kind == Traffic::Kind::closed) {
    return warm_up + requests * solo;
  }
  if (client.traffic.kind == Traffic::Kind::trace) {
    const std::vector<Nanos> gaps = client_traffic(client, *run.program).trace;
    const auto used = std::min(gaps.size(), static_cast<std::size_t>(requests));
    return warm_up +
           static_cast<double>(std::accumulate(
               gaps.begin(), gaps.begin() + static_cast<std::ptrdiff_t>(used), Nanos{0})) /
               1e9;
  }
  return warm_up + requests / client_rate(client, *run.program);
}

class Batch {
 public:
  Batch(CudaLane& lane, Catalog& catalog, MeasurePlans plans, const MeasureOptions& options)
      : lane_(lane), catalog_(catalog), plans_(std::move(plans.plans)), options_(options) {
    result_.failures = std::move(plans.failures);
  }

  MeasureResult run() {
    const std::vector<const MeasurePlan*> todo = skip_finished();
    for (std::size_t next = 0; next < todo.size() && result_.unavailable.empty(); ++next) {
      if (options_.interrupted()) {
        result_.interrupted = true;
        break;
      }
      prepare_cell(todo, next);
      if (!fits(*todo[next]) || !run_one(*todo[next])) {
        break;
      }
    }
    result_.left = todo.size() - tried_;
    return std::move(result_);
  }

 private:
  std::vector<const MeasurePlan*> skip_finished() {
    std::vector<const MeasurePlan*> todo;
    for (const MeasurePlan& item : plans_) {
      try {
        lane_.check(item.plan);
        const PlanSetup setup = set_up(item.plan, catalog_);
        nominal_[&item] = nominal_seconds(item.plan, setup);
        make_folder(options_.out / item.entry);
        if (lane_.reuse(item.plan, options_.out / item.entry)) {
          ++result_.reused;
        } else {
          todo.push_back(&item);
          lane_.open_counters(item.plan);
        }
      } catch (const Unavailable& error) {
        result_.unavailable = error.what();
      } catch (const InputError& error) {
        fail(item, error.what());
      }
    }
    total_ = todo.size() + said_;
    if (result_.reused > 0) {
      options_.say(
          fmt::format("{} of {} plans are finished already", result_.reused, plans_.size()));
    }
    return todo;
  }

  /// Before the first plan of a cell: hosts and programs for all systems of that cell at once.
  void prepare_cell(const std::vector<const MeasurePlan*>& todo, std::size_t first) {
    const Plan& plan = todo[first]->plan;
    const auto cell = [](const Plan& p) { return std::pair(p.seed, p.id); };
    if (first > 0 && cell(todo[first - 1]->plan) == cell(plan)) {
      return;
    }
    std::vector<const Plan*> together;
    for (std::size_t i = first; i < todo.size() && cell(todo[i]->plan) == cell(plan); ++i) {
      if (!lane_.prepared(todo[i]->plan)) {
        together.push_back(&todo[i]->plan);
      }
    }
    if (together.empty() || !fits(*todo[first])) {
      return;
    }
    const auto begin = Clock::now();
    lane_.prepare(together);
    estimate_.loaded(seconds_since(begin));
  }

  [[nodiscard]] bool fits(const MeasurePlan& item) {
    const double needed =
        estimate_.seconds(item.entry, nominal_.at(&item), !lane_.prepared(item.plan));
    return seconds_since(begin_) + needed <= options_.budget.count();
  }

  /// False when no further plan should begin.
  bool run_one(const MeasurePlan& item) {
    const auto begin = Clock::now();
    const bool must_load = !lane_.prepared(item.plan);
    try {
      const RunOutcome outcome = lane_.run(item.plan, options_.out / item.entry);
      if (outcome == RunOutcome::interrupted) {
        result_.interrupted = true;
        return false;
      }
      ++tried_;
      if (outcome == RunOutcome::unavailable) {
        ++result_.unavailable_plans;
        say(item, "unavailable, for the reason in its summary");
        return true;
      }
      if (!must_load) {
        estimate_.ran(item.entry, nominal_.at(&item), seconds_since(begin));
      }
      ++result_.finished;
      in_a_row_ = 0;
      say(item, fmt::format("{:.1f} s", seconds_since(begin)));
    } catch (const Unavailable& error) {
      result_.unavailable = error.what();
      return false;
    } catch (const HostFailure& failure) {
      ++tried_;
      fail(item, failure.what());
      // What cannot be had here (MPS) or does not match is no sign of a broken machine.
      const bool lost = failure.host_is_lost();
      in_a_row_ = lost ? in_a_row_ + 1 : in_a_row_;
    } catch (const InputError& error) {
      ++tried_;
      fail(item, error.what());
    }
    if (in_a_row_ >= kFailuresInARow) {
      result_.failures.push_back(
          fmt::format("{} plans failed in a row; the others were not begun", in_a_row_));
      return false;
    }
    return true;
  }

  void fail(const MeasurePlan& item, const std::string& why) {
    result_.failures.push_back(fmt::format("{}: {}", item.entry, why));
    say(item, "FAILED: " + why);
  }

  void say(const MeasurePlan& item, const std::string& what) {
    options_.say(fmt::format("[{}/{} {:.0f} s] {} {}: {}", ++said_, total_, seconds_since(begin_),
                             item.entry, item.plan.id, what));
  }

  CudaLane& lane_;
  Catalog& catalog_;
  std::vector<MeasurePlan> plans_;
  const MeasureOptions& options_;
  std::map<const MeasurePlan*, double> nominal_;
  Estimate estimate_;
  MeasureResult result_;
  std::size_t in_a_row_ = 0;
  std::size_t said_ = 0;
  std::size_t tried_ = 0;
  std::size_t total_ = 0;
  const Clock::time_point begin_ = Clock::now();
};

} // namespace

MeasurePlans read_measure_plans(const fs::path& folder) {
  MeasurePlans result;
  std::error_code failed;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder, failed)) {
    if (!entry.is_directory()) {
      continue;
    }
    for (const auto& file : fs::directory_iterator(entry.path())) {
      if (file.path().extension() == ".json") {
        files.push_back(file.path());
      }
    }
  }
  if (files.empty()) {
    throw InputError(fmt::format(
        "{}: no plans; expected a folder for each system with plan files in it", folder.string()));
  }
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    try {
      result.plans.push_back(
          {.entry = file.parent_path().filename().string(), .plan = read_plan(file)});
    } catch (const InputError& error) {
      result.failures.emplace_back(error.what());
    }
  }
  std::stable_sort(result.plans.begin(), result.plans.end(),
                   [](const MeasurePlan& a, const MeasurePlan& b) {
                     return std::tie(a.plan.seed, a.plan.id, a.entry) <
                            std::tie(b.plan.seed, b.plan.id, b.entry);
                   });
  return result;
}

double nominal_seconds(const Plan& plan, const PlanSetup& setup) {
  double longest = 0;
  double sum = 0;
  std::size_t endless = 0;
  for (std::size_t c = 0; c < plan.clients.size(); ++c) {
    const double own = client_seconds(plan.clients[c], setup.clients[c]);
    endless += plan.clients[c].requests ? 0 : 1;
    longest = std::max(longest, own);
    sum += own;
  }
  double result = longest;
  if (setup.mode.contexts == ContextMode::isolated) { // one after the other
    result = sum + static_cast<double>(endless) * longest;
  } else if (plan.until) {
    result = client_seconds(plan.clients[*plan.until], setup.clients[*plan.until]);
  }
  if (plan.time_limit == kNever) {
    return result;
  }
  const double limit = static_cast<double>(plan.time_limit) / 1e9;
  return result > 0 ? std::min(result, limit) : limit;
}

MeasureResult measure(CudaLane& lane, Catalog& catalog, MeasurePlans plans,
                      const MeasureOptions& options) {
  return Batch(lane, catalog, std::move(plans), options).run();
}

} // namespace cotenant::cuda
