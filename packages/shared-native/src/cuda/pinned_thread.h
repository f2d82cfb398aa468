// Keeping a launching thread on one core: a migration costs tens of microseconds.
#pragma once

#include <cstddef>

namespace cotenant::cuda {

/// Binds the calling thread to the `index`-th of the cores that it may use, counted from the last
/// one (the first serve interrupts), and undoes it at the end of the scope. Without enough cores
/// nothing is bound.
class PinnedThread {
 public:
  PinnedThread(std::size_t index, bool wanted);
  ~PinnedThread();
  PinnedThread(const PinnedThread&) = delete;
  PinnedThread& operator=(const PinnedThread&) = delete;

 private:
  static constexpr std::size_t kSetBytes = 1024;
  bool pinned_ = false;
  unsigned long before_[kSetBytes / sizeof(unsigned long)]{};
};

} // namespace cotenant::cuda
