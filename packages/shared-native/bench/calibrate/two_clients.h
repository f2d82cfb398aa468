// Two processes that are clients of one MPS daemon, and the memory that both see.
#pragma once

#include <atomic>
#include <new>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common.h"

namespace calibrate {

inline void require_mps() {
  if (std::getenv("CUDA_MPS_PIPE_DIRECTORY") == nullptr) {
    std::fprintf(stderr, "calibrate: mps: no CUDA_MPS_PIPE_DIRECTORY; run mps.sh\n");
    std::exit(64);
  }
}

/// A Board in memory that child processes share.
template <typename Board> class Shared {
 public:
  Shared() {
    void* memory =
        mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
      std::perror("calibrate: mmap");
      std::exit(74);
    }
    board_ = new (memory) Board;
  }
  ~Shared() { munmap(board_, sizeof(Board)); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  Board& operator*() const { return *board_; }

 private:
  Board* board_;
};

/// Waits until the other process has come to `value`.
inline void await(const std::atomic<int>& stage, int value) {
  const double begin = host_ns();
  while (stage.load() < value) {
    if (host_ns() - begin > 20e9) {
      std::fprintf(stderr, "calibrate: mps: the other process does not answer\n");
      _exit(74);
    }
    usleep(50);
  }
}

/// `priority`: of an MPS client, set before its first CUDA call; 0 normal, 1 below normal.
template <typename Board>
pid_t start_client(void (*work)(Board&), Board& board, const char* priority) {
  constexpr unsigned int lives_s = 40; // SIGALRM ends one that hangs
  const pid_t child = fork();
  if (child == 0) {
    alarm(lives_s);
    setenv("CUDA_MPS_CLIENT_PRIORITY", priority, 1);
    work(board);
    _exit(0);
  }
  return child;
}

inline bool ended_well(pid_t child) {
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
         WEXITSTATUS(status) == 0;
}

/// Runs both to their end, the one in the background with `priority`; says whether all went well.
template <typename Board>
bool run_both(void (*front)(Board&), void (*back)(Board&), Board& board, const char* priority) {
  const pid_t behind = start_client(back, board, priority);
  const pid_t ahead = start_client(front, board, "0");
  const bool well = ended_well(ahead);
  if (ended_well(behind) && well) {
    return true;
  }
  std::fprintf(stderr, "calibrate: the MPS measurement failed\n");
  return false;
}

} // namespace calibrate
