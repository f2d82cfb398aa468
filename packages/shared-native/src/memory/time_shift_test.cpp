#include <gtest/gtest.h>
#include <random>

#include "memory/time_shift.h"

namespace cotenant {
namespace {

/// Rises by a region a step to `peak`, and falls again: an iteration of training.
DemandCurve triangle(std::uint32_t peak, Nanos step) {
  DemandCurve curve;
  for (std::uint32_t i = 0; i < 2 * peak - 1; ++i) {
    curve.at.push_back(static_cast<Nanos>(i) * step);
    curve.regions.push_back(i < peak ? i + 1 : 2 * peak - 1 - i);
  }
  curve.length = static_cast<Nanos>(2 * peak - 1) * step;
  return curve;
}

RunningCurve running(const DemandCurve& curve, Nanos progress = 0) {
  return {.curve = {.curve = &curve}, .progress = progress};
}

TEST(TimeShift, NothingWaitsWhereThereIsRoomForAll) {
  const DemandCurve curve = triangle(10, 100);
  const RunningCurve one = running(curve, 500);
  EXPECT_EQ(least_shift({&one, 1}, {.curve = &curve}, 20, 10'000, true), 0);
}

TEST(TimeShift, HalfAnIterationForEqualJobsInTheLeastBudgetThatLetsThemOverlap) {
  // What tick-tock scheduling does by alternating phases.
  const DemandCurve curve = triangle(10, 100); // 1900 ns
  const RunningCurve one = running(curve);
  // Shifted by half, one rises as the other falls: together they hold the peak and one region.
  EXPECT_EQ(least_shift({&one, 1}, {.curve = &curve}, 11, curve.length, true), 900);
  EXPECT_EQ(least_shift({&one, 1}, {.curve = &curve}, 10, curve.length, true), std::nullopt);
}

TEST(TimeShift, MoreBudgetLessShift) {
  const DemandCurve curve = triangle(10, 100);
  const RunningCurve one = running(curve);
  Nanos last = kNever;
  for (std::int64_t capacity = 11; capacity <= 20; ++capacity) {
    const auto shift = least_shift({&one, 1}, {.curve = &curve}, capacity, curve.length, true);
    ASSERT_TRUE(shift.has_value()) << capacity;
    EXPECT_LE(*shift, last) << capacity;
    last = *shift;
  }
  EXPECT_EQ(last, 0);
}

TEST(TimeShift, WhatFitsBesideOneIterationNeedNotFitBesideItsRepeats) {
  const DemandCurve high = triangle(10, 100);
  const DemandCurve flat{.at = {0}, .regions = {5}, .length = 50'000};
  const RunningCurve one = running(high);
  // Only behind the peak, and the peak comes again.
  EXPECT_EQ(least_shift({&one, 1}, {.curve = &flat}, 12, high.length, true), std::nullopt);
  // Seven regions and five: free from the third piece behind the peak on.
  EXPECT_EQ(least_shift({&one, 1}, {.curve = &flat}, 12, high.length, false), 1200);
}

TEST(TimeShift, StretchedCurvesWaitLonger) {
  const DemandCurve curve = triangle(10, 100);
  const RunningCurve slow{.curve = {.curve = &curve, .stretch = 2 * StretchedCurve::kAlone},
                          .progress = 0};
  EXPECT_EQ(least_shift({&slow, 1}, {.curve = &curve, .stretch = 2 * StretchedCurve::kAlone}, 11,
                        slow.curve.length(), true),
            1800);
}

TEST(TimeShift, ACoarserCurveIsNowhereLower) {
  const DemandCurve curve = triangle(10, 100);
  const DemandCurve coarse = coarser(curve, 5);
  EXPECT_LE(coarse.at.size(), 5U);
  EXPECT_EQ(coarse.length, curve.length);
  EXPECT_EQ(coarse.at.front(), 0);
  EXPECT_EQ(coarse.regions, (std::vector<std::uint32_t>{4, 8, 10, 7, 3}));
  EXPECT_EQ(coarser(curve, 19).regions, curve.regions);
}

DemandCurve random_curve(std::mt19937_64& words) {
  DemandCurve curve;
  Nanos at = 0;
  for (std::uint64_t pieces = 1 + words() % 6; pieces > 0; --pieces) {
    curve.at.push_back(at);
    curve.regions.push_back(static_cast<std::uint32_t>(words() % 5));
    at += 1 + static_cast<Nanos>(words() % 4);
  }
  curve.length = at;
  return curve;
}

std::int64_t demand_at(const RunningCurve& running, Nanos time, bool repeats) {
  const DemandCurve& curve = *running.curve.curve;
  Nanos at = running.progress + time;
  if (at >= curve.length && !repeats) {
    return 0;
  }
  at %= curve.length;
  std::size_t piece = 0;
  while (curve.end_of(piece) <= at) {
    ++piece;
  }
  return curve.regions[piece];
}

TEST(TimeShift, IsTheFirstThatTryingEveryOneFinds) {
  std::mt19937_64 words(7);
  int found = 0;
  for (int i = 0; i < 20'000; ++i) {
    const DemandCurve a = random_curve(words);
    const DemandCurve b = random_curve(words);
    const DemandCurve c = random_curve(words);
    std::vector<RunningCurve> under_way = {
        running(a, static_cast<Nanos>(words() % static_cast<std::uint64_t>(a.length)))};
    if (words() % 2 == 0) {
      under_way.push_back(
          running(b, static_cast<Nanos>(words() % static_cast<std::uint64_t>(b.length))));
    }
    const bool repeats = words() % 2 == 0;
    const auto capacity = static_cast<std::int64_t>(3 + words() % 8);
    const Nanos most = 30;
    const auto fits = [&](Nanos shift) {
      for (Nanos t = 0; t < c.length; ++t) {
        std::int64_t sum = demand_at(running(c), t, false);
        for (const RunningCurve& one : under_way) {
          sum += demand_at(one, shift + t, repeats);
        }
        if (sum > capacity) {
          return false;
        }
      }
      return true;
    };
    std::optional<Nanos> expected;
    for (Nanos shift = 0; shift <= most && !expected; ++shift) {
      expected = fits(shift) ? std::optional(shift) : std::nullopt;
    }
    // Behind 16 repeats the highest demand counts; curves of one nanosecond get there.
    const bool short_ones = repeats && (a.length < 4 || b.length < 4);
    const auto shift = least_shift(under_way, {.curve = &c}, capacity, most, repeats);
    if (!short_ones) {
      ASSERT_EQ(shift, expected) << "case " << i;
    } else if (shift) {
      ASSERT_TRUE(fits(*shift)) << "case " << i;
    }
    found += shift && *shift > 0 ? 1 : 0;
  }
  EXPECT_GT(found, 1000);
}

} // namespace
} // namespace cotenant
