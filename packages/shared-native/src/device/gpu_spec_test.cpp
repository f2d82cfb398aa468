#include <functional>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "device/gpu_spec.h"

namespace cotenant {
namespace {

using Json = nlohmann::json;

Json h200() {
  return Json::parse(read_file(std::filesystem::path(COTENANT_DATA_DIR) / "gpus" / "h200.json"));
}

std::string refusal(const Json& document) {
  try {
    parse_gpu_spec(document.dump(), "g.json");
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(GpuSpec, EveryShippedSpecificationLoads) {
  const std::vector<std::string> ids = list_gpu_ids(COTENANT_DATA_DIR);
  EXPECT_GE(ids.size(), 4U);
  for (const std::string& id : ids) {
    const GpuSpec gpu = find_gpu_spec(COTENANT_DATA_DIR, id);
    EXPECT_EQ(gpu.id, id);
    // Lanes, clock and peak rate come from different sources; they have to agree.
    const double peak = 2.0 * gpu.sm.count * gpu.sm.fp32_lanes * gpu.sm.clock_mhz * 1e6;
    EXPECT_NEAR(gpu.peak.fp32_flops / peak, 1.0, 0.02) << id;
  }
}

TEST(GpuSpec, ReadsTheFields) {
  const GpuSpec gpu = find_gpu_spec(COTENANT_DATA_DIR, "v100-16");
  EXPECT_EQ(gpu.sm.count, 80U);
  EXPECT_EQ(gpu.sm.shared_memory, 96U * 1024);
  EXPECT_EQ(gpu.sm.shared_memory_splits,
            (std::vector<std::uint32_t>{0, 8192, 16384, 32768, 65536, 98304}));
  EXPECT_EQ(gpu.sm.shared_memory_reserved, 0U);
  EXPECT_EQ(gpu.memory.bandwidth, 900e9);
  EXPECT_EQ(gpu.launch.queue_depth, 1022U);
  EXPECT_FALSE(gpu.reset) << "no NVIDIA driver ends a kernel without its process";
}

TEST(GpuSpec, KnowsWhichGpuCanResetItsKernels) {
  const GpuSpec gpu = find_gpu_spec(COTENANT_DATA_DIR, "mi50");
  EXPECT_EQ(gpu.sm.count, 60U);
  EXPECT_EQ(gpu.sm.threads, 2560U);
  ASSERT_TRUE(gpu.reset);
  EXPECT_EQ(gpu.reset->command, 10'000);
}

TEST(GpuSpec, RefusesWhatItDoesNotUnderstandNamingTheField) {
  const std::vector<std::pair<std::function<void(Json&)>, std::string>> cases = {
      {[](Json& j) { j = Json::array(); }, "g.json: is array; expected an object"},
      {[](Json& j) { j["version"] = 2; }, "g.json: version: is 2; expected 1"},
      {[](Json& j) { j.erase("version"); }, "g.json: version: is missing"},
      {[](Json& j) { j["sm"].erase("count"); }, "g.json: sm.count: is missing"},
      {[](Json& j) { j["sm"]["counts"] = 1; },
       "g.json: sm.counts: unknown field; did you mean \"count\"?"},
      {[](Json& j) { j["sm"]["count"] = 132; },
       R"(g.json: sm.count: expected {"value": …, "unit": …, "source": …})"},
      {[](Json& j) { j["sm"]["count"]["value"] = -3; },
       "g.json: sm.count.value: is -3; expected 1 to 4096"},
      {[](Json& j) { j["sm"]["count"]["value"] = 1.5; },
       "g.json: sm.count.value: is 1.5; expected a whole number"},
      {[](Json& j) { j["sm"]["count"]["value"] = "132"; },
       "g.json: sm.count.value: is string; expected a number"},
      {[](Json& j) { j["sm"]["count"]["unit"] = "cores"; },
       "g.json: sm.count.unit: is \"cores\"; expected \"SMs\""},
      {[](Json& j) { j["sm"]["count"]["source"] = ""; },
       "g.json: sm.count.source: expected where the number comes from"},
      {[](Json& j) { j["sm"]["count"].erase("source"); }, "g.json: sm.count.source: is missing"},
      {[](Json& j) { j["sm"]["count"]["note"] = "x"; },
       "g.json: sm.count.note: unknown field; expected one of value, unit, source"},
      {[](Json& j) { j["sm"]["threads"]["value"] = 1000; },
       "g.json: sm.threads.value: is 1000; expected whole warps of 32"},
      {[](Json& j) {
         j["sm"]["shared_memory_splits_bytes"]["value"] = {0, 8, 8};
       },
       "g.json: sm.shared_memory_splits_bytes.value[2]: is 8 after 8; expected an ascending list"},
      {[](Json& j) {
         j["sm"]["shared_memory_splits_bytes"]["value"] = {0, 8192};
       },
       "g.json: sm.shared_memory_splits_bytes.value: ends at 8192; expected the last split to be "
       "shared_memory_bytes, "
       "233472"},
      {[](Json& j) { j["memory"]["achievable_fraction"]["value"] = 1.2; },
       "g.json: memory.achievable_fraction.value: is 1.2; expected 0.01 to 1"},
      {[](Json& j) { j["launch"]["host_ns"]["value"] = -1; },
       "g.json: launch.host_ns.value: is -1; expected 0 to 1000000000000"},
      {[](Json& j) { j["id"] = ""; }, "g.json: id: expected a text that is not empty"},
      {[](Json& j) { j["fans"] = 2; }, "g.json: fans: unknown field"},
      {[](Json& j) { j["reset"] = Json::object(); }, "g.json: reset.command_ns: is missing"},
  };
  for (const auto& [change, message] : cases) {
    Json document = h200();
    change(document);
    EXPECT_EQ(refusal(document).substr(0, message.size()), message);
  }
  EXPECT_EQ(refusal(h200()), "accepted");
}

TEST(GpuSpec, RefusesBrokenJsonOnOneLine) {
  try {
    parse_gpu_spec("{\"version\": 1,\n", "g.json");
    FAIL();
  } catch (const InputError& error) {
    const std::string message = error.what();
    EXPECT_EQ(message.rfind("g.json: not JSON: parse error at line", 0), 0U) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos);
  }
}

TEST(GpuSpec, NamesTheNearestGpu) {
  try {
    find_gpu_spec(COTENANT_DATA_DIR, "v100_16");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "unknown GPU \"v100_16\"; did you mean \"v100-16\"?");
  }
}

} // namespace
} // namespace cotenant
