#include "cuda/synthetic/holdings.h"

#include <algorithm>
#include <bit>

namespace cotenant::cuda::synthetic {

Holdings::~Holdings() {
  kernels.reset();
  for (const DevicePointer memory : on_device_) {
    driver_.memory_free(memory);
  }
  for (void* const memory : on_host_) {
    driver_.host_free(memory);
  }
}

DevicePointer Holdings::device_memory(std::size_t bytes) {
  DevicePointer memory = 0;
  check(driver_, driver_.memory_alloc(&memory, bytes), "cuMemAlloc for a synthetic program");
  on_device_.push_back(memory);
  check(driver_, driver_.memset_8(memory, 0, bytes, nullptr), "cuMemsetD8");
  return memory;
}

void* Holdings::host_memory(std::size_t bytes) {
  void* memory = nullptr;
  check(driver_, driver_.host_alloc(&memory, bytes, 0), "cuMemHostAlloc for a synthetic program");
  on_host_.push_back(memory);
  return memory;
}

void** Holdings::arguments(const Work& work) {
  Arguments& arguments = arguments_.emplace_back(Arguments{.work = work, .pointers = {}});
  arguments.pointers[0] = &arguments.work;
  return arguments.pointers.data();
}

Arena make_arena(const Driver& driver, Holdings& holdings, std::int64_t l2_bytes) {
  constexpr std::uint64_t kLeast = 64ULL << 20;
  constexpr std::uint64_t kMost = 1ULL << 30;
  const std::uint64_t bytes = std::bit_ceil(std::clamp(
      static_cast<std::uint64_t>(std::max<std::int64_t>(l2_bytes, 0)) * 4, kLeast, kMost));
  Arena arena;
  arena.rows = static_cast<std::uint32_t>(bytes / kRowBytes);
  arena.base.source = holdings.device_memory(bytes);
  arena.base.target = holdings.device_memory(bytes);
  arena.base.row_mask = arena.rows - 1;
  arena.base.epoch = holdings.device_memory(256);

  // One cycle through all entries that goes from cache line to cache line.
  std::vector<std::uint32_t> chain(kChainEntries);
  for (std::uint32_t i = 0; i < kChainEntries; ++i) {
    chain[i] = (i + 1033) % kChainEntries; // odd, so it visits all of them
  }
  arena.base.chain = holdings.device_memory(kChainEntries * sizeof(std::uint32_t));
  check(driver,
        driver.memcpy_to_device(arena.base.chain, chain.data(),
                                kChainEntries * sizeof(std::uint32_t)),
        "cuMemcpyHtoD");
  check(driver, driver.context_synchronize(), "cuCtxSynchronize");
  return arena;
}

} // namespace cotenant::cuda::synthetic
