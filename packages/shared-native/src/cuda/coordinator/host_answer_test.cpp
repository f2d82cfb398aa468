#include <gtest/gtest.h>

#include "cuda/coordinator/host_answer.h"

namespace cotenant::cuda {
namespace {

using nlohmann::ordered_json;

HostFault fault_of(const std::string& line) {
  try {
    parse_answer(line);
  } catch (const HostFailure& failure) {
    EXPECT_EQ(std::string(failure.what()).find('\n'), std::string::npos);
    return failure.fault();
  }
  ADD_FAILURE() << line << " was accepted";
  return HostFault::lost;
}

std::string refusal(const auto& action) {
  try {
    action();
  } catch (const HostFailure& failure) {
    EXPECT_EQ(failure.fault(), HostFault::lost);
    return failure.what();
  }
  return "";
}

TEST(HostAnswer, FailuresAreOfTheKindThatTheHostNames) {
  EXPECT_EQ(fault_of(R"({"ok":false,"kind":"input","error":"x"})"), HostFault::input);
  EXPECT_EQ(fault_of(R"({"ok":false,"kind":"device","error":"x"})"), HostFault::device);
  EXPECT_EQ(fault_of(R"({"ok":false,"kind":"watchdog","error":"x"})"), HostFault::watchdog);
  EXPECT_EQ(fault_of(R"({"ok":false,"kind":"interrupted","error":"x"})"), HostFault::interrupted);
  EXPECT_EQ(fault_of(R"({"ok":false,"kind":"unavailable","error":"a\nb"})"),
            HostFault::unavailable);
  EXPECT_EQ(fault_of(R"({"ok":false,"kind":"internal","error":"x"})"), HostFault::lost);
}

TEST(HostAnswer, WhatIsNoAnswerLosesTheHost) {
  for (const char* line : {"", "yes", "{", "[]", "{}", R"({"ok":1})", R"({"ok":false})",
                           R"({"ok":false,"kind":3,"error":"x"})", R"({"ok":false,"kind":"input"})",
                           "\xff\xfe{\"ok\":true}"}) {
    EXPECT_EQ(fault_of(line), HostFault::lost) << line;
  }
  EXPECT_TRUE(parse_answer(R"({"ok":true})")["ok"]);
}

TEST(HostAnswer, HelloIsCheckedForItsProtocol) {
  const ordered_json good = ordered_json::parse(
      R"({"ok":true,"protocol":1,"gpu":{"uuid":"GPU-1"},"software":{"torch":"2"}})");
  EXPECT_EQ(read_hello(good).uuid, "GPU-1");
  EXPECT_EQ(read_hello(good).software["torch"], "2");
  ordered_json other = good;
  other["protocol"] = 2;
  EXPECT_EQ(refusal([&] { read_hello(other); }), "it speaks version 2 of the protocol; expected 1");
  for (const char* field : {"protocol", "gpu"}) {
    other = good;
    other.erase(field);
    EXPECT_NE(refusal([&] { read_hello(other); }), "");
    other[field] = "text";
    EXPECT_NE(refusal([&] { read_hello(other); }), "");
  }
}

TEST(HostAnswer, PaceIsCheckedFieldByField) {
  const ordered_json good =
      ordered_json::parse(R"({"ok":true,"period_ns":[1500.5,3000],"late":false})");
  const HostPace pace = read_pace(good);
  EXPECT_EQ(pace.period, (std::vector<double>{1500.5, 3000}));
  EXPECT_FALSE(pace.late);
  for (const char* field : {"period_ns", "late"}) {
    ordered_json other = good;
    other.erase(field);
    EXPECT_NE(refusal([&] { static_cast<void>(read_pace(other)); }), "") << field;
    for (const char* wrong : {"7", R"("text")", "[0]", "[-1.0]", R"(["text"])"}) {
      other[field] = ordered_json::parse(wrong);
      EXPECT_NE(refusal([&] { static_cast<void>(read_pace(other)); }), "") << field << wrong;
    }
  }
}

TEST(HostAnswer, RunIsCheckedFieldByField) {
  const ordered_json good = ordered_json::parse(
      R"({"ok":true,"duration_ns":9,"launches":4,"clients":[{"client":1,"requests":3,
          "iterations":3.5,"window_ns":8,"ops":12,"matched":null,"output_sha256":"ab"}]})");
  const HostRun run = read_run(good, {1});
  EXPECT_EQ(run.duration, 9);
  EXPECT_EQ(run.clients[0].totals.requests, 3);
  EXPECT_EQ(run.clients[0].totals.iterations, 3.5);
  EXPECT_EQ(run.clients[0].output_sha256, "ab");
  EXPECT_EQ(run.counters.dump(), R"({"launches":4})");
  EXPECT_NE(refusal([&] { read_run(good, {0}); }).find("client 1; expected 0"), std::string::npos);
  EXPECT_NE(refusal([&] { read_run(good, {0, 1}); }), "");
  for (const char* field : {"client", "requests", "iterations", "window_ns", "ops"}) {
    for (const char* wrong : {"null", "-1", "\"3\"", "[3]", "1e400", "{}"}) {
      ordered_json other = good;
      other["clients"][0][field] = ordered_json::parse(wrong, nullptr, false);
      EXPECT_NE(refusal([&] { read_run(other, {1}); }), "") << field << wrong;
    }
  }
}

} // namespace
} // namespace cotenant::cuda
