#include "cuda/pinned_thread.h"

#include <pthread.h>
#include <sched.h>

namespace cotenant::cuda {

static_assert(sizeof(cpu_set_t) <= 1024);

PinnedThread::PinnedThread(std::size_t index, bool wanted) {
  auto* const before = reinterpret_cast<cpu_set_t*>(before_);
  if (!wanted || pthread_getaffinity_np(pthread_self(), sizeof(cpu_set_t), before) != 0) {
    return;
  }
  // One core is left for everything else.
  if (static_cast<std::size_t>(CPU_COUNT(before)) < index + 2) {
    return;
  }
  std::size_t skip = index;
  for (int core = CPU_SETSIZE - 1; core >= 0; --core) {
    if (CPU_ISSET(core, before) && skip-- == 0) {
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(core, &one);
      pinned_ = pthread_setaffinity_np(pthread_self(), sizeof one, &one) == 0;
      return;
    }
  }
}

PinnedThread::~PinnedThread() {
  if (pinned_) {
    pthread_setaffinity_np(pthread_self(), sizeof(cpu_set_t),
                           reinterpret_cast<const cpu_set_t*>(before_));
  }
}

} // namespace cotenant::cuda
