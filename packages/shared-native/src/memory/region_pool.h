// The regions that jobs share, and who may take one: how a budget is kept without a deadlock.
//
// A job takes regions as it launches ops, and gives them back as ops complete. Jobs with an iteration under way have
// an order, that of its start. The rule: a job may take what, on top of what is held by all jobs younger than any
// job older than it, leaves that older one the most it will hold in the rest of its iteration. Then
//   - what is held never exceeds the capacity;
//   - the oldest never waits, because what it needs is kept free for it;
//   - so it comes to its end, and the next one is the oldest: there is no deadlock.
// With one older job a and one younger b this reads: most(a, from now on) + held(b) <= capacity.
//
// The capacity may change at any time. What is held cannot be taken away, nor what the oldest is promised; so after
// a cut younger jobs wait, and the pool is within its capacity again when the iterations under way are over, at the
// latest.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace cotenant {

class RegionPool {
 public:
  RegionPool(std::size_t jobs, std::int64_t capacity);

  void set_capacity(std::int64_t regions) { capacity_ = regions; }
  [[nodiscard]] std::int64_t capacity() const { return capacity_; }
  [[nodiscard]] std::int64_t held(std::size_t job) const { return jobs_[job].held; }
  [[nodiscard]] std::int64_t held() const { return held_; }
  /// Jobs with an iteration under way, the oldest first.
  [[nodiscard]] std::span<const std::size_t> by_age() const { return by_age_; }
  [[nodiscard]] bool running(std::size_t job) const { return jobs_[job].running; }

  /// An iteration begins, in which the job will hold `most` at once. REQUIRES: it holds nothing.
  void begin(std::size_t job, std::int64_t most);
  /// It is over. REQUIRES: it holds nothing.
  void end(std::size_t job);

  [[nodiscard]] bool may_take(std::size_t job, std::int64_t regions) const;
  /// REQUIRES: may_take().
  void take(std::size_t job, std::int64_t regions);
  /// The job gives some back, and will from now on hold at most `most` at once.
  void give_back(std::size_t job, std::int64_t regions, std::int64_t most);

 private:
  struct Job {
    bool running = false;
    std::int64_t held = 0;
    std::int64_t most = 0; ///< at least `held`
  };

  std::vector<Job> jobs_;
  std::vector<std::size_t> by_age_;
  std::int64_t capacity_;
  std::int64_t held_ = 0;
};

} // namespace cotenant
