#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>

#include "cuda/present_gpu.h"

namespace cotenant::cuda {
namespace {

Driver fake_driver() {
  Driver driver;
  driver.device_name = [](char* name, int length, Device /*device*/) {
    std::strncpy(name, "NVIDIA H200", static_cast<std::size_t>(length));
    return kSuccess;
  };
  driver.device_uuid = [](Uuid* uuid, Device /*device*/) {
    for (unsigned char i = 0; i < 16; ++i) {
      uuid->bytes[i] = static_cast<unsigned char>(i * 17);
    }
    return kSuccess;
  };
  driver.device_memory = [](std::size_t* bytes, Device /*device*/) {
    *bytes = 150'000'000'000;
    return kSuccess;
  };
  driver.driver_version = [](int* version) {
    *version = 13000;
    return kSuccess;
  };
  driver.device_attribute = [](int* value, int attribute, Device /*device*/) {
    *value = attribute == kDeviceComputeMajor      ? 9
             : attribute == kDeviceComputeMinor    ? 0
             : attribute == kDeviceMultiprocessors ? 132
             : attribute == kDevicePciBus          ? 0x1b
             : attribute == kDevicePciDevice       ? 0
             : attribute == kDevicePciDomain       ? 0
                                                   : 1'980'000;
    return kSuccess;
  };
  return driver;
}

TEST(PresentGpu, IsDescribedWithoutAContext) {
  const auto gpu = describe_gpu(fake_driver(), 0);
  EXPECT_EQ(gpu["name"], "NVIDIA H200");
  EXPECT_EQ(gpu["uuid"], "GPU-00112233-4455-6677-8899-aabbccddeeff");
  EXPECT_EQ(gpu["compute_capability"], "9.0");
  EXPECT_EQ(gpu["sms"], 132);
  EXPECT_EQ(gpu["memory_bytes"], 150'000'000'000);
  EXPECT_EQ(gpu["driver_api"], 13000);
  EXPECT_EQ(gpu["clock_sm_khz"], 1'980'000);
  EXPECT_EQ(gpu["pci"], "0000:1b:00.0");
}

TEST(PresentGpu, FailuresNameTheCall) {
  Driver driver = fake_driver();
  driver.device_uuid = [](Uuid* /*uuid*/, Device /*device*/) { return 999; };
  try {
    describe_gpu(driver, 0);
    FAIL();
  } catch (const DeviceError& error) {
    EXPECT_NE(std::string(error.what()).find("cuDeviceGetUuid"), std::string::npos);
  }
}

TEST(PresentGpu, DriverVersionIsFoundInTheKernelsText) {
  EXPECT_EQ(find_driver_version("NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.159.04  Wed"),
            "580.159.04");
  EXPECT_EQ(find_driver_version(
                "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.15  Release"),
            "570.86.15");
  EXPECT_EQ(find_driver_version("NVRM version: 535.104"), "535.104");
  EXPECT_EQ(find_driver_version(""), "");
  EXPECT_EQ(find_driver_version("no version here. 12 x86_64"), "");
}

TEST(PresentGpu, IsComparedWithThePlansByName) {
  GpuSpec spec;
  spec.name = "NVIDIA H200 SXM 141GB";
  EXPECT_TRUE(is_gpu_of("NVIDIA H200", spec));
  EXPECT_FALSE(is_gpu_of("NVIDIA H20", spec));
  EXPECT_FALSE(is_gpu_of("NVIDIA H200 NVL", spec));
  EXPECT_FALSE(is_gpu_of("NVIDIA H100 80GB HBM3", spec));
  EXPECT_FALSE(is_gpu_of("", spec));
}

} // namespace
} // namespace cotenant::cuda
