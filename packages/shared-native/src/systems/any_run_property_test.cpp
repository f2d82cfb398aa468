// What every registered system promises in every run of the whole simulator, over random programs, traffic,
// priorities and parameters. A failure names the run by its number:
//
//     COTENANT_PROPERTY_FIRST=<number> COTENANT_PROPERTY_CASES=1 cotenant_tests --gtest_filter='*AnyRun*<system>'
//
// COTENANT_PROPERTY_CASES is the number of runs over all systems, 10 000 by default; where RC_PARAMS asks for fewer
// samples than RapidCheck's 100, for a sanitizer say, as many fewer.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/sha256.h"
#include "sim/random_run_for_test.h"

namespace cotenant {
namespace {

using testing::RandomRun;

std::uint64_t environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// Runs for each system.
std::uint64_t cases() {
  std::uint64_t samples = 100;
  const char* params = std::getenv("RC_PARAMS");
  const char* found = params == nullptr ? nullptr : std::strstr(params, "max_success=");
  if (found != nullptr) {
    samples = std::strtoull(found + std::strlen("max_success="), nullptr, 10);
  }
  const std::uint64_t all = environment("COTENANT_PROPERTY_CASES", samples * 100);
  return (all + all_systems().size() - 1) / all_systems().size();
}

/// Follows a run and remembers the first promise that it breaks.
class Witness final : public RecordSink, public DetailSink {
 public:
  Witness(const std::string& system, const RandomRun& run, const Params& params)
      : clients_(run.clients()), done_(clients_.size()), launched_(clients_.size()),
        requests_(clients_.size()), measured_(clients_.size()), ends_(clients_.size()),
        launches_(clients_.size()), arrivals_(clients_.size()), shares_(clients_.size()) {
    const bool alone = clients_.size() == 1;
    for (std::size_t c = 0; c < clients_.size() && !alone; ++c) {
      high_ = clients_[c].priority == Priority::high ? c : high_;
    }
    // REEF's policy as published passes warming-up clients one a poll, whoever they are.
    const bool warm =
        std::ranges::any_of(clients_, [](const RunClient& c) { return c.warmup > 0; });
    never_held_ = high_ < clients_.size() &&
                  (system == "orion" || (system == "reef" && !params.flag("wait_for_drain")) ||
                   (system == "reef-as-published" && !warm));
    if (system == "orion" && high_ < clients_.size() && params.flag("duration_throttle")) {
      const Nanos fixed = params.integer("max_be_duration_ns");
      const auto solo = static_cast<double>(clients_[high_].program->solo_latency);
      limit_ = fixed > 0 ? fixed
                         : static_cast<Nanos>(
                               std::nearbyint(params.number("max_be_duration_fraction") * solo));
    }
    in_parts_ = system == "reef-reset" && params.flag("padding");
    one_at_a_time_ = system == "sequential-as-published";
    takes_turns_ = system == "ticktock" && std::ranges::all_of(clients_, [&](const RunClient& c) {
                     return c.program->program.mode == Mode::training &&
                            c.warmup == clients_[0].warmup && has_phase(c, true) &&
                            has_phase(c, false);
                   });
    all_shares_fit_ =
        system != "ideal" && system != "timeslice"; // those have a GPU, or its slices, each
  }

  [[nodiscard]] const std::string& broken() const { return broken_; }
  [[nodiscard]] std::string digest() { return digest_.hex(); }

  void launch(std::size_t c, std::uint32_t op, Nanos at) override {
    note('l', c, op, at);
    expect(at >= launches_[c], "launches of a client do not go back in time");
    launches_[c] = at;
    if (is_further_part(op, launched_[c])) {
      return;
    }
    expect(op == launched_[c], "ops are launched in order, each once");
    ++launched_[c];
    const OpProfile& profile = clients_[c].program->profile[op];
    if (c != high_ && profile.is_kernel() && limit_ < kNever) {
      expect(best_effort_work_ <= limit_ || high_is_done(),
             "best-effort work in flight exceeds Orion's limit by one op at most");
      best_effort_work_ += profile.duration;
    }
  }

