// Which columns of the profile each system decides by. The ops stay as they are; only what the scheduler is told
// of them is changed, one column at a time. A scheduler that loads a column and does not use it, and decides by
// whether the high-priority queue is empty instead of as published, shows here.
#include <array>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <random>

#include "scheduler/tiny_device_for_test.h"

namespace cotenant {
namespace {

using testing::events_of;
using testing::ParamList;
using testing::TinyClient;

using Words = std::mt19937;

template <typename T, std::size_t N> T any_of(Words& words, const std::array<T, N>& values) {
  return values[words() % N];
}

OpProfile any_op(Words& words) {
  OpProfile op;
  op.kind = words() % 8 == 0 ? OpKind::copy_h2d : OpKind::kernel;
  op.boundness =
      any_of<Boundness, 3>(words, {Boundness::compute, Boundness::memory, Boundness::unknown});
  op.sm_needed = op.is_kernel() ? any_of<std::uint32_t, 5>(words, {1, 40, 80, 81, 500}) : 0;
  op.duration = any_of<Nanos, 4>(words, {900, 5'000, 40'000, 300'000});
  return op;
}

/// One high-priority client, that trains in every other case, and two others.
std::vector<TinyClient> any_clients(Words& words) {
  std::vector<TinyClient> clients(3);
  for (std::size_t c = 0; c < clients.size(); ++c) {
    TinyClient& client = clients[c];
    client.client.priority = c == 0 ? Priority::high : Priority::best_effort;
    client.client.training = words() % 2 == 0;
    for (std::size_t i = 4 + words() % 12; i > 0; --i) {
      client.client.ops.push_back(any_op(words));
      client.client.solo_latency += client.client.ops.back().duration;
    }
    for (std::size_t i = client.client.ops.size() / 2; i < client.client.ops.size(); ++i) {
      client.client.ops[i].phase = client.client.training ? Phase::update : Phase::forward;
    }
    client.requests = c == 0 ? 12 : 6;
    client.host_gap = 500;
    client.request_gap = c == 0 ? 100'000 : 0;
  }
  return clients;
}

struct Column {
  const char* name;
  std::function<void(OpProfile&)> change; ///< to another value that a profile may hold
};

const std::array<Column, 5> kColumns = {
    {{"kind", [](OpProfile& op) { op.kind = op.is_kernel() ? OpKind::copy_h2d : OpKind::kernel; }},
     {"phase",
      [](OpProfile& op) { op.phase = op.phase == Phase::update ? Phase::forward : Phase::update; }},
     {"boundness",
      [](OpProfile& op) {
        op.boundness = op.boundness == Boundness::compute ? Boundness::memory : Boundness::compute;
      }},
     {"sm_needed", [](OpProfile& op) { op.sm_needed = op.sm_needed > 60 ? 1 : 500; }},
     {"duration", [](OpProfile& op) { op.duration = op.duration > 10'000 ? 10 : 200'000; }}}};

/// In how many of `cases` runs the system decides otherwise when the column is another one in the high-priority
/// client's profile (`high`), or in those of the others.
int differences(const std::string& system, const ParamList& params, const Column& column,
                bool high) {
  constexpr int cases = 60;
  constexpr std::uint32_t seed = 7;
  int differ = 0;
  Words words(1);
  for (int i = 0; i < cases; ++i) {
    std::vector<TinyClient> clients = any_clients(words);
    if (system == "ticktock") { // two jobs that train
      clients.pop_back();
      for (TinyClient& c : clients) {
        c.client.training = true;
      }
    }
    std::vector<TinyClient> changed = clients;
    for (std::size_t c = 0; c < changed.size(); ++c) {
      changed[c].told = changed[c].client.ops;
      for (OpProfile& op : changed[c].told) {
        if ((c == 0) == high) {
          column.change(op);
        }
      }
    }
    const bool differs =
        events_of(system, params, clients, seed) != events_of(system, params, changed, seed);
    differ += differs ? 1 : 0;
  }
  return differ;
}

struct Uses {
  std::string system;
  ParamList params;
  std::vector<std::string> of_high; ///< columns of the high-priority profile that decide something
  std::vector<std::string> of_best_effort;
};

void PrintTo(const Uses& uses, std::ostream* out) {
  *out << uses.system;
}

class ProfileColumns : public ::testing::TestWithParam<Uses> {};

TEST_P(ProfileColumns, DecideWhereTheSystemIsPublishedToReadThem) {
  const Uses& uses = GetParam();
  for (const bool high : {true, false}) {
    const auto& used = high ? uses.of_high : uses.of_best_effort;
    for (const Column& column : kColumns) {
      const int differ = differences(uses.system, uses.params, column, high);
      const bool decides = std::find(used.begin(), used.end(), column.name) != used.end();
      EXPECT_EQ(differ > 0, decides)
          << uses.system << ": " << column.name << " of "
          << (high ? "high-priority" : "best-effort") << " ops changes " << differ << " runs";
    }
  }
}

const ParamList kLimit = {{"max_be_duration_ns", std::int64_t{100'000}}};

INSTANTIATE_TEST_SUITE_P(
    Systems, ProfileColumns,
    ::testing::Values(
        // Orion: the class of the high-priority kernel, and where its optimizer phase begins; of best-effort kernels
        // class, SMs and duration. Kernels and copies are told apart for both.
        Uses{"orion",
             kLimit,
             {"kind", "phase", "boundness"},
             {"kind", "boundness", "sm_needed", "duration"}},
        // REEF's padding compares durations and SMs of both sides and knows nothing of classes. A best-effort copy needs no
        // SMs, which keeps it out without a look at its kind.
        Uses{"reef", {}, {"kind", "sm_needed", "duration"}, {"sm_needed", "duration"}},
        Uses{"ideal", {}, {}, {}}, Uses{"mps", {}, {}, {}}, Uses{"mps-priority", {}, {}, {}},
        Uses{"sequential", {}, {}, {}}, Uses{"streams", {}, {}, {}},
        Uses{"sequential-as-published", {}, {}, {}}, Uses{"streams-priority", {}, {}, {}},
        // TickTock: where the forward phase ends.
        Uses{"ticktock", {}, {"phase"}, {"phase"}}, Uses{"timeslice", {}, {}, {}},
        // Zico goes by durations only where memory is short.
        Uses{"zico", {}, {}, {}}),
    [](const auto& instance) {
      std::string name = instance.param.system;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

/// Each of Orion's rules is what makes its column matter.
TEST(OrionsRules, ReadTheirColumn) {
  const auto without = [](const char* rule, const char* column) {
    ParamList params = kLimit;
    params.emplace_back(rule, false);
    const auto found = std::find_if(kColumns.begin(), kColumns.end(), [&](const Column& each) {
      return std::string_view(each.name) == column;
    });
    return differences("orion", params, *found, column == std::string_view("phase"));
  };
  EXPECT_EQ(without("profile_check", "boundness"), 0);
  EXPECT_EQ(without("duration_throttle", "duration"), 0);
  EXPECT_EQ(without("update_phase", "phase"), 0);
  EXPECT_EQ(without("sm_check", "sm_needed"), 0);
}

} // namespace
} // namespace cotenant
