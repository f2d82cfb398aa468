// A scheduler is asked several times per op: once it is made, it must not allocate.
#include <cstdlib>
#include <gtest/gtest.h>
#include <new>

#include "scheduler/tiny_device_for_test.h"

// The sanitizers bring an allocator of their own, which ours must not replace.
#ifndef COTENANT_SANITIZED

namespace {
thread_local std::uint64_t allocations = 0;
} // namespace

// GCC takes the malloc below and the free behind a delete for a mismatched pair once it inlines one
// of them.
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size > 0 ? size : 1)) {
    return memory;
  }
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}

namespace cotenant {
namespace {

using testing::TinyClient;

TEST(NoAllocation, OnceASystemIsMade) {
  std::vector<TinyClient> clients;
  for (const Priority priority : {Priority::best_effort, Priority::high, Priority::best_effort}) {
    TinyClient c;
    c.client.priority = priority;
    c.client.training = priority == Priority::high; // best-effort training cannot be reset
    c.client.solo_latency = 100'000;
    c.requests = 50;
    c.host_gap = 2'000;
    c.request_gap = 200'000;
    for (std::uint32_t op = 0; op < 40; ++op) {
      c.client.ops.push_back(
          op % 9 == 0
              ? testing::copy()
              : testing::kernel(op % 2 == 0 ? Boundness::compute : Boundness::memory, 1 + op * 3,
                                1'000 + op * 500, op > 30 ? Phase::update : Phase::forward));
    }
    clients.push_back(c);
  }
  for (const SystemInfo& system : all_systems()) {
    std::vector<TinyClient> served = clients;
    if (system.name == "ticktock") {
      served.pop_back();
    }
    testing::TinyDevice device(system.name, {}, served, 1);
    std::uint64_t launches = 0;
    std::uint64_t ends = 0;
    const std::uint64_t before = allocations;
    device.run([&](const testing::TinyEvent& event) {
      launches += event.what == testing::TinyEvent::What::launched ? 1 : 0;
      ends += event.what == testing::TinyEvent::What::request_ends ? 1 : 0;
    });
    EXPECT_EQ(allocations - before, 0U) << system.name;
    EXPECT_EQ(ends, served.size() * 50U) << system.name;
    EXPECT_GE(launches, served.size() * 50U * 40U)
        << system.name; // more where killed ops run again
  }
}

} // namespace
} // namespace cotenant
#endif
