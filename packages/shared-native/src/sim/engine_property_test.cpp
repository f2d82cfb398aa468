// The fast engine against the oracle over random programs. More cases:
// RC_PARAMS="max_success=20000".
#include <cmath>
#include <gtest/gtest.h>

#include "sim/engine_generator_for_test.h"

namespace cotenant::test {
namespace {

bool close(double a, double b) {
  return std::abs(a - b) <= 1e-9 * std::max({1.0, std::abs(a), std::abs(b)});
}

// The bar is 3 % on service times and throughputs; equality leaves nothing to explain.
TEST(WaveEngine, EqualsTheOracle) {
  EXPECT_TRUE(rc::check([] {
    for (int i = 0; i < 5; ++i) { // five times as many cases as other properties have
      const Scenario scenario = *any_scenario();
      const auto oracle = block_engine(scenario);
      const auto wave = wave_engine(scenario);
      const Outcome expected = play(scenario, *oracle);
      const Outcome actual = play(scenario, *wave);
      RC_ASSERT(actual.spans == expected.spans);
      RC_ASSERT(close(actual.counters.sm_busy_ns, expected.counters.sm_busy_ns));
      RC_ASSERT(close(actual.counters.dram_busy_ns, expected.counters.dram_busy_ns));
    }
  }));
}

TEST(WaveEngine, EqualsTheOracleOnPartsAndKills) {
  EXPECT_TRUE(rc::check([] {
    for (int i = 0; i < 5; ++i) {
      const Scenario scenario = *any_scenario_of_parts();
      const Outcome expected = play(scenario, *block_engine(scenario));
      const Outcome actual = play(scenario, *wave_engine(scenario));
      RC_ASSERT(actual.spans == expected.spans);
      RC_ASSERT(close(actual.counters.sm_busy_ns, expected.counters.sm_busy_ns));
      RC_ASSERT(close(actual.counters.dram_busy_ns, expected.counters.dram_busy_ns));
    }
  }));
}

TEST(Engines, KilledKernelsRunAgainAndNoneIsLost) {
  EXPECT_TRUE(rc::check([] {
    const Scenario scenario = *any_scenario_of_parts();
    for (const auto& engine : {block_engine(scenario), wave_engine(scenario)}) {
      std::vector<std::uint32_t> next(scenario.streams.size(), 0);
      for (const Span& span : play(scenario, *engine).spans) {
        RC_ASSERT(span.index == next[span.stream]);
        ++next[span.stream];
      }
      for (std::size_t s = 0; s < next.size(); ++s) {
        RC_ASSERT(next[s] == scenario.streams[s].kernels.size());
      }
    }
  }));
}

TEST(Engines, ForgetAKernelThatWasKilledWhenItHadTheGpu) {
  EXPECT_TRUE(rc::check([] {
    Scenario scenario = *any_scenario();
    scenario.streams.resize(1);
    scenario.streams[0].kernels.resize(1);
    scenario.pauses.clear();
    const Nanos duration = scenario.streams[0].kernels[0].duration;
    const Nanos begin = scenario.streams[0].begin;
    const Nanos into = *rc::gen::inRange<Nanos>(0, duration);
    scenario.kills = {{.at = begin + into, .stream = 0}};
    // A kernel that starts at the instant of the kill has not begun by then.
    const Nanos again = into == 0 ? 0 : into + scenario.streams[0].gap;
    for (const auto& engine : {block_engine(scenario), wave_engine(scenario)}) {
      const Outcome outcome = play(scenario, *engine);
      RC_ASSERT(outcome.spans.size() == 1U);
      RC_ASSERT(outcome.spans[0].end == begin + again + duration);
    }
  }));
}

TEST(WaveEngine, NeedsNoMoreEventsThanTheOracle) {
  EXPECT_TRUE(rc::check([] {
    const Scenario scenario = *any_scenario();
    const auto oracle = block_engine(scenario);
    const auto wave = wave_engine(scenario);
    RC_ASSERT(play(scenario, *wave).counters.events <= play(scenario, *oracle).counters.events);
  }));
}

TEST(Engines, TakeExactlyTheDurationOfAKernelThatRunsAlone) {
  EXPECT_TRUE(rc::check([] {
    Scenario scenario = *any_scenario();
    scenario.streams.resize(1);
    scenario.pauses.clear();
    for (const auto& engine : {block_engine(scenario), wave_engine(scenario)}) {
      for (const Span& span : play(scenario, *engine).spans) {
        RC_ASSERT(span.end - span.start == scenario.streams[0].kernels[span.index].duration);
      }
    }
  }));
}

TEST(Engines, ContinueAfterAPauseAsIfItHadNotBeen) {
  EXPECT_TRUE(rc::check([] {
    Scenario scenario = *any_scenario();
    scenario.pauses.clear();
    for (Stream& stream : scenario.streams) {
      stream.gap = 0; // a gap that runs on during the pause would change what meets what
      stream.begin = 0;
    }
    const Nanos from = *rc::gen::inRange<Nanos>(1, 40'000);
    const Nanos length = *rc::gen::inRange<Nanos>(1, 40'000);
    Scenario interrupted = scenario;
    interrupted.pauses.push_back({.from = from, .until = from + length});
    const auto moved = [&](Nanos time) { return time <= from ? time : time + length; };

    Outcome expected = play(scenario, *wave_engine(scenario));
    for (Span& span : expected.spans) {
      span.start = moved(span.start);
      span.end = moved(span.end);
    }
    RC_ASSERT(play(interrupted, *wave_engine(interrupted)).spans == expected.spans);
    RC_ASSERT(play(interrupted, *block_engine(interrupted)).spans == expected.spans);
  }));
}

} // namespace
} // namespace cotenant::test
