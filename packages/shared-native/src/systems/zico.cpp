// Zico: jobs that train beside each other under a memory budget that their peaks together exceed.
//
// Zico (ATC'21): the memory of a training iteration rises through the forward pass and falls through the
// backward pass. Two jobs whose iterations are shifted against each other never peak at once, so that what
// one has given back the other can use. Zico follows what each job uses in GPU time rather than in host time,
// keeps long-lived tensors apart from short-lived ones, passes memory on in regions, and starts iterations
// with the least delay at which the jobs together stay within the budget. TickTock's lockstep (WAVELET,
// MLSys'21) is what it comes to for two equal jobs in the least budget that lets them overlap at all.
//
// What of this is the publication's is in its abstract and in what others wrote of it; the algorithms below were
// reconstructed from that, and differ from the original in ways that are not known here:
//   - src/memory/tensors.h      which tensors are persistent, short-lived and long-lived
//   - src/memory/region_uses.h  when a job needs which region
//   - src/memory/time_shift.h   the least delay
//   - src/memory/region_pool.h  what happens when jobs do not keep to the plan: who may take a region, so that
//                               the iteration that began first never waits and none waits for ever
//
// Choices of this project:
//   - Persistent and short-lived tensors are each job's own throughout the run; the budget less these is
//     cut in regions.
//   - A job has a bounded number of ops in flight: the host would else take the memory of a whole iteration
//     before its first op has run.
//   - Curves are those of the program running alone, stretched by how much longer its last iteration took.
//   - A delay that also fits the iterations to follow, as if those under way repeated, is preferred over a
//     shorter one that does not; if no delay fits, iterations take turns.
//   - The delay is waited for in the other job's progress, not in time.
//   - Iterations that wait start in the order in which they came, whatever their priority.
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <numeric>

#include "base/error.h"
#include "base/text.h"
#include "memory/budget.h"
#include "memory/job_memory.h"
#include "memory/region_pool.h"
#include "memory/time_shift.h"
#include "scheduler/system.h"

namespace cotenant {
namespace {

constexpr std::size_t kMostClients = 64;

struct Options {
  std::vector<BudgetStep> budget;
  RegionOptions regions;
};

class Zico final : public Scheduler {
 public:
  Zico(Options options, std::vector<JobMemory> memory, std::span<const ClientInfo> clients)
      : options_(std::move(options)), memory_(std::move(memory)), jobs_(clients.size()),
        pool_(clients.size(), 0) {
    for (std::size_t c = 0; c < clients.size(); ++c) {
      jobs_[c].uses.resize(memory_[c].uses.regions());
      jobs_[c].warmup = clients[c].warmup;
      private_bytes_ += memory_[c].private_bytes();
    }
    waiting_.reserve(clients.size());
    set_budget(options_.budget.front().bytes);
  }

  void on_finished(std::size_t c, std::uint32_t op, Gate& /*gate*/) override {
    std::int64_t empty = 0;
    for (const std::uint32_t region : memory_[c].uses.end_with(op)) {
      empty += --jobs_[c].uses[region] == 0 ? 1 : 0;
    }
    pool_.give_back(c, empty, memory_[c].most_from[op + 1]);
  }

  void on_request_finished(std::size_t c, Nanos duration, Gate& gate) override {
    Job& job = jobs_[c];
    pool_.end(c);
    // Far from what an iteration alone takes, something else than neighbours was in its way.
    const Nanos alone = std::max<Nanos>(memory_[c].progress.back(), 1);
    job.stretch =
        std::clamp<std::int64_t>((duration - job.stalled) * StretchedCurve::kAlone / alone,
                                 StretchedCurve::kAlone / 4, StretchedCurve::kAlone * 16);
    job.stalled = 0;
    start_clock(gate);
  }

  void on_timer(Gate& gate) override { apply_steps(gate); }

  void decide(Gate& gate) override {
    start_clock(gate);
    for (std::size_t c = 0; c < jobs_.size(); ++c) {
      if (gate.client(c).head_ready && !pool_.running(c) && !jobs_[c].waiting) {
        jobs_[c].waiting = true;
        waiting_.push_back(c);
      }
    }
    while (!waiting_.empty() && may_start(waiting_.front(), gate)) {
      const std::size_t c = waiting_.front();
      waiting_.erase(waiting_.begin());
      jobs_[c].waiting = false;
      target_.set = false;
      pool_.begin(c, memory_[c].most_from.front());
    }
    for (const std::size_t c : pool_.by_age()) {
      launch_head(c, gate);
    }
  }

  [[nodiscard]] std::int64_t held_bytes(std::size_t c) const override {
    return memory_[c].private_bytes() + pool_.held(c) * options_.regions.region_bytes;
  }
  [[nodiscard]] std::int64_t memory_budget() const override { return budget_; }