  void op(std::size_t c, std::uint32_t op, Nanos begin, Nanos end) override {
    note('o', c, op, end);
    expect(op < launched_[c], "what completes was launched");
    expect(begin >= ends_[c] && end >= begin, "a client's ops do not overlap");
    expect(!one_at_a_time_ || begin >= *std::ranges::max_element(ends_),
           "ops of one stream do not overlap, whosever they are");
    if (takes_turns_ && !somebody_is_done()) {
      const bool forward = is_forward(c, op);
      expect(begin >= phase_ends_[forward ? 1 : 0][1 - c],
             "forward phases take turns, and backward phases");
      phase_ends_[forward ? 1 : 0][c] = end;
    }
    ends_[c] = end;
    if (is_further_part(op, done_[c])) {
      return;
    }
    expect(op == done_[c], "ops complete in order, each once");
    ++done_[c];
    ++ops_;
    const OpProfile& profile = clients_[c].program->profile[op];
    kernels_ += profile.is_kernel() ? 1 : 0;
    if (c != high_ && profile.is_kernel()) {
      best_effort_work_ -= profile.duration;
    }
  }

  void hold(std::size_t c, std::uint32_t op, Nanos at) override {
    note('h', c, op, at);
    expect(op == launched_[c] || is_further_part(op, launched_[c]), "what is held is the next op");
    expect(c != high_ || !never_held_, "high-priority ops are never held");
  }

  void reset(std::size_t c, std::uint32_t op, Nanos at) override {
    note('x', c, op, at);
    expect(c != high_, "high-priority ops are never killed");
    expect(op <= done_[c], "no op is left out after a reset");
    ops_ -= std::min(ops_, std::uint64_t{done_[c] - std::min(op, done_[c])});
    done_[c] = launched_[c] = op;
  }

  void request(std::size_t c, std::int64_t index, Nanos arrival, Nanos start, Nanos end) override {
    note('r', c, static_cast<std::uint32_t>(index), end);
    expect(index == requests_[c], "requests complete in order, each once");
    expect(done_[c] == clients_[c].program->profile.size() && launched_[c] == done_[c],
           "a request is complete when all its ops are");
    expect(arrival <= start && start <= end && arrival >= arrivals_[c],
           "times of a request are in order");
    arrivals_[c] = arrival;
    ++requests_[c];
    expect(!takes_turns_ || somebody_is_done() || std::abs(requests_[0] - requests_[1]) <= 1,
           "jobs that take turns are in lockstep");
    done_[c] = launched_[c] = 0;
  }

  void request(const RequestRecord& record) override {
    expect(record.index == measured_[record.client], "records are in order, none is missing");
    expect(record.arrival >= 0, "what is recorded arrived after the clock's start");
    ++measured_[record.client];
  }

  void sm_share(std::size_t c, double share, Nanos at) override {
    note('s', c, static_cast<std::uint32_t>(share * 1e6), at);
    shares_[c] = share;
    double sum = 0;
    for (const double each : shares_) {
      sum += each;
    }
    const bool all_reported = c + 1 == clients_.size(); // they come together, in order
    expect(share >= 0 && (all_shares_fit_ && all_reported ? sum : share) <= 1 + 1e-9,
           "no more threads are resident than the SMs have room for");
  }

  void ended(const RandomRun& run, const SimTotals& totals) {
    std::uint64_t ops = 0;
    for (std::size_t c = 0; c < clients_.size(); ++c) {
      ops += totals.clients[c].ops;
      expect(totals.clients[c].requests == measured_[c], "totals agree with the records");
      const bool decides = !run.until() || *run.until() == c;
      expect(totals.duration >= RandomRun::kLimit || !decides ||
                 measured_[c] == *clients_[c].requests,
             "a run that was not cut off completes the requests that end it");
    }
    // Of an op in parts, the first may be done when the run is cut off.
    expect(ops <= ops_ && ops_ - ops <= (in_parts_ ? clients_.size() : 0),
           "every op that completed is counted");
    expect(totals.kernels >= kernels_, "every kernel that completed is counted");
    expect(totals.sm_busy >= 0 && totals.sm_busy <= static_cast<double>(clients_.size()) + 1e-9,
           "SMs are not busier than all the time");
  }

