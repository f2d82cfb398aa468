// What must hold of every system in every run, and the published guarantees of single systems, over
// random clients, programs and timing.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "scheduler/tiny_device_for_test.h"

namespace cotenant {
namespace {

using testing::events_of;
using testing::ParamList;
using testing::TestClient;
using testing::TinyClient;
using testing::TinyDevice;
using testing::TinyEvent;
using What = TinyEvent::What;

rc::Gen<OpProfile> any_op() {
  return rc::gen::map(
      rc::gen::tuple(rc::gen::weightedElement<OpKind>({{8, OpKind::kernel},
                                                       {1, OpKind::copy_h2d},
                                                       {1, OpKind::copy_d2h},
                                                       {1, OpKind::memset}}),
                     rc::gen::element(Boundness::compute, Boundness::memory, Boundness::unknown),
                     rc::gen::element<std::uint32_t>(1, 10, 40, 79, 80, 81, 500),
                     rc::gen::element<Nanos>(1, 900, 5'000, 40'000, 300'000)),
      [](const auto& t) {
        const auto [kind, boundness, sms, duration] = t;
        return OpProfile{.kind = kind,
                         .phase = Phase::forward,
                         .boundness = boundness,
                         .sm_needed = kind == OpKind::kernel ? sms : 0,
                         .duration = duration,
                         .grid = kind == OpKind::kernel
                                     ? testing::kernel(boundness, sms, duration).grid
                                     : OpProfile::Grid{}};
      });
}

TinyClient any_client(Priority priority) {
  TinyClient c;
  c.client.priority = priority;
  c.client.ops = *rc::gen::nonEmpty(rc::gen::container<std::vector<OpProfile>>(any_op()));
  c.client.training = *rc::gen::arbitrary<bool>();
  for (std::size_t i = c.client.ops.size() * 3 / 4; c.client.training && i < c.client.ops.size();
       ++i) {
    c.client.ops[i].phase = Phase::update;
  }
  for (const OpProfile& op : c.client.ops) {
    c.client.solo_latency += op.duration;
  }
  c.requests = *rc::gen::inRange<std::int64_t>(1, 15);
  c.host_gap = *rc::gen::element<Nanos>(0, 500, 5'000);
  c.request_gap = *rc::gen::element<Nanos>(0, 100'000, 2'000'000);
  return c;
}

/// One high-priority client, not always the first, and one to three others.
std::vector<TinyClient> any_clients() {
  std::vector<TinyClient> clients;
  const auto best_effort = *rc::gen::inRange<std::size_t>(1, 4);
  for (std::size_t i = 0; i < best_effort; ++i) {
    clients.push_back(any_client(Priority::best_effort));
  }
  const auto at = *rc::gen::inRange<std::size_t>(0, best_effort + 1);
  clients.insert(clients.begin() + static_cast<std::ptrdiff_t>(at), any_client(Priority::high));
  return clients;
}

std::size_t high_of(const std::vector<TinyClient>& clients) {
  return static_cast<std::size_t>(
      std::find_if(clients.begin(), clients.end(),
                   [](const TinyClient& c) { return c.client.priority == Priority::high; }) -
      clients.begin());
}

std::uint32_t any_seed() {
  return *rc::gen::arbitrary<std::uint32_t>();
}

/// Runs to the end: every request launches each op once and in order, and every client completes all of its requests.
void check_every_op_once_in_order(TinyDevice& device, const std::vector<TinyClient>& clients) {
  std::vector<std::uint32_t> next(clients.size(), 0);
  std::vector<std::int64_t> requests(clients.size(), 0);
  device.run([&](const TinyEvent& event) {
    if (event.what == What::launched) {
      RC_ASSERT(event.op == next[event.client]);
      ++next[event.client];
    } else if (event.what == What::request_ends) {
      RC_ASSERT(next[event.client] == clients[event.client].client.ops.size());
      next[event.client] = 0;
      ++requests[event.client];
    }
  });
  RC_ASSERT(device.all_done());
  for (std::size_t c = 0; c < clients.size(); ++c) {
    RC_ASSERT(requests[c] == clients[c].requests);
  }
}

class EverySystem : public ::testing::TestWithParam<std::string> {};

TEST_P(EverySystem, LaunchesEveryOpOnceInOrderAndNeverGetsStuck) {
  EXPECT_TRUE(rc::check([&] {
    auto clients = any_clients();
    for (TinyClient& c : clients) {
      c.client.warmup = *rc::gen::inRange<std::int64_t>(0, 3);
    }
    TinyDevice device(GetParam(), {}, clients, any_seed());
    check_every_op_once_in_order(device, clients);
  }));
}

TEST_P(EverySystem, EqualRunsDecideEqually) {
  EXPECT_TRUE(rc::check([&] {
    const auto clients = any_clients();
    const std::uint32_t seed = any_seed();
    RC_ASSERT(events_of(GetParam(), {}, clients, seed) == events_of(GetParam(), {}, clients, seed));
  }));
}

/// But reef-reset, which launches killed ops again, and serves inference only, and ticktock, which serves two
/// clients: their own are below.
std::vector<std::string> system_names() {
  std::vector<std::string> names;
  for (const SystemInfo& system : all_systems()) {
    if (system.name != "reef-reset" && system.name != "ticktock") {
      names.push_back(system.name);
    }
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, EverySystem, ::testing::ValuesIn(system_names()),
                         [](const auto& instance) {
                           std::string name = instance.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

/// No turn ends with a high-priority op at the head of its queue.
void check_high_priority_is_never_held(const std::string& system, const ParamList& params) {
  const auto clients = any_clients();
  const std::size_t high = high_of(clients);
  TinyDevice device(system, params, clients, any_seed());
  device.run([&](const TinyEvent& event) {
    RC_ASSERT(event.what != What::turn_ends || !device.state(high).head_ready);
  });
}

RC_GTEST_PROP(OrionProperty, HighPriorityIsNeverHeld, ()) {
  check_high_priority_is_never_held(
      "orion", {{"max_be_duration_ns", *rc::gen::inRange<std::int64_t>(1, 400'000)},
                {"profile_check", *rc::gen::arbitrary<bool>()},
                {"sm_check", *rc::gen::arbitrary<bool>()},
                {"duration_throttle", *rc::gen::arbitrary<bool>()},
                {"update_phase", *rc::gen::arbitrary<bool>()},
                {"count_running_sms", *rc::gen::arbitrary<bool>()}});
}

RC_GTEST_PROP(ReefProperty, HighPriorityIsNeverHeld, ()) {
  check_high_priority_is_never_held("reef", {{"depth", *rc::gen::inRange<std::int64_t>(0, 20)},
                                             {"padding", *rc::gen::arbitrary<bool>()}});
}

RC_GTEST_PROP(ReefAsPublishedProperty, HighPriorityIsNeverHeldBehindTheWarmUp, ()) {
  check_high_priority_is_never_held("reef-as-published",
                                    {{"depth", *rc::gen::inRange<std::int64_t>(1, 20)}});
}

/// Durations of best-effort kernels in flight; the limit plus the one op that exceeds it bounds
/// them.
RC_GTEST_PROP(OrionProperty, BestEffortWorkInFlightExceedsTheLimitByOneOpAtMost, ()) {
  const auto clients = any_clients();
  const std::size_t high = high_of(clients);
  const auto limit = *rc::gen::inRange<Nanos>(1, 400'000);
  TinyDevice device("orion", {{"max_be_duration_ns", limit}}, clients, any_seed());
  Nanos in_flight = 0;
  device.run([&](const TinyEvent& event) {
    if (event.client == high || (event.what != What::launched && event.what != What::finished)) {
      return;
    }
    const OpProfile& op = clients[event.client].client.ops[event.op];
    if (!op.is_kernel()) {
      return;
    }
    if (event.what == What::finished) {
      in_flight -= op.duration;
      return;
    }
    RC_ASSERT(in_flight <= limit || device.state(high).done);
    in_flight += op.duration;
  });
}

/// Beside an open request go only kernels of another profile that fit the SMs, and copies.
RC_GTEST_PROP(OrionProperty, NothingUnsuitableGoesBesideAnInferenceRequest, ()) {
  auto clients = any_clients();
  const std::size_t high = high_of(clients);
  clients[high].client.training = false;
  TinyDevice device("orion", {{"max_be_duration_ns", std::int64_t{200'000}}}, clients, any_seed());
  Boundness last = Boundness::unknown;
  bool kernel_launched = false;
  device.run([&](const TinyEvent& event) {
    if (event.what == What::request_ends && event.client == high) {
      kernel_launched = false;
    }
    if (event.what != What::launched) {
      return;
    }
    const OpProfile& op = clients[event.client].client.ops[event.op];
    if (!op.is_kernel()) {
      return;
    }
    if (event.client == high) {
      last = op.boundness;
      kernel_launched = true;
    } else if (kernel_launched && !device.state(high).done) {
      RC_ASSERT(op.sm_needed <= 80U);
      RC_ASSERT(op.boundness == Boundness::unknown || last == Boundness::unknown ||
                op.boundness != last);
    }
  });
}

RC_GTEST_PROP(ReefProperty, InFlightStaysWithinTheDepthAndNothingButPaddingGoesBesideARequest, ()) {
  const auto clients = any_clients();
  const std::size_t high = high_of(clients);
  const auto depth = *rc::gen::inRange<std::int64_t>(1, 20);
  const bool padding = *rc::gen::arbitrary<bool>();
  TinyDevice device("reef", {{"depth", depth}, {"padding", padding}}, clients, any_seed());
  std::int64_t in_flight = 0;
  const OpProfile* beside =
      nullptr; // the high-priority kernel launched last, until something goes beside it
  device.run([&](const TinyEvent& event) {
    if (event.what == What::turn_ends) {
      beside = nullptr;
    }
    if (event.what == What::finished && event.client != high) {
      --in_flight;
    }
    if (event.what != What::launched) {
      return;
    }
    const OpProfile& op = clients[event.client].client.ops[event.op];
    if (event.client == high) {
      beside = op.is_kernel() ? &op : nullptr;
      return;
    }
    ++in_flight;
    RC_ASSERT(in_flight <= depth);
    if (device.state(high).request_open) {
      RC_ASSERT(padding);
      RC_ASSERT(beside != nullptr);
      RC_ASSERT(op.is_kernel());
      RC_ASSERT(op.duration <= beside->duration);
      RC_ASSERT(op.sm_needed >= beside->sm_needed);
      beside = nullptr;
    }
  });
}

RC_GTEST_PROP(SequentialProperty, StartedRequestsNeverOverlap, ()) {
  const auto clients = any_clients();
  TinyDevice device("sequential", {}, clients, any_seed());
  device.run([&](const TinyEvent& event) {
    if (event.what != What::launched) {
      return;
    }
    for (std::size_t c = 0; c < clients.size(); ++c) {
      RC_ASSERT(c == event.client || !device.state(c).request_open || device.state(c).head == 0U);
    }
  });
}

/// Two jobs, of which each trains or evaluates, with any number of phases an iteration, in any order.
std::vector<TinyClient> any_phased_clients(bool training) {
  std::vector<TinyClient> clients;
  for (int i = 0; i < 2; ++i) {
    TinyClient c = any_client(Priority::best_effort);
    c.client.training = training || *rc::gen::arbitrary<bool>();
    for (OpProfile& op : c.client.ops) {
      op.phase = c.client.training
                     ? *rc::gen::element(Phase::forward, Phase::backward, Phase::update)
                     : Phase::forward;
    }
    c.client.warmup = *rc::gen::inRange<std::int64_t>(0, 3);
    clients.push_back(std::move(c));
  }
  return clients;
}

RC_GTEST_PROP(TickTockProperty, WhateverThePhasesEveryJobEnds, ()) {
  const auto clients = any_phased_clients(false);
  TinyDevice device("ticktock", {}, clients, any_seed());
  check_every_op_once_in_order(device, clients);
}

RC_GTEST_PROP(TickTockProperty, EqualRunsDecideEqually, ()) {
  const auto clients = any_phased_clients(false);
  const std::uint32_t seed = any_seed();
  RC_ASSERT(events_of("ticktock", {}, clients, seed) == events_of("ticktock", {}, clients, seed));
}

/// Until a job ends: ops of one kind of phase are in flight of one job at a time, and neither job is ahead of the
/// other by more than a phase.
RC_GTEST_PROP(TickTockProperty, PhasesOfAKindTakeTurns, ()) {
  auto clients = any_phased_clients(true);
  const auto is_forward = [](const OpProfile& op) { return op.phase == Phase::forward; };
  for (TinyClient& c : clients) { // phases of both kinds, the first one forward, the last one not
    c.client.ops.front().phase = Phase::forward;
    c.client.ops.push_back(testing::kernel(Boundness::compute, 1, 1'000, Phase::backward));
    c.client.warmup = 0;
  }
  TinyDevice device("ticktock", {}, clients, any_seed());
  std::int64_t in_flight[2][2] = {}; // by kind, job
  std::int64_t begun[2][2] = {};     // phases, the same
  device.run([&](const TinyEvent& event) {
    if (device.state(0).done || device.state(1).done) {
      return;
    }
    const std::size_t c = event.client;
    const auto& ops = clients[c].client.ops;
    if (event.what == What::launched) {
      const bool forward = is_forward(ops[event.op]);
      ++in_flight[forward ? 1 : 0][c];
      RC_ASSERT(in_flight[forward ? 1 : 0][1 - c] == 0);
      if (event.op == 0 || is_forward(ops[event.op - 1]) != forward) {
        auto& phases = begun[forward ? 1 : 0];
        ++phases[c];
        RC_ASSERT(phases[0] - phases[1] == (c == 0 ? 1 : 0));
      }
    } else if (event.what == What::finished) {
      --in_flight[is_forward(ops[event.op]) ? 1 : 0][c];
    }
  });
  RC_ASSERT(device.all_done());
}

/// Inference only, since training cannot be reset; several clients may be of high priority.
std::vector<TinyClient> any_inference_clients() {
  auto clients = any_clients();
  if (*rc::gen::arbitrary<bool>()) {
    clients.push_back(any_client(Priority::high));
  }
  for (TinyClient& c : clients) {
    c.client.training = false;
  }
  return clients;
}

/// However often it is killed or taken back, every request executes all its ops in order, and none
/// is lost: what is launched is what follows the last launch, or what the last reset or withdrawal
/// made the head.
RC_GTEST_PROP(ReefResetProperty, KilledOpsRunAgainAndNoneIsLost, ()) {
  const auto clients = any_inference_clients();
  TinyDevice device("reef-reset",
                    {{"preemption", std::string(*rc::gen::element("reset", "wait", "none"))},
                     {"queue_capacity", *rc::gen::inRange<std::int64_t>(1, 20)},
                     {"until_empty", *rc::gen::arbitrary<bool>()},
                     {"padding", *rc::gen::arbitrary<bool>()}},
                    clients, any_seed());
  std::vector<std::uint32_t> next(clients.size(), 0);
  std::vector<std::uint32_t> finished(clients.size(), 0);
  device.run([&](const TinyEvent& event) {
    const std::size_t c = event.client;
    switch (event.what) {
    case What::launched:
      RC_ASSERT(event.op == next[c]);
      ++next[c];
      break;
    case What::finished:
      RC_ASSERT(event.op == finished[c]);
      RC_ASSERT(event.op < next[c]);
      ++finished[c];
      break;
    case What::withdrawn:
    case What::reset:
      RC_ASSERT(clients[c].client.priority == Priority::best_effort);
      RC_ASSERT(event.op <= next[c]);
      RC_ASSERT((event.what == What::reset ? event.op <= finished[c] : event.op >= finished[c]));
      next[c] = event.op;
      finished[c] = event.what == What::reset ? event.op : finished[c];
      break;
    case What::request_ends:
      RC_ASSERT(next[c] == clients[c].client.ops.size());
      RC_ASSERT(finished[c] == clients[c].client.ops.size());
      next[c] = finished[c] = 0;
      break;
    default:
      break;
    }
  });
  RC_ASSERT(device.all_done());
}

RC_GTEST_PROP(ReefResetProperty, EqualRunsDecideEqually, ()) {
  const auto clients = any_inference_clients();
  const std::uint32_t seed = any_seed();
  RC_ASSERT(events_of("reef-reset", {}, clients, seed) ==
            events_of("reef-reset", {}, clients, seed));
}

} // namespace
} // namespace cotenant