 private:
  struct Job {
    std::vector<std::uint32_t> uses; ///< by region: those launched and not complete
    std::int64_t stretch = StretchedCurve::kAlone;
    Nanos stalled_since = kNever; ///< an op waits for memory
    Nanos stalled = 0;            ///< in this iteration
    std::int64_t warmup = 0;
    bool waiting = false; ///< with its next iteration
  };

  /// What the first of those that wait waits for.
  struct Target {
    bool set = false;
    std::size_t job = 0;
    std::int64_t iteration = 0;
    std::uint32_t finished = 0; ///< ops of that iteration
  };

  /// Steps of the budget count from when all jobs have warmed up, as records do.
  void start_clock(Gate& gate) {
    if (clock_ != kNever) {
      return;
    }
    for (std::size_t c = 0; c < jobs_.size(); ++c) {
      if (gate.client(c).requests < jobs_[c].warmup) {
        return;
      }
    }
    const bool none =
        std::all_of(jobs_.begin(), jobs_.end(), [](const Job& job) { return job.warmup == 0; });
    clock_ = none ? 0 : gate.now();
    apply_steps(gate);
  }

  void apply_steps(Gate& gate) {
    const auto& steps = options_.budget;
    for (; next_step_ < steps.size() && clock_ + steps[next_step_].at <= gate.now(); ++next_step_) {
      set_budget(steps[next_step_].bytes);
    }
    if (next_step_ < steps.size()) {
      gate.set_timer(clock_ + steps[next_step_].at);
    }
  }

  void set_budget(std::int64_t bytes) {
    budget_ = bytes;
    pool_.set_capacity((bytes - private_bytes_) / options_.regions.region_bytes);
    target_.set = false; // found for another budget
  }

  /// Whether the job's next iteration may start now beside those under way.
  bool may_start(std::size_t c, const Gate& gate) {
    const auto running = pool_.by_age();
    if (running.empty()) {
      return true;
    }
    const bool holds = target_.set && pool_.running(target_.job) &&
                       gate.client(target_.job).requests == target_.iteration;
    if (!holds) {
      find_target(c, gate);
    }
    return gate.client(target_.job).finished >= target_.finished;
  }

  /// The least delay, as progress of an iteration under way.
  void find_target(std::size_t c, const Gate& gate) {
    std::array<RunningCurve, kMostClients> curves;
    const auto by_age = pool_.by_age();
    Nanos most = 0;
    for (std::size_t i = 0; i < by_age.size(); ++i) {
      const JobMemory& memory = memory_[by_age[i]];
      curves[i] = {.curve = {.curve = &memory.demand, .stretch = jobs_[by_age[i]].stretch},
                   .progress = memory.progress[gate.client(by_age[i]).finished]};
      most = std::max(most, curves[i].remaining());
    }
    const std::span<const RunningCurve> running(curves.data(), by_age.size());
    const StretchedCurve starting{.curve = &memory_[c].demand, .stretch = jobs_[c].stretch};
    auto shift = least_shift(running, starting, pool_.capacity(), most, true);
    if (!shift) {
      shift = least_shift(running, starting, pool_.capacity(), most, false);
    }
    const Nanos delay = shift.value_or(most);
    std::size_t i = 0;
    while (curves[i].remaining() < delay) {
      ++i; // the oldest that is still under way by then
    }
    const auto& progress = memory_[by_age[i]].progress;
    const std::int64_t stretch = curves[i].curve.stretch;
    const Nanos until =
        curves[i].progress + (delay * StretchedCurve::kAlone + stretch - 1) / stretch;
    const auto op = std::lower_bound(progress.begin(), progress.end() - 1, until);
    target_ = {.set = true,
               .job = by_age[i],
               .iteration = gate.client(by_age[i]).requests,
               .finished = delay == 0 ? 0 : static_cast<std::uint32_t>(op - progress.begin())};
  }

  void launch_head(std::size_t c, Gate& gate) {
    const ClientState& state = gate.client(c);
    if (!state.head_ready || state.in_flight() >= options_.regions.ahead) {
      return;
    }
    Job& job = jobs_[c];
    const auto begins = memory_[c].uses.begin_with(state.head);
    const auto wanted = std::count_if(begins.begin(), begins.end(),
                                      [&](std::uint32_t region) { return job.uses[region] == 0; });
    if (!pool_.may_take(c, wanted)) {
      job.stalled_since = std::min(job.stalled_since, gate.now());
      return;
    }
    if (job.stalled_since != kNever) {
      job.stalled += gate.now() - job.stalled_since;
      job.stalled_since = kNever;
    }
    pool_.take(c, wanted);
    for (const std::uint32_t region : begins) {
      ++job.uses[region];
    }
    gate.launch(c);
  }

  const Options options_;
  const std::vector<JobMemory> memory_;
  std::vector<Job> jobs_;
  RegionPool pool_;
  std::vector<std::size_t> waiting_; ///< for their next iteration, the longest wait first
  Target target_;
  std::int64_t private_bytes_ = 0; ///< of all jobs
  std::int64_t budget_ = 0;
  std::size_t next_step_ = 1;
  Nanos clock_ = kNever;
};

std::string mib(std::int64_t bytes) {
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20));
}