 private:
  void expect(bool kept, const char* promise) {
    if (!kept && broken_.empty()) {
      broken_ = promise;
    }
  }
  [[nodiscard]] bool high_is_done() const {
    return clients_[high_].requests && measured_[high_] >= *clients_[high_].requests;
  }
  /// Padding launches an op in parts; `next` is the one after the op whose first part was seen last.
  [[nodiscard]] bool is_further_part(std::uint32_t op, std::uint32_t next) const {
    return in_parts_ && op + 1 == next;
  }
  [[nodiscard]] bool is_forward(std::size_t c, std::uint32_t op) const {
    return clients_[c].program->profile[op].phase == Phase::forward;
  }
  static bool has_phase(const RunClient& client, bool forward) {
    return std::ranges::any_of(client.program->profile, [&](const OpProfile& op) {
      return (op.phase == Phase::forward) == forward;
    });
  }
  [[nodiscard]] bool somebody_is_done() const {
    for (std::size_t c = 0; c < clients_.size(); ++c) {
      if (clients_[c].requests && measured_[c] >= *clients_[c].requests) {
        return true;
      }
    }
    return false;
  }
  void note(char what, std::size_t c, std::uint32_t number, Nanos at) {
    const std::int64_t values[] = {what, static_cast<std::int64_t>(c), number, at};
    digest_.update({reinterpret_cast<const char*>(values), sizeof values});
  }

  const std::vector<RunClient>& clients_;
  std::size_t high_ = ~std::size_t{0}; ///< beyond the clients: none, or nobody else
  bool never_held_ = false;
  bool in_parts_ = false;
  bool one_at_a_time_ = false;
  bool takes_turns_ = false;
  Nanos phase_ends_[2][2] = {}; ///< of ticktock: backward, forward; by job
  bool all_shares_fit_ = true;
  Nanos limit_ = kNever;
  std::vector<std::uint32_t> done_;     ///< ops of the request under way
  std::vector<std::uint32_t> launched_; ///< the same
  std::vector<std::int64_t> requests_;
  std::vector<std::int64_t> measured_;
  std::vector<Nanos> ends_;
  std::vector<Nanos> launches_;
  std::vector<Nanos> arrivals_;
  std::vector<double> shares_;
  Nanos best_effort_work_ = 0; ///< durations of best-effort kernels in flight
  std::uint64_t ops_ = 0;
  std::uint64_t kernels_ = 0;
  Sha256 digest_;
  std::string broken_;
};

struct Verdict {
  std::string broken;
  std::string digest;
};

Verdict play(const std::string& system, const RandomRun& run) {
  SimSetup setup = run.setup();
  Witness witness(system, run, setup.params);
  const SimTotals totals = simulate(std::move(setup), witness, &witness);
  witness.ended(run, totals);
  return {.broken = witness.broken(), .digest = witness.digest()};
}

class AnyRun : public ::testing::TestWithParam<std::string> {};

TEST_P(AnyRun, KeepsWhatTheSystemPromises) {
  constexpr std::uint64_t kAgain = 16; // every so many runs are made twice
  const SystemInfo& system = find_system(GetParam());
  const std::uint64_t first = environment("COTENANT_PROPERTY_FIRST", 0);
  std::uint64_t refused = 0;
  const std::uint64_t count = cases();
  for (std::uint64_t number = first; number < first + count; ++number) {
    const RandomRun run(system, number);
    try {
      const Verdict verdict = play(GetParam(), run);
      ASSERT_EQ(verdict.broken, "") << GetParam() << ", run " << number;
      if (number % kAgain == 0) {
        ASSERT_EQ(play(GetParam(), run).digest, verdict.digest)
            << GetParam() << ", run " << number << ": equal runs are equal to the byte";
      }
    } catch (const InputError&) {
      ++refused; // clients that the system does not serve, or parameters that do not go together
    }
  }
  EXPECT_LE(refused, count / 2) << "most random runs should be of a kind that the system accepts";
}

std::vector<std::string> system_names() {
  std::vector<std::string> names;
  for (const SystemInfo& system : all_systems()) {
    names.push_back(system.name);
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Systems, AnyRun, ::testing::ValuesIn(system_names()),
                         [](const auto& instance) {
                           std::string name = instance.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

} // namespace
} // namespace cotenant
