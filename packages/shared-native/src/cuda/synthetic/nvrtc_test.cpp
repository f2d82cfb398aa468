#include <cstdlib>
#include <gtest/gtest.h>

#include "cuda/driver.h"
#include "cuda/synthetic/kernel_source.h"
#include "cuda/synthetic/nvrtc.h"

namespace cotenant::cuda::synthetic {
namespace {

TEST(Nvrtc, SaysWhatIsMissingAndCompilesWhereItIsThere) {
  const char* named = std::getenv("COTENANT_NVRTC");
  const std::string before = named != nullptr ? named : "";
  ::setenv("COTENANT_NVRTC", "/nowhere/libnvrtc.so", 1);
  try {
    compile_with_nvrtc("", "sm_90");
    FAIL() << "compiled without a compiler";
  } catch (const Unavailable& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("unavailable: ")) << error.what();
    EXPECT_NE(std::string(error.what()).find("/nowhere/libnvrtc.so"), std::string::npos);
  }
  ::setenv("COTENANT_NVRTC", before.c_str(), 1);
  try {
    const std::string image = compile_with_nvrtc(
        kernel_source(std::vector{variant_for(24, 0), variant_for(168, 2112)}), "sm_90");
    EXPECT_TRUE(image.starts_with("\177ELF"));
    EXPECT_THROW(compile_with_nvrtc("nonsense", "sm_90"), DeviceError);
  } catch (const Unavailable& error) {
    GTEST_SKIP() << error.what();
  }
}

} // namespace
} // namespace cotenant::cuda::synthetic