[[noreturn]] void refuse(std::int64_t budget, std::string_view what, std::int64_t needed) {
  throw InputError(fmt::format("params.budget: {} is too little: {}; expected at least {}",
                               mib(budget), what, mib(needed)));
}

/// What cannot be run at all is refused: every budget must hold what the jobs keep and one iteration.
void check_budget(std::int64_t budget, const Setup& setup, const std::vector<JobMemory>& memory,
                  std::int64_t region_bytes) {
  if (budget > setup.gpu.memory.bytes) {
    throw InputError(fmt::format("params.budget: {} is more than {} has; expected at most its {}",
                                 mib(budget), setup.gpu.id, mib(setup.gpu.memory.bytes)));
  }
  std::int64_t kept = 0;
  std::size_t largest = 0;
  for (std::size_t c = 0; c < memory.size(); ++c) {
    const std::string name = quote(setup.clients[c].name);
    if (memory[c].persistent_bytes > budget) {
      refuse(budget,
             fmt::format("client {} alone keeps {} between iterations", name,
                         mib(memory[c].persistent_bytes)),
             memory[c].persistent_bytes);
    }
    kept += memory[c].private_bytes();
    largest = memory[c].most_from[0] > memory[largest].most_from[0] ? c : largest;
  }
  const std::int64_t needed = kept + memory[largest].most_from[0] * region_bytes;
  if (needed > budget) {
    refuse(budget,
           fmt::format("the clients keep {} for themselves, and an iteration of client {} takes {} "
                       "regions of {}",
                       mib(kept), quote(setup.clients[largest].name), memory[largest].most_from[0],
                       mib(region_bytes)),
           needed);
  }
}

SystemInstance make(const Params& params, const Setup& setup) {
  if (setup.clients.size() > kMostClients) {
    throw InputError(fmt::format("zico serves at most {} clients; the plan has {}", kMostClients,
                                 setup.clients.size()));
  }
  Options options;
  options.regions = {.region_bytes = params.integer("region_mib") << 20,
                     .short_ops = static_cast<std::uint32_t>(params.integer("short_ops")),
                     .short_bytes = params.integer("short_mib") << 20,
                     .ahead = static_cast<std::uint32_t>(params.integer("ahead"))};
  std::vector<JobMemory> memory;
  std::int64_t peaks = 0;
  for (const ClientInfo& client : setup.clients) {
    memory.push_back(job_memory(client, options.regions));
    peaks += memory.back().peak_bytes;
  }
  try {
    options.budget = parse_budget(params.text("budget"), setup.gpu.memory.bytes, peaks);
  } catch (const InputError& error) {
    throw InputError(fmt::format("params.budget: {}", error.what()));
  }
  for (const BudgetStep& step : options.budget) {
    check_budget(step.bytes, setup, memory, options.regions.region_bytes);
  }
  return {.mode = {.contexts = ContextMode::shared,
                   .launcher = Launcher::per_client,
                   .stream_priorities = false,
                   .watches_ops = true,
                   .manages_memory = true},
          .scheduler =
              std::make_unique<Zico>(std::move(options), std::move(memory), setup.clients)};
}

const RegisterSystem registered{{
    .name = "zico",
    .title = "Zico: shared memory under a budget",
    .summary =
        "Iterations of training jobs are shifted against each other so that their memory together "
        "stays within a budget, which may be less than the sum of their peaks. After Zico "
        "(ATC'21), reconstructed.",
    .params =
        {
            {.name = "budget",
             .default_value = std::string("gpu"),
             .min = {},
             .max = {},
             .unit = "",
             .doc = "Device memory for all clients together: a size (\"6GiB\", \"4096MiB\"), a "
                    "share of the "
                    "sum of their peaks (\"70%\"), or \"gpu\" for all there is; then, after "
                    "commas, what it "
                    "changes to and when (\"90%, 70% @ 400ms\"), counted from the start of the "
                    "clock."},
            {.name = "region_mib",
             .default_value = std::int64_t{64},
             .min = 1,
             .max = 65536,
             .unit = "MiB",
             .doc = "Memory passes between clients in regions of this size."},
            {.name = "short_ops",
             .default_value = std::int64_t{4},
             .min = 0,
             .max = 1e6,
             .unit = "ops",
             .doc =
                 "Tensors that live through at most so many ops, and are small, are short-lived: "
                 "they are kept in a private pool."},
            {.name = "short_mib",
             .default_value = std::int64_t{8},
             .min = 0,
             .max = 65536,
             .unit = "MiB",
             .doc = "Tensors that are larger are long-lived, however soon they are freed."},
            {.name = "ahead",
             .default_value = std::int64_t{8},
             .min = 1,
             .max = 1e6,
             .unit = "ops",
             .doc = "Ops of a client in flight at most: as far ahead of the GPU it takes memory."},
        },
    .make = make,
}};

} // namespace
} // namespace cotenant
