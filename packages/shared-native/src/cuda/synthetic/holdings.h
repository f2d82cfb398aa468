// What a synthetic program holds as long as it lives: memory, kernels and the launches' arguments.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <vector>

#include "cuda/driver.h"
#include "cuda/synthetic/kernels.h"
#include "cuda/synthetic/work.h"

namespace cotenant::cuda::synthetic {

class Holdings {
 public:
  explicit Holdings(const Driver& driver) : driver_(driver) {}
  ~Holdings();
  Holdings(const Holdings&) = delete;
  Holdings& operator=(const Holdings&) = delete;

  /// Zeros on the GPU.
  DevicePointer device_memory(std::size_t bytes);
  /// Pinned memory of the host.
  void* host_memory(std::size_t bytes);
  /// The argument array of a launch; stays where it is.
  void** arguments(const Work& work);

  std::optional<Kernels> kernels;

 private:
  struct Arguments {
    Work work;
    std::array<void*, 1> pointers;
  };

  const Driver& driver_;
  std::vector<DevicePointer> on_device_;
  std::vector<void*> on_host_;
  std::deque<Arguments> arguments_;
};

/// The memory that generated kernels work on, as it appears in their arguments.
struct Arena {
  Work base;              ///< addresses and the mask; nothing to do
  std::uint32_t rows = 0; ///< in the streamed memory, a power of two
};

/// Streams through four times `l2_bytes`, so that nothing is left in the L2 when it comes round.
Arena make_arena(const Driver& driver, Holdings& holdings, std::int64_t l2_bytes);

} // namespace cotenant::cuda::synthetic
