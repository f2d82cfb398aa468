// Whatever jobs do, within what they announce: never more than the capacity, the oldest never waits, all come to an end.
#include <algorithm>
#include <gtest/gtest.h>
#include <random>

#include "memory/region_pool.h"

namespace cotenant {
namespace {

TEST(RegionPool, AYoungerJobMayTakeWhatTheOlderOneWillNotNeed) {
  RegionPool pool(2, 10);
  pool.begin(0, 7);
  pool.begin(1, 6);
  EXPECT_TRUE(pool.may_take(0, 7));
  EXPECT_TRUE(pool.may_take(1, 3));
  EXPECT_FALSE(pool.may_take(1, 4));
  pool.take(0, 7);
  pool.give_back(0, 2, 5); // behind its peak
  EXPECT_TRUE(pool.may_take(1, 5));
  EXPECT_FALSE(pool.may_take(1, 6));
}

TEST(RegionPool, ACutTakesNothingAwayAndIsKeptOnceTheIterationsAreOver) {
  RegionPool pool(2, 10);
  pool.begin(0, 8);
  pool.begin(1, 4);
  pool.take(0, 2);
  pool.take(1, 2);
  pool.set_capacity(8);
  EXPECT_FALSE(pool.may_take(1, 1));
  EXPECT_TRUE(pool.may_take(0, 6)); // was promised
  pool.take(0, 6);
  EXPECT_EQ(pool.held(), 10);
  pool.give_back(0, 8, 0);
  pool.end(0);
  EXPECT_TRUE(pool.may_take(1, 2));
  EXPECT_LE(pool.held(), pool.capacity());
}

/// A job as a list of what it holds, one number a step.
struct Walker {
  std::vector<std::int64_t> holds;
  std::size_t step = 0;

  [[nodiscard]] std::int64_t most() const {
    return step == holds.size()
               ? 0
               : *std::max_element(holds.begin() + static_cast<std::ptrdiff_t>(step), holds.end());
  }
};

TEST(RegionPool, IsNeverOverdrawnAndNeverStuckAndNeverKeepsTheOldestWaiting) {
  std::mt19937_64 words(3);
  for (int round = 0; round < 2'000; ++round) {
    const std::size_t jobs = 1 + words() % 4;
    const auto capacity = static_cast<std::int64_t>(5 + words() % 10);
    RegionPool pool(jobs, capacity);
    std::vector<Walker> walkers(jobs);
    int left = 40;
    for (int turn = 0; left > 0; ++turn) {
      ASSERT_LT(turn, 100'000) << "stuck in round " << round;
      const std::size_t job = words() % jobs;
      Walker& walker = walkers[job];
      if (!pool.running(job)) {
        walker = {};
        for (std::uint64_t steps = 1 + words() % 8; steps > 0; --steps) {
          walker.holds.push_back(
              static_cast<std::int64_t>(words() % static_cast<std::uint64_t>(capacity + 1)));
        }
        pool.begin(job, walker.most());
        continue;
      }
      if (walker.step == walker.holds.size()) {
        pool.give_back(job, pool.held(job), 0);
        pool.end(job);
        --left;
        continue;
      }
      const std::int64_t change = walker.holds[walker.step] - pool.held(job);
      if (change <= 0) {
        pool.give_back(job, -change, walker.most());
      } else if (pool.may_take(job, change)) {
        pool.take(job, change);
      } else {
        ASSERT_NE(pool.by_age().front(), job) << "the oldest waits in round " << round;
        continue;
      }
      ++walker.step;
      ASSERT_LE(pool.held(), capacity) << "round " << round;
    }
  }
}

} // namespace
} // namespace cotenant
