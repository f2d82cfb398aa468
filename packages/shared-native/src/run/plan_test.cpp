#include <functional>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "run/plan.h"

namespace cotenant {
namespace {

using nlohmann::json;

json good_plan() {
  return json::parse(R"({
    "version": 1, "id": "rn50_rn50_s42", "gpu": "v100-16", "seed": 42,
    "system": {"name": "orion", "params": {"max_be_duration_ns": 160000, "profile_check": true}},
    "clients": [
      {"name": "hp", "program": "h200/resnet50-inference-b4-fp32", "priority": "high",
       "traffic": {"kind": "poisson", "rate": 15}, "requests": 9200, "warmup": 10},
      {"name": "be", "program": "h200/resnet50-training-b32-fp32", "priority": "best-effort",
       "traffic": {"kind": "closed"}, "warmup": 10}],
    "until": "hp"})");
}

Plan parse(const json& plan) {
  return parse_plan(plan.dump(), "plan.json", ".");
}

/// The message with which a changed plan is refused; empty if it is not.
std::string refusal(const std::function<void(json&)>& change) {
  json plan = good_plan();
  change(plan);
  try {
    parse(plan);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Plan, ReadsWhatAnOpCostsAHost) {
  json document = good_plan();
  document["clients"][1]["host"] = {{"launch_ns", 3600}, {"query_ns", 1300}};
  const Plan plan = parse(document);
  EXPECT_EQ(plan.clients[1].host.launch, 3600);
  EXPECT_EQ(plan.clients[1].host.query, 1300);
  EXPECT_FALSE(plan.clients[1].host.mark);
  EXPECT_FALSE(plan.clients[0].host.launch);
  EXPECT_EQ(
      refusal([](json& p) {
        p["clients"][0]["host"] = {{"launch_us", 3}};
      }),
      "plan.json: plan.clients[0].host.launch_us: unknown field; did you mean \"launch_ns\"?");
  EXPECT_NE(refusal([](json& p) { p["clients"][0]["host"] = {{"launch_ns", -1}}; }), "");
}

TEST(Plan, ReadsEveryField) {
  const Plan plan = parse(good_plan());
  EXPECT_EQ(plan.id, "rn50_rn50_s42");
  EXPECT_EQ(plan.gpu, "v100-16");
  EXPECT_EQ(plan.seed, 42U);
  EXPECT_EQ(plan.system, "orion");
  ASSERT_EQ(plan.params.size(), 2U);
  EXPECT_EQ(std::get<std::int64_t>(plan.params[0].second), 160000);
  EXPECT_TRUE(std::get<bool>(plan.params[1].second));
  ASSERT_EQ(plan.clients.size(), 2U);
  EXPECT_EQ(plan.clients[0].priority, Priority::high);
  EXPECT_EQ(plan.clients[0].traffic.kind, Traffic::Kind::poisson);
  EXPECT_EQ(plan.clients[0].traffic.rate, 15);
  EXPECT_EQ(plan.clients[0].requests, 9200);
  EXPECT_EQ(plan.clients[1].warmup, 10);
  EXPECT_FALSE(plan.clients[1].requests);
  EXPECT_EQ(plan.until, 0U);
}

TEST(Plan, LoadStandsInForTheRate) {
  json plan = good_plan();
  plan["clients"][0]["traffic"] = {{"kind", "uniform"}, {"load", 0.2}};
  EXPECT_EQ(parse(plan).clients[0].load, 0.2);
}

TEST(Plan, BuiltInTrace) {
  json plan = good_plan();
  plan["clients"][0]["traffic"] = {{"kind", "trace"}, {"trace", "apollo"}};
  EXPECT_EQ(parse(plan).clients[0].traffic.trace.size(), 6240U);
}

TEST(Plan, ATraceMayHaveALoad) {
  json plan = good_plan();
  plan["clients"][0]["traffic"] = {{"kind", "trace"}, {"trace", "apollo"}};
  EXPECT_FALSE(parse(plan).clients[0].load);
  plan["clients"][0]["traffic"]["load"] = 0.13;
  EXPECT_EQ(parse(plan).clients[0].load, 0.13);
  EXPECT_EQ(refusal([](json& p) {
              p["clients"][0]["traffic"] = {{"kind", "trace"}, {"trace", "apollo"}, {"load", 0}};
            }),
            "plan.json: plan.clients[0].traffic.load: 0; expected a load (rate × solo latency) "
            "above zero");
}

TEST(Plan, ATraceMayStartAtADrawnGap) {
  json plan = good_plan();
  plan["clients"][0]["traffic"] = {{"kind", "trace"}, {"trace", "apollo"}, {"start", "drawn"}};
  EXPECT_TRUE(parse(plan).clients[0].traffic.drawn_start);
  plan["clients"][0]["traffic"]["start"] = "first";
  EXPECT_FALSE(parse(plan).clients[0].traffic.drawn_start);
  EXPECT_EQ(
      refusal([](json& p) {
        p["clients"][0]["traffic"] = {{"kind", "trace"}, {"trace", "apollo"}, {"start", "random"}};
      }),
      "plan.json: plan.clients[0].traffic.start: 'random'; expected first (gap of the trace) "
      "or drawn (with the seed)");
}

TEST(Plan, RefusalsNameFileAndField) {
  EXPECT_EQ(
      refusal([](json& p) { p["clients"][0]["traffic"]["rate"] = -15; }),
      "plan.json: plan.clients[0].traffic.rate: -15; expected requests per second above zero");
  EXPECT_EQ(refusal([](json& p) { p["version"] = 2; }),
            "plan.json: plan.version: this plan is of version 2; expected version 1");
  EXPECT_EQ(refusal([](json& p) { p.erase("gpu"); }),
            "plan.json: plan.gpu: missing; this field is required");
  EXPECT_EQ(
      refusal([](json& p) { p["clients"][1]["name"] = "hp"; }),
      "plan.json: plan.clients[1].name: 'hp' is the name of an earlier client; expected names that "
      "differ");
  EXPECT_EQ(refusal([](json& p) { p["until"] = "pp"; }),
            "plan.json: plan.until: no client is named 'pp'; expected one of the clients");
  EXPECT_EQ(refusal([](json& p) { p["clients"][0]["priority"] = "low"; }),
            "plan.json: plan.clients[0].priority: 'low'; expected high or best-effort");
  EXPECT_EQ(refusal([](json& p) { p["clients"][0]["requests"] = 0; }),
            "plan.json: plan.clients[0].requests: 0; expected an integer from 1 to 1000000000");
}

TEST(Plan, UnknownFieldSuggestsTheNearest) {
  const std::string message = refusal([](json& p) { p["clients"][0]["request"] = 5; });
  EXPECT_NE(message.find("plan.clients[0].request: unknown field"), std::string::npos) << message;
  EXPECT_NE(message.find("requests"), std::string::npos) << message;
}

TEST(Plan, RefusesWhatCannotEnd) {
  EXPECT_NE(refusal([](json& p) { p.erase("until"); }).find("plan.until: missing"),
            std::string::npos);
  EXPECT_NE(refusal([](json& p) { p["until"] = "be"; }).find("never ends"), std::string::npos);
  json limited = good_plan();
  limited.erase("until");
  limited["time_limit_s"] = 1.5;
  EXPECT_EQ(parse(limited).time_limit, 1'500'000'000);
}

TEST(Plan, RateAndLoadExcludeEachOther) {
  EXPECT_NE(
      refusal([](json& p) { p["clients"][0]["traffic"]["load"] = 0.1; }).find("exactly one of"),
      std::string::npos);
}

TEST(Plan, SyntaxErrorsHaveAPlace) {
  try {
    parse_plan("{\n  \"version\": 1,\n  oops\n}", "plan.json", ".");
    FAIL() << "accepted";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("plan.json: line 3, column 3"), std::string::npos)
        << error.what();
  }
}

TEST(Plan, NumbersBeyondDoubleAreRefused) {
  EXPECT_THROW(parse_plan("9e517", "plan.json", "."), InputError);
}

TEST(Plan, HugeNumbersDoNotWrap) {
  EXPECT_NE(refusal([](json& p) { p["seed"] = 18446744073709551615ULL; }), "");
  EXPECT_NE(refusal([](json& p) { p["seed"] = 4294967296; }), "");
  EXPECT_NE(refusal([](json& p) { p["clients"][0]["requests"] = 1.5; }), "");
}

/// The pipeline checks plans with schemas/plan.schema.json, the core with parse_plan(). The
/// examples keep the two in agreement: the pipeline's tests run the same files through the schema.
TEST(Plan, AgreesWithTheSchemaOnItsExamples) {
  const std::filesystem::path examples =
      std::filesystem::path(COTENANT_DATA_DIR) / "schemas/examples";
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(examples / "valid")) {
    EXPECT_NO_THROW(read_plan(entry.path())) << entry.path();
    ++count;
  }
  for (const auto& entry : std::filesystem::directory_iterator(examples / "invalid")) {
    EXPECT_THROW(read_plan(entry.path()), InputError) << entry.path();
    ++count;
  }
  EXPECT_GT(count, 30U);
}

} // namespace
} // namespace cotenant
