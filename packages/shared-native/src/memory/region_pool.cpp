#include "memory/region_pool.h"

#include <algorithm>
#include <cassert>

namespace cotenant {

RegionPool::RegionPool(std::size_t jobs, std::int64_t capacity) : jobs_(jobs), capacity_(capacity) {
  by_age_.reserve(jobs);
}

void RegionPool::begin(std::size_t job, std::int64_t most) {
  assert(!jobs_[job].running && jobs_[job].held == 0);
  jobs_[job] = {.running = true, .held = 0, .most = most};
  by_age_.push_back(job);
}

void RegionPool::end(std::size_t job) {
  assert(jobs_[job].running && jobs_[job].held == 0);
  jobs_[job].running = false;
  std::erase(by_age_, job);
}

bool RegionPool::may_take(std::size_t job, std::int64_t regions) const {
  if (regions == 0) {
    return true;
  }
  std::int64_t younger = held_;
  for (const std::size_t older : by_age_) {
    if (older == job) {
      return true; // the oldest, or every older one has enough
    }
    younger -= jobs_[older].held;
    if (jobs_[older].most + younger + regions > capacity_) {
      return false;
    }
  }
  return false; // no iteration of it is under way
}

void RegionPool::take(std::size_t job, std::int64_t regions) {
  jobs_[job].held += regions;
  held_ += regions;
  assert(jobs_[job].held <= jobs_[job].most);
}

void RegionPool::give_back(std::size_t job, std::int64_t regions, std::int64_t most) {
  jobs_[job].held -= regions;
  jobs_[job].most = most;
  held_ -= regions;
  assert(jobs_[job].held >= 0 && jobs_[job].held <= most);
}

} // namespace cotenant
