// Tick-tock scheduling: the four controls by themselves, and what is launched when.
#include <gtest/gtest.h>

#include "base/error.h"
#include "scheduler/fake_gate_for_test.h"
#include "systems/ticktock_controls.h"

namespace cotenant {
namespace {

using testing::copy;
using testing::kernel;
using testing::ScriptedRun;
using testing::TestClient;
using ticktock::Control;
using ticktock::Controls;
using Launches = ScriptedRun::Launches;

constexpr Control kForward = Control::forward;
constexpr Control kBackward = Control::backward;

TEST(TickTockControls, TheFirstJobBeginsAndTheyAlternate) {
  Controls controls(true, true);
  for (int iteration = 0; iteration < 3; ++iteration) {
    EXPECT_FALSE(controls.enter(kForward, 1, 0)) << "the first job's turn";
    EXPECT_TRUE(controls.enter(kForward, 0, 0));
    EXPECT_TRUE(controls.enter(kForward, 0, 0)) << "who is inside stays inside";
    EXPECT_FALSE(controls.enter(kForward, 1, 0)) << "the first job is inside";
    controls.leave(kForward, 0);
    EXPECT_FALSE(controls.enter(kForward, 0, 0)) << "not twice in a row";
    EXPECT_TRUE(controls.enter(kForward, 1, 0));
    controls.leave(kForward, 1);
  }
}

TEST(TickTockControls, ForwardAndBackwardAreOfTheirOwn) {
  Controls controls(true, true);
  EXPECT_TRUE(controls.enter(kForward, 0, 0));
  controls.leave(kForward, 0);
  EXPECT_TRUE(controls.enter(kBackward, 0, 0));
  EXPECT_TRUE(controls.enter(kForward, 1, 0)) << "forward of one beside backward of the other";
  controls.leave(kForward, 1);
  EXPECT_FALSE(controls.enter(kBackward, 1, 0)) << "the other job's backward phase is under way";
  EXPECT_TRUE(controls.enter(kForward, 0, 0));
  controls.leave(kBackward, 0);
  EXPECT_TRUE(controls.enter(kBackward, 1, 0));
}

TEST(TickTockControls, BothOpenAtTheEnd) {
  Controls controls(true, true);
  EXPECT_FALSE(controls.enter(kForward, 1, 0));
  EXPECT_FALSE(controls.enter(kBackward, 1, 0));
  controls.set_open(true);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(controls.enter(kForward, 1, 0));
    controls.leave(kForward, 1);
    EXPECT_TRUE(controls.enter(kBackward, 1, 0)) << "the published implementation hangs here";
    controls.leave(kBackward, 1);
  }
}

TEST(TickTockControls, TurnsGoOnWhenTheyCloseAgain) {
  Controls controls(true, true);
  controls.set_open(true);
  EXPECT_TRUE(controls.enter(kForward, 1, 0));
  controls.set_open(false);
  EXPECT_FALSE(controls.enter(kForward, 0, 0)) << "its turn, but the other job is inside";
  controls.leave(kForward, 1);
  EXPECT_TRUE(controls.enter(kForward, 0, 0));
}

TEST(TickTockControls, WhatIsLaunchedAheadSkipsNoTurn) {
  Controls controls(true, true);
  EXPECT_TRUE(controls.enter(kForward, 0, 0));
  EXPECT_TRUE(controls.enter(kBackward, 0, 1));
  EXPECT_FALSE(controls.enter(kForward, 0, 2)) << "its first forward phase has not ended";
  controls.leave(kForward, 0);
  EXPECT_FALSE(controls.enter(kForward, 0, 2)) << "the other job's turn";
  EXPECT_TRUE(controls.enter(kForward, 1, 0));
  controls.go_on(kForward, 1, 4);
  EXPECT_FALSE(controls.enter(kForward, 1, 0));
  EXPECT_TRUE(controls.enter(kForward, 1, 4));
}

TEST(TickTockControls, OneThatAJobNeverPassesTakesNoTurns) {
  Controls controls(true, false);
  EXPECT_TRUE(controls.enter(kBackward, 1, 0));
  EXPECT_TRUE(controls.enter(kBackward, 0, 0));
  EXPECT_FALSE(controls.enter(kForward, 1, 0));
}

OpProfile op(Phase phase) {
  return kernel(Boundness::compute, 1, 10, phase);
}

/// An iteration of as many phase pairs: a forward op, a backward op; at its end an op of the optimizer.
TestClient training(int pairs = 1) {
  TestClient client{.ops = {}, .training = true};
  for (int i = 0; i < pairs; ++i) {
    client.ops.push_back(op(Phase::forward));
    client.ops.push_back(op(Phase::backward));
  }
  client.ops.push_back(op(Phase::update));
  return client;
}

/// All that `client` has in flight completes, then op `next` comes to its head.
Launches moves_on(ScriptedRun& run, std::size_t client, std::uint32_t next) {
  run.finish(client);
  run.offer(client, next);
  return run.decide();
}

TEST(TickTock, ForwardOfOneBesideBackwardOfTheOther) {
  ScriptedRun run("ticktock", {}, {training(), training()});
  EXPECT_EQ(run.offered(1, 0), Launches{}) << "the first client begins";
  EXPECT_EQ(run.offered(0, 0), Launches{0});
  run.offer(0, 1);
  EXPECT_EQ(run.decide(), Launches{0}) << "its backward phase goes into its own stream behind it";
  run.finish(0);
  EXPECT_EQ(run.decide(), Launches{1}) << "forward of 1 when that of 0 is complete";
  EXPECT_EQ(moves_on(run, 0, 2), Launches{0}) << "the optimizer belongs to the backward phase";
  EXPECT_EQ(moves_on(run, 1, 1), Launches{}) << "backward of 0 is not complete";
  run.finish(0);
  EXPECT_EQ(run.decide(), Launches{1}) << "now it is";
  run.end_request(0);
  EXPECT_EQ(run.offered(0, 0), Launches{0}) << "forward of 0 beside backward of 1";
}

TEST(TickTock, TheSlowerJobDictates) {
  ScriptedRun run("ticktock", {}, {training(), training()});
  EXPECT_EQ(run.offered(0, 0), Launches{0});
  EXPECT_EQ(moves_on(run, 0, 1), Launches{0});
  EXPECT_EQ(moves_on(run, 0, 2), Launches{0});
  run.end_request(0);
  EXPECT_EQ(run.offered(0, 0), Launches{}) << "an iteration ahead: the other's turn";
  run.offer(1, 0);
  EXPECT_EQ(run.decide(), Launches{1});
  run.finish(1);
  EXPECT_EQ(run.decide(), Launches{0});
}

TEST(TickTock, TheEndOfAJobOpensBothControls) {
  ScriptedRun run("ticktock", {}, {training(), training()});
  run.offered(0, 0);
  moves_on(run, 0, 1);
  moves_on(run, 0, 2);
  EXPECT_EQ(run.offered(1, 0), Launches{1});
  run.state(0).done = true;
  run.end_request(0);
  for (int iteration = 0; iteration < 3; ++iteration) {
    EXPECT_EQ(moves_on(run, 1, 1), Launches{1});
    EXPECT_EQ(moves_on(run, 1, 2), Launches{1});
    run.end_request(1);
    EXPECT_EQ(run.offered(1, 0), Launches{1});
  }
}

TEST(TickTock, SeveralPhasePairsAnIterationTakeATurnEach) {
  ScriptedRun run("ticktock", {}, {training(3), training()});
  run.offer(1, 0);
  EXPECT_EQ(run.offered(0, 0), Launches{0});
  for (std::uint32_t pair = 0; pair < 3; ++pair) {
    run.finish(0);
    EXPECT_EQ(run.decide(), Launches{1}) << "forward of 1, whole iterations of it a pair of 0";
    EXPECT_EQ(run.offered(0, 2 * pair + 1), Launches{0}) << "backward of 0 beside it";
    EXPECT_EQ(moves_on(run, 1, 1), Launches{}) << "backward of 0 is under way";
    EXPECT_EQ(
        moves_on(run, 0, 2 * pair + 2),
        (pair < 2 ? Launches{0, 1} : Launches{0})); // the next forward phase, or the optimizer
    if (pair == 2) {
      run.finish(0);
      EXPECT_EQ(run.decide(), Launches{1});
      run.end_request(0);
      EXPECT_EQ(run.offered(0, 0), Launches{0});
    }
    EXPECT_EQ(moves_on(run, 1, 2), Launches{1});
    run.end_request(1);
    EXPECT_EQ(run.offered(1, 0), Launches{}) << "forward of 0 is under way";
  }
}

TEST(TickTock, WhoWaitsForTheOtherToWarmUpHasNoTurns) {
  TestClient slow = training();
  slow.warmup = 2;
  ScriptedRun run("ticktock", {}, {training(), slow});
  EXPECT_EQ(run.offered(1, 0), Launches{1}) << "client 0 has no warm-up: it waits";
  EXPECT_EQ(moves_on(run, 1, 1), Launches{1});
  EXPECT_EQ(moves_on(run, 1, 2), Launches{1});
  run.end_request(1);
  EXPECT_EQ(run.offered(1, 0), Launches{1});
  moves_on(run, 1, 1);
  moves_on(run, 1, 2);
  run.end_request(1);
  run.offer(1, 0);
  EXPECT_EQ(run.decide(), Launches{}) << "from here on it is client 0's turn";
  EXPECT_EQ(run.offered(0, 0), Launches{0});
}

TEST(TickTock, BesideAJobThatEvaluatesNobodyWaits) {
  const TestClient evaluation{.ops = {copy(), op(Phase::forward)}, .training = false};
  ScriptedRun run("ticktock", {}, {training(), evaluation});
  for (int iteration = 0; iteration < 3; ++iteration) {
    EXPECT_EQ(run.offered(0, 0), Launches{0});
    EXPECT_EQ(run.offered(1, 0), Launches{1});
    EXPECT_EQ(run.offered(0, 1), Launches{0});
    EXPECT_EQ(run.offered(0, 2), Launches{0});
    run.end_request(0);
  }
}

TEST(TickTock, ServesTwoJobs) {
  for (const std::size_t jobs : {1U, 3U}) {
    try {
      ScriptedRun("ticktock", {}, std::vector<TestClient>(jobs, training()));
      FAIL();
    } catch (const InputError& error) {
      EXPECT_EQ(std::string(error.what()),
                "ticktock alternates the phases of two jobs, but there " +
                    std::string(jobs == 1 ? "is 1" : "are 3") +
                    "; expected two entries in clients");
    }
  }
}

TEST(TickTock, HasEqualStreamsThatOneThreadLaunchesTo) {
  const ScriptedRun run("ticktock", {}, {training(), training()});
  EXPECT_EQ(run.mode().contexts, ContextMode::shared);
  EXPECT_EQ(run.mode().launcher, Launcher::single);
  EXPECT_FALSE(run.mode().stream_priorities);
  EXPECT_FALSE(run.mode().one_stream);
  EXPECT_TRUE(run.mode().watches_ops);
}

} // namespace
} // namespace cotenant
