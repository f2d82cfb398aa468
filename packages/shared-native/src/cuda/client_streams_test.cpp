// Which streams clients get, on a driver that writes down what it is asked for.
#include <gtest/gtest.h>
#include <vector>

#include "cuda/client_streams.h"

namespace cotenant::cuda {
namespace {

struct Asked {
  std::vector<int> priorities; ///< of the streams made, in order
  std::size_t destroyed = 0;
  Result answer = kSuccess;
};

Asked& asked() {
  static Asked one;
  return one;
}

Driver driver_for_test() {
  asked() = {};
  Driver driver;
  driver.context_priority_range = [](int* lowest, int* highest) {
    return *lowest = 0, *highest = -5, kSuccess;
  };
  driver.stream_create = [](Stream* s, unsigned, int priority) {
    asked().priorities.push_back(priority);
    *s = reinterpret_cast<Stream>(asked().priorities.size());
    return asked().answer;
  };
  driver.stream_destroy = [](Stream) { return ++asked().destroyed, kSuccess; };
  return driver;
}

TEST(ClientStreams, EveryKeyHasOneAndKeepsIt) {
  const Driver driver = driver_for_test();
  {
    ClientStreams streams(driver);
    const Stream plain = streams.of({.lane = 0, .first = false, .spare = 0});
    const Stream other = streams.of({.lane = 1, .first = false, .spare = 0});
    const Stream first = streams.of({.lane = 0, .first = true, .spare = 0});
    const Stream spare = streams.of({.lane = 0, .first = true, .spare = 1});
    EXPECT_EQ((std::vector<int>{0, 0, -5, -5}), asked().priorities);
    EXPECT_EQ(streams.of({.lane = 0, .first = false, .spare = 0}), plain);
    EXPECT_EQ(streams.of({.lane = 1, .first = false, .spare = 0}), other);
    EXPECT_EQ(streams.of({.lane = 0, .first = true, .spare = 0}), first);
    EXPECT_EQ(streams.of({.lane = 0, .first = true, .spare = 1}), spare);
    EXPECT_EQ(asked().priorities.size(), 4U);
    EXPECT_EQ(asked().destroyed, 0U);
  }
  EXPECT_EQ(asked().destroyed, 4U);
}

TEST(StreamOf, IsOnesOwnUnlessAllShareOne) {
  Plan plan;
  plan.clients.resize(3);
  plan.clients[2].priority = Priority::high;
  plan.clients[1].priority = Priority::best_effort;
  const std::vector<std::size_t> clients = {1, 2};
  const SystemMode priorities{.stream_priorities = true};
  EXPECT_EQ(stream_of(plan, priorities, clients, 0),
            (StreamKey{.lane = 0, .first = false, .spare = 0}));
  EXPECT_EQ(stream_of(plan, priorities, clients, 1, 2),
            (StreamKey{.lane = 1, .first = true, .spare = 2}));
  EXPECT_EQ(stream_of(plan, {}, clients, 1), (StreamKey{.lane = 1, .first = false, .spare = 0}));
  const SystemMode one{.one_stream = true};
  EXPECT_EQ(stream_of(plan, one, clients, 1, 2), stream_of(plan, one, clients, 0));
}

TEST(ClientStreams, ADriverThatRefusesIsAnErrorAndLeavesNothing) {
  const Driver driver = driver_for_test();
  asked().answer = 2;
  {
    ClientStreams streams(driver);
    EXPECT_THROW(static_cast<void>(streams.of({})), DeviceError);
  }
  EXPECT_EQ(asked().destroyed, 0U);
}

} // namespace
} // namespace cotenant::cuda
