#include <gtest/gtest.h>
#include <limits>
#include <map>

#include "cuda/coordinator/fake_nvml_for_test.h"
#include "cuda/coordinator/use_sampler.h"
#include "cuda/driver.h"

namespace cotenant::cuda {
namespace {

constexpr Nanos kMs = kMillisecond;

/// A run in virtual time: it passes while the sampler sleeps and while samples are taken.
class UseSampling : public testing::Test {
 protected:
  UseSampling() {
    nvml.take = [this] {
      pass(sample_cost);
      return now;
    };
    // So many per cent as there are seconds since the clock's start, on average.
    nvml.value = [this](GpmCounter, const FakeNvml::Reading& from, const FakeNvml::Reading& to) {
      pairs.emplace_back(from.index, to.index);
      return static_cast<double>(from.at + to.at - 2 * start) / 2e9;
    };
  }
  void pass(Nanos time) {
    now += time;
    for (; !events.empty() && events.begin()->first <= now; events.erase(events.begin())) {
      events.begin()->second();
    }
  }
  UseSeries run(Nanos interval) {
    events[start] = [this] { shared.clock_start = start; };
    const SamplerClock clock{.now = [this] { return now; },
                             .sleep = [this](Nanos time) { pass(time + oversleep); }};
    UseCounters counters(nvml.table, "GPU-fake");
    return sample_use(counters, shared, over, interval, clock);
  }
  void stop_at(Nanos time) {
    events[start + time] = [this] { shared.stop = true; };
  }
  static void expect_no_gaps(const UseSeries& series) {
    for (std::size_t i = 1; i < series.rows.size(); ++i) {
      EXPECT_EQ(series.rows[i].begin, series.rows[i - 1].end);
    }
  }

  Nanos now = 77 * kMs;
  Nanos start = 5'000 * kMs + 300'000;
  Nanos sample_cost = 0;
  Nanos oversleep = 0;
  std::map<Nanos, std::function<void()>> events;
  SharedRun shared;
  std::atomic<bool> over{false};
  FakeNvml nvml;
  std::vector<std::pair<int, int>> pairs; ///< samples of each value that was asked for
};

TEST_F(UseSampling, RowsEndAtMultiplesOfTheIntervalSinceTheClockStarted) {
  stop_at(1'100 * kMs);
  const UseSeries series = run(250 * kMs);
  ASSERT_EQ(series.rows.size(), 5U);
  EXPECT_LT(series.rows.front().begin, kMs) << "as soon as the start is seen";
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(series.rows[i].end, static_cast<Nanos>(i + 1) * 250 * kMs);
    EXPECT_NEAR(series.rows[i].dram, 0.0025 * (static_cast<double>(i) + 0.5), 1e-5);
  }
  EXPECT_EQ(series.rows.back().end, 1'100 * kMs);
  expect_no_gaps(series);
  EXPECT_EQ(series.samples, 6);
}

TEST_F(UseSampling, WhatIsLeftAtTheEndAndTooShortGoesToTheLastRow) {
  stop_at(1'040 * kMs);
  const UseSeries series = run(250 * kMs);
  ASSERT_EQ(series.rows.size(), 4U);
  EXPECT_EQ(series.rows.back().begin, 750 * kMs);
  EXPECT_EQ(series.rows.back().end, 1'040 * kMs);
  EXPECT_NEAR(series.rows.back().dram, 0.00895, 1e-6) << "one mean over both";
  // Sample 0 is the one that looks whether samples can be had.
  EXPECT_EQ(pairs.back(), std::pair(4, 6));
}

TEST_F(UseSampling, SamplesAreNeverTooCloseHoweverLateTheyCome) {
  sample_cost = 3 * kMs;
  oversleep = 400'000;
  stop_at(2'000 * kMs);
  const UseSeries series = run(100 * kMs);
  ASSERT_GE(series.rows.size(), 15U);
  for (const UseRecord& row : series.rows) {
    EXPECT_GE(row.end - row.begin, kShortestUseInterval);
    EXPECT_LT(row.end - row.begin, 2 * kShortestUseInterval);
  }
  expect_no_gaps(series);
  EXPECT_EQ(series.sample_max, 3 * kMs);
  EXPECT_EQ(series.sample_sum, series.samples * 3 * kMs);
}

TEST_F(UseSampling, AnIntervalThatIsLongEnoughKeepsToTheGrid) {
  sample_cost = 2 * kMs;
  stop_at(5'000 * kMs);
  const UseSeries series = run(200 * kMs);
  ASSERT_GE(series.rows.size(), 24U);
  EXPECT_EQ(series.rows[19].end, 4'001 * kMs) << "half a sample's time after the multiple";
}

TEST_F(UseSampling, WhereTheGpuRefreshedNothingTheRowGoesOn) {
  stop_at(800 * kMs);
  nvml.value = [](GpmCounter, const FakeNvml::Reading& from, const FakeNvml::Reading& to) {
    return to.index == 3 ? std::numeric_limits<double>::quiet_NaN() : from.index;
  };
  const UseSeries series = run(200 * kMs);
  ASSERT_EQ(series.rows.size(), 3U);
  EXPECT_EQ(series.rows[1].begin, 200 * kMs);
  EXPECT_EQ(series.rows[1].end, 600 * kMs);
  EXPECT_DOUBLE_EQ(series.rows[1].sm_busy, 0.02) << "from the second sample of the run";
  expect_no_gaps(series);
}

TEST_F(UseSampling, NothingUsedForAShortTimeMayBeNothingRefreshed) {
  stop_at(500 * kMs);
  nvml.value = [](GpmCounter, const FakeNvml::Reading& from, const FakeNvml::Reading& to) {
    return to.index == from.index + 1 && from.index == 2 ? 0.0 : 30.0;
  };
  const UseSeries series = run(100 * kMs);
  ASSERT_EQ(series.rows.size(), 4U);
  EXPECT_GE(series.rows[1].end - series.rows[1].begin, 200 * kMs);
  EXPECT_DOUBLE_EQ(series.rows[1].dram, 0.3);
  expect_no_gaps(series);
}

TEST_F(UseSampling, NothingUsedForLongIsAnIdleGpu) {
  stop_at(1'000 * kMs);
  nvml.value = [](GpmCounter, const FakeNvml::Reading&, const FakeNvml::Reading&) { return 0.0; };
  const UseSeries series = run(100 * kMs);
  ASSERT_GE(series.rows.size(), 4U);
  for (const UseRecord& row : series.rows) {
    EXPECT_EQ(row.sm_busy, 0);
    EXPECT_GE(row.end - row.begin, 200 * kMs);
  }
  expect_no_gaps(series);
}

TEST_F(UseSampling, ARunThatIsTooShortToCountIsSaidToBe) {
  stop_at(40 * kMs);
  try {
    run(100 * kMs);
    FAIL();
  } catch (const DeviceError& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("the run was over ")) << error.what();
  }
}

TEST_F(UseSampling, AClockThatNeverStartsGivesNothing) {
  events[200 * kMs] = [this] { over = true; };
  EXPECT_TRUE(run(100 * kMs).rows.empty());
  EXPECT_EQ(nvml.samples, 1) << "that of the check";
}

TEST_F(UseSampling, AFailureEndsIt) {
  nvml.fails_from = 4;
  stop_at(60'000 * kMs);
  EXPECT_THROW(run(100 * kMs), DeviceError);
  EXPECT_EQ(nvml.samples, 5);
  EXPECT_LT(now, start + 1'000 * kMs);
}

} // namespace
} // namespace cotenant::cuda
