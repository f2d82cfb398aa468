#include <gtest/gtest.h>
#include <limits>

#include "cuda/coordinator/fake_nvml_for_test.h"
#include "cuda/coordinator/use_counters.h"
#include "cuda/driver.h"

namespace cotenant::cuda {
namespace {

/// Why there are no counters; empty if there are.
std::string refusal(const FakeNvml& fake, const std::string& uuid = "GPU-fake") {
  try {
    const UseCounters counters(fake.table, uuid);
  } catch (const Unavailable& error) {
    return error.what();
  }
  return "";
}

TEST(UseCounters, SharesAreThoseOfTheCountersAndComputeIsThatOfTheBusiestPipe) {
  FakeNvml fake;
  fake.value = [](GpmCounter counter, const FakeNvml::Reading& from, const FakeNvml::Reading& to) {
    EXPECT_EQ(from.index, 1);
    EXPECT_EQ(to.index, 2);
    switch (counter) {
    case GpmCounter::sm:
      return 80.0;
    case GpmCounter::occupancy:
      return 30.0;
    case GpmCounter::dram:
      return 100.02; // a little beyond the end
    case GpmCounter::tensor:
      return 12.0;
    case GpmCounter::fp64:
      return 0.0;
    case GpmCounter::fp32:
      return 41.0;
    case GpmCounter::fp16:
      return 7.0;
    }
    return -1.0;
  };
  UseCounters counters(fake.table, "GPU-fake");
  counters.sample(0);
  counters.sample(2);
  const auto use = counters.between(0, 2);
  ASSERT_TRUE(use);
  EXPECT_DOUBLE_EQ(use->sm_busy, 0.8);
  EXPECT_DOUBLE_EQ(use->occupancy, 0.3);
  EXPECT_DOUBLE_EQ(use->compute, 0.41);
  EXPECT_DOUBLE_EQ(use->dram, 1);
}

TEST(UseCounters, WhereNothingWasRefreshedThereIsNoMean) {
  FakeNvml fake;
  fake.value = [](GpmCounter, const FakeNvml::Reading&, const FakeNvml::Reading&) {
    return std::numeric_limits<double>::quiet_NaN();
  };
  UseCounters counters(fake.table, "GPU-fake");
  EXPECT_FALSE(counters.between(0, 1));
}

TEST(UseCounters, WhatIsMissingIsSaid) {
  {
    FakeNvml fake;
    EXPECT_EQ(refusal(fake), "");
    EXPECT_EQ(refusal(fake, "GPU-of-a-part"),
              "the use of GPU-of-a-part cannot be counted: nvmlDeviceGetHandleByUUID: Not Found; "
              "expected a whole GPU, not a part of one (MIG)");
  }
  {
    FakeNvml fake;
    fake.supported = false;
    EXPECT_EQ(refusal(fake),
              "the use of GPU-fake cannot be counted: nvmlGpmQueryDeviceSupport: Not Supported; "
              "expected a GPU of the Hopper generation or later");
  }
  {
    FakeNvml fake;
    fake.support_result = kNvmlNotSupported;
    EXPECT_NE(refusal(fake).find("Hopper generation"), std::string::npos);
  }
  FakeNvml fake;
  fake.first_result = kNvmlNoPermission;
  EXPECT_EQ(refusal(fake),
            "the use of GPU-fake cannot be counted: nvmlGpmSampleGet: Insufficient Permissions; "
            "expected a user who may read the GPU's counters");
  EXPECT_EQ(fake.buffers, 0) << "a refusal keeps nothing";
}

TEST(UseCounters, LaterFailuresAreTheDevices) {
  FakeNvml fake;
  fake.fails_from = 2;
  UseCounters counters(fake.table, "GPU-fake");
  EXPECT_EQ(fake.buffers, 3);
  counters.sample(0);
  EXPECT_THROW(counters.sample(1), DeviceError);
  fake.metric_result = kNvmlNotSupported;
  try {
    (void)counters.between(0, 1);
    FAIL();
  } catch (const DeviceError& error) {
    EXPECT_STREQ(error.what(),
                 "reading the GPU's counters: nvmlGpmMetricsGet, metric 2: Not Supported");
  }
}

TEST(FindNvml, AFunctionThatIsMissingIsNamed) {
  static int somewhere = 0;
  EXPECT_NE(find_nvml([](const char*) -> void* { return &somewhere; }).gpm_metrics_get, nullptr);
  try {
    find_nvml([](const char* name) -> void* {
      return std::string(name) == "nvmlGpmSampleGet" ? nullptr : &somewhere;
    });
    FAIL();
  } catch (const Unavailable& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("libnvidia-ml.so.1 has no nvmlGpmSampleGet"))
        << error.what();
  }
}

} // namespace
} // namespace cotenant::cuda
