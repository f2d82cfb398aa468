// Which stream each client launches to, on a driver that writes down what it is asked for.
#include <algorithm>
#include <gtest/gtest.h>

#include "cuda/cuda_device.h"

namespace cotenant::cuda {
namespace {

struct Asked {
  std::size_t streams_made = 0;
  std::size_t streams_destroyed = 0;
  std::size_t events_alive = 0;
  std::vector<Stream> filled;   ///< the stream of each memset
  std::vector<Stream> recorded; ///< the stream of each mark
};

Asked& asked() {
  static Asked one;
  return one;
}

Driver driver_for_test() {
  asked() = {};
  Driver driver;
  driver.context_priority_range = [](int* least, int* greatest) {
    return *least = 0, *greatest = -5, kSuccess;
  };
  driver.stream_create = [](Stream* s, unsigned, int) {
    return *s = reinterpret_cast<Stream>(++asked().streams_made), kSuccess;
  };
  driver.stream_destroy = [](Stream) { return ++asked().streams_destroyed, kSuccess; };
  driver.stream_synchronize = [](Stream) { return kSuccess; };
  driver.event_create = [](Event* e, unsigned) {
    return *e = reinterpret_cast<Event>(++asked().events_alive), kSuccess;
  };
  driver.event_destroy = [](Event) { return --asked().events_alive, kSuccess; };
  driver.event_record = [](Event, Stream s) { return asked().recorded.push_back(s), kSuccess; };
  driver.event_query = [](Event) { return kSuccess; };
  driver.memset_32 = [](DevicePointer, unsigned, std::size_t, Stream s) {
    return asked().filled.push_back(s), kSuccess;
  };
  return driver;
}

/// A program of two memsets.
LiveProgram program() {
  LiveProgram result;
  result.id = "test";
  LiveOp op;
  op.kind = OpKind::memset;
  op.fill.element_size = 4;
  op.fill.height = 1;
  result.ops.assign(2, op);
  return result;
}

/// Two clients, of which the first is launched first and last; the streams of their launches.
std::vector<Stream> streams_used(bool one_stream) {
  const Driver driver = driver_for_test();
  const LiveProgram live = program();
  CudaDevice device(driver, {{.program = &live}, {.program = nullptr}, {.program = &live}}, {},
                    one_stream);
  device.launch(0, 0);
  device.launch(2, 0);
  device.launch(2, 1);
  device.launch(0, 1);
  device.mark(0);
  device.mark(2);
  EXPECT_EQ(device.passed(0), 1U);
  EXPECT_EQ(device.passed(2), 1U);
  EXPECT_EQ(asked().recorded, (std::vector<Stream>{asked().filled[0], asked().filled[1]}));
  return asked().filled;
}

TEST(CudaDevice, EachClientHasAStream) {
  const auto used = streams_used(false);
  EXPECT_EQ(used[0], used[3]);
  EXPECT_EQ(used[1], used[2]);
  EXPECT_NE(used[0], used[1]);
  EXPECT_EQ(asked().streams_made, 2U);
  EXPECT_EQ(asked().streams_destroyed, 2U);
  EXPECT_EQ(asked().events_alive, 0U);
}

TEST(CudaDevice, OrOneForAll) {
  const auto used = streams_used(true);
  EXPECT_EQ(std::ranges::count(used, used[0]), 4);
  EXPECT_EQ(asked().streams_made, 1U);
  EXPECT_EQ(asked().streams_destroyed, 1U);
  EXPECT_EQ(asked().events_alive, 0U);
}

} // namespace
} // namespace cotenant::cuda
