// What Zico promises, over random allocation traces: the jobs together stay within the budget at every instant, no
// iteration waits for ever, and the one that began first never waits for memory.
#include <algorithm>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/sanitized_for_test.h"
#include "memory/live_bytes.h"
#include "memory/random_trace_for_test.h"
#include "scheduler/tiny_device_for_test.h"

namespace cotenant {
namespace {

using testing::TinyClient;
using testing::TinyDevice;
using testing::TinyEvent;
using What = TinyEvent::What;

constexpr std::int64_t kMib = 1 << 20;
constexpr std::uint32_t kAhead = 3;

struct RandomJobs {
  std::vector<TinyClient> clients;
  std::vector<LiveBytes> live;
};

RandomJobs random_jobs(std::mt19937_64& words) {
  const auto below = [&](std::uint64_t bound) { return words() % bound; };
  RandomJobs jobs;
  for (std::size_t clients = below(5) == 0 ? 3 : 2; clients > 0; --clients) {
    TinyClient c;
    for (std::uint64_t ops = 2 + below(12); ops > 0; --ops) {
      c.client.ops.push_back(
          testing::kernel(Boundness::compute, 1, 1'000 + static_cast<Nanos>(below(20'000))));
    }
    c.client.training = true;
    c.client.warmup = static_cast<std::int64_t>(below(2));
    c.requests = 2 + static_cast<std::int64_t>(below(3));
    c.host_gap = static_cast<Nanos>(below(2) * 3'000);
    c.request_gap = static_cast<Nanos>(below(2) * 30'000);
    const auto ops = static_cast<std::uint32_t>(c.client.ops.size());
    // The first op needs nothing: an iteration that has begun has launched something.
    c.memory = testing::random_trace(words, ops, 8 * kMib, 1);
    c.persistent_bytes = static_cast<std::int64_t>(below(10)) * kMib;
    jobs.live.push_back(live_bytes(tensors_of(c.memory, ops, c.persistent_bytes), ops));
    jobs.clients.push_back(std::move(c));
  }
  return jobs;
}

/// A run checked event by event.
class CheckedRun {
 public:
  CheckedRun(const RandomJobs& jobs, const testing::ParamList& params, std::uint32_t seed)
      : jobs_(jobs), device_("zico", params, jobs.clients, seed), live_(jobs.clients.size()) {
    for (std::size_t c = 0; c < live_.size(); ++c) {
      live_[c] = jobs_.live[c].persistent;
    }
  }

  /// `cuts`: the budget falls during the run, and what is held may exceed it for a while.
  void check(bool cuts) {
    std::int64_t budget = device_.scheduler().memory_budget();
    device_.run([&](const TinyEvent& event) {
      follow(event);
      const Scheduler& zico = device_.scheduler();
      budget = cuts ? std::max(budget, zico.memory_budget()) : zico.memory_budget();
      std::int64_t held = 0;
      for (std::size_t c = 0; c < live_.size(); ++c) {
        ASSERT_LE(live_[c], zico.held_bytes(c)) << "client " << c << " at " << event.at;
        held += zico.held_bytes(c);
      }
      ASSERT_LE(held, budget) << "at " << event.at;
      if (event.what == What::turn_ends && !running_.empty()) {
        const ClientState& oldest = device_.state(running_.front());
        ASSERT_FALSE(oldest.head_ready && oldest.in_flight() < kAhead)
            << "the oldest iteration waits at " << event.at;
      }
    });
    ASSERT_TRUE(device_.all_done()) << "stuck";
  }

 private:
  /// Memory counts as live from the launch, which is before the start: more than the GPU has.
  void follow(const TinyEvent& event) {
    const std::size_t c = event.client;
    if (event.what == What::launched) {
      if (event.op == 0) {
        running_.push_back(c);
      }
      live_[c] =
          std::max(jobs_.live[c].during[device_.state(c).finished], jobs_.live[c].during[event.op]);
    } else if (event.what == What::finished) {
      const LiveBytes& live = jobs_.live[c];
      live_[c] =
          event.op + 1 < device_.state(c).head ? live.during[event.op + 1] : live.behind[event.op];
      if (event.op + 1 == live.during.size()) {
        std::erase(running_, c);
      }
    }
  }

  const RandomJobs& jobs_;
  TinyDevice device_;
  std::vector<std::int64_t> live_;
  std::vector<std::size_t> running_; ///< by when their iteration began
};

TEST(ZicoProperty, TenThousandRandomTracesStayWithinTheirBudgetAndComeToAnEnd) {
  int checked = 0;
  for (std::uint32_t seed = 0; checked < (kSanitized ? 500 : 10'000); ++seed) {
    std::mt19937_64 words(seed);
    const RandomJobs jobs = random_jobs(words);
    const bool steps = words() % 4 == 0;
    const std::string budget = std::to_string(40 + words() % 61) + "%";
    const std::string later =
        std::to_string(40 + words() % 61) + "%@" + std::to_string(1 + words() % 300) + "us";
    const testing::ParamList params = {{"budget", steps ? budget + ", " + later : budget},
                                       {"region_mib", static_cast<std::int64_t>(1 + words() % 3)},
                                       {"short_ops", static_cast<std::int64_t>(words() % 4)},
                                       {"short_mib", static_cast<std::int64_t>(words() % 9)},
                                       {"ahead", std::int64_t{kAhead}}};
    SCOPED_TRACE("seed " + std::to_string(seed) + ", budget " +
                 std::get<std::string>(params[0].second));
    try {
      CheckedRun run(jobs, params, seed);
      run.check(steps);
      ++checked;
    } catch (const InputError&) {
      // Too small a budget for these jobs.
    }
    if (HasFatalFailure()) {
      return;
    }
    ASSERT_LT(seed, 60'000U) << "most budgets are refused";
  }
}

} // namespace
} // namespace cotenant
