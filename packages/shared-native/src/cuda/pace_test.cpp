// What pace_of asks of the driver, on a GPU that takes a microsecond for a fill.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cuda/cuda_device.h"
#include "cuda/pace.h"
#include "cuda/pace_request.h"

namespace cotenant::cuda {
namespace {

/// Streams with a clock each; events are times.
struct Gpu {
  std::map<Stream, double> clock; ///< us of work so far
  std::map<Stream, std::size_t> fills;
  std::vector<double> events;
  std::size_t alive = 0;      ///< events, memory
  std::size_t waited_for = 0; ///< streams
  Nanos held_until = 0;       ///< the latest that a stream was held
  Result fill_answer = kSuccess;
};

Gpu& gpu() {
  static Gpu one;
  return one;
}

Driver driver_for_test() {
  gpu() = {};
  Driver driver;
  driver.context_priority_range = [](int* lowest, int* highest) {
    return *lowest = 0, *highest = -5, kSuccess;
  };
  driver.stream_create = [](Stream* s, unsigned, int priority) {
    return *s = reinterpret_cast<Stream>(static_cast<std::uintptr_t>(100 - priority)), kSuccess;
  };
  driver.stream_destroy = [](Stream) { return kSuccess; };
  driver.stream_synchronize = [](Stream) { return ++gpu().waited_for, kSuccess; };
  driver.memory_alloc = [](DevicePointer* p, std::size_t) {
    return *p = 1, ++gpu().alive, kSuccess;
  };
  driver.memory_free = [](DevicePointer) { return --gpu().alive, kSuccess; };
  driver.launch_host_function = [](Stream, void (*function)(void*), void* data) {
    function(data);
    return gpu().held_until = monotonic_now(), kSuccess;
  };
  driver.memset_8 = [](DevicePointer, unsigned char, std::size_t, Stream s) {
    gpu().clock[s] += 1;
    ++gpu().fills[s];
    return gpu().fill_answer;
  };
  driver.event_create = [](Event* e, unsigned) {
    gpu().events.push_back(0);
    return *e = reinterpret_cast<Event>(gpu().events.size()), ++gpu().alive, kSuccess;
  };
  driver.event_destroy = [](Event) { return --gpu().alive, kSuccess; };
  driver.event_record = [](Event e, Stream s) {
    return gpu().events[reinterpret_cast<std::size_t>(e) - 1] = gpu().clock[s], kSuccess;
  };
  driver.event_synchronize = [](Event) { return kSuccess; };
  driver.event_elapsed_ms = [](float* ms, Event a, Event b) {
    const auto at = [](Event e) { return gpu().events[reinterpret_cast<std::size_t>(e) - 1]; };
    return *ms = static_cast<float>((at(b) - at(a)) / 1000), kSuccess;
  };
  return driver;
}

Stream stream(std::uintptr_t number) {
  return reinterpret_cast<Stream>(number);
}

TEST(Pace, IsTheTimeFromOneEndToTheNext) {
  const Driver driver = driver_for_test();
  const Nanos at = monotonic_now() + 2 * kMillisecond;
  const Pace pace =
      pace_of(driver, {{.stream = stream(1), .ops = 300}, {.stream = stream(2), .ops = 900}}, at);
  ASSERT_EQ(pace.period.size(), 2U);
  EXPECT_NEAR(pace.period[0], 1000, 0.1);
  EXPECT_NEAR(pace.period[1], 1000, 0.1);
  EXPECT_EQ(gpu().fills[stream(1)], 300U);
  EXPECT_EQ(gpu().fills[stream(2)], 900U);
  EXPECT_GE(gpu().held_until, at);
  EXPECT_EQ(gpu().alive, 0U);
}

TEST(Pace, SaysSoWhenOpsWereQueuedTooLate) {
  const Driver driver = driver_for_test();
  EXPECT_TRUE(pace_of(driver, {{.stream = stream(1), .ops = 2}}, monotonic_now() - 1).late);
}

TEST(Pace, ADriverThatRefusesIsAnErrorAndLeavesNothing) {
  const Driver driver = driver_for_test();
  gpu().fill_answer = 700;
  EXPECT_THROW(static_cast<void>(pace_of(driver, {{.stream = stream(1), .ops = 2}}, 0)),
               DeviceError);
  EXPECT_EQ(gpu().alive, 0U);
  EXPECT_EQ(gpu().waited_for, 1U) << "it still refers to what is about to go";
}

nlohmann::ordered_json asked(const char* request) {
  const Driver driver = driver_for_test();
  ClientStreams streams(driver);
  return answer_pace(driver, streams, nlohmann::json::parse(request));
}

TEST(PaceRequest, NamesStreams) {
  const auto answer = asked(R"({"at_ns": 0, "streams": [
      {"lane": 0, "first": true, "spare": 0, "ops": 3}, {"lane": 1, "first": false, "spare": 0, "ops": 5}]})");
  EXPECT_EQ(answer["period_ns"].size(), 2U);
  EXPECT_EQ(gpu().fills[stream(105)], 3U);
  EXPECT_EQ(gpu().fills[stream(100)], 5U);
}

TEST(PaceRequest, AsksForNoMoreThanAStreamHolds) {
  for (const char* ops : {"1", "1001"}) {
    const std::string request = fmt::format(
        R"({{"at_ns": 0, "streams": [{{"lane": 0, "first": true, "spare": 0, "ops": {}}}]}})", ops);
    try {
      asked(request.c_str());
      FAIL() << "accepted";
    } catch (const InputError& error) {
      EXPECT_EQ(std::string(error.what()),
                fmt::format("request.streams[0].ops: is {}; expected 2 to 1000", ops));
    }
  }
}

} // namespace
} // namespace cotenant::cuda
