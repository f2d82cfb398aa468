// What a device asks of the driver, on one that writes it down.
#include <algorithm>
#include <gtest/gtest.h>

#include "cuda/cuda_device.h"

namespace cotenant::cuda {
namespace {

struct Asked {
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

TEST(CudaDevice, LaunchesAndMarksOnTheStreamOfTheClient) {
  const Driver driver = driver_for_test();
  const LiveProgram live = program();
  auto* const one = reinterpret_cast<Stream>(1);
  auto* const other = reinterpret_cast<Stream>(2);
  {
    CudaDevice device(driver, {{.program = &live, .stream = one},
                               {.program = nullptr},
                               {.program = &live, .stream = other}});
    device.launch(0, 0);
    device.launch(2, 0);
    device.launch(2, 1);
    device.launch(0, 1);
    device.mark(2);
    device.mark(0);
    EXPECT_EQ(device.passed(0), 1U);
    EXPECT_EQ(device.passed(2), 1U);
    EXPECT_EQ(asked().filled, (std::vector<Stream>{one, other, other, one}));
    EXPECT_EQ(asked().recorded, (std::vector<Stream>{other, one}));
  }
  EXPECT_EQ(asked().events_alive, 0U);
}

} // namespace
} // namespace cotenant::cuda
