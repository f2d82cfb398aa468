#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/orion_config.h"

namespace cotenant {
namespace {

using nlohmann::json;

json inference() {
  return {{"arch", "mobilenet_v2"},
          {"kernel_file", "/kernels/mobilenetv2_4_fwd"},
          {"num_kernels", 152},
          {"num_iters", 12000},
          {"args",
           {{"model_name", "mobilenet_v2"},
            {"batchsize", 4},
            {"rps", 40},
            {"uniform", false},
            {"dummy_data", true},
            {"train", false}}}};
}

std::string refusal(const json& config) {
  try {
    parse_orion_config(config.dump(), "c.json", "/there");
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(OrionConfig, ReadsAClient) {
  const OrionConfig config =
      parse_orion_config(json::array({inference()}).dump(), "c.json", "/there");
  ASSERT_EQ(config.clients.size(), 1U);
  const OrionClient& client = config.clients[0];
  EXPECT_EQ(client.model, "mobilenet_v2");
  EXPECT_FALSE(client.training);
  EXPECT_EQ(client.batch, 4U);
  EXPECT_EQ(client.iterations, 12000);
  EXPECT_EQ(client.rate, 40);
  EXPECT_FALSE(client.uniform);
  EXPECT_EQ(client.kernel_file, "/kernels/mobilenetv2_4_fwd");
  EXPECT_EQ(client.kernels, 152);
  EXPECT_FALSE(client.later_kernel_file);
}

TEST(OrionConfig, PathsStartAtTheFile) {
  json client = inference();
  client["kernel_file"] = "k/fwd";
  client["args"]["input_file"] = "gaps.json";
  const OrionConfig config = parse_orion_config(json::array({client}).dump(), "c.json", "/there");
  EXPECT_EQ(config.clients[0].kernel_file, "/there/k/fwd");
  EXPECT_EQ(*config.clients[0].gaps_file, "/there/gaps.json");
  EXPECT_EQ(config.notes[0], "args.rps of client 0: input_file has the arrivals");
}

TEST(OrionConfig, TheModelIsWhatOrionTakesItFrom) {
  json vision = inference();
  vision["arch"] = "resnet50";
  json language = inference();
  language["arch"] = "bert";
  const OrionConfig config =
      parse_orion_config(json::array({vision, language}).dump(), "c.json", "/there");
  EXPECT_EQ(config.clients[0].model, "mobilenet_v2");
  EXPECT_EQ(config.clients[1].model, "bert");
  EXPECT_EQ(config.notes[0],
            "arch of client 0: resnet50; the model is args.model_name, mobilenet_v2");
  EXPECT_EQ(config.notes[2], "args.model_name of client 1: not used by bert");
}

TEST(OrionConfig, FaultsNameFileClientAndField) {
  const auto with = [](const char* pointer, const json& value) {
    json list = {inference(), inference()};
    list[json::json_pointer(pointer)] = value;
    return list;
  };
  const auto without = [](const char* object, const char* field) {
    json list = {inference(), inference()};
    list[json::json_pointer(object)].erase(field);
    return list;
  };
  EXPECT_EQ(refusal(without("/1", "num_kernels")),
            "c.json: client 1.num_kernels: missing; this field is required");
  EXPECT_EQ(refusal(without("/0/args", "train")),
            "c.json: client 0.args.train: missing; this field is required");
  EXPECT_EQ(refusal(without("/0/args", "uniform")),
            "c.json: client 0.args.uniform: missing; this field is required");
  EXPECT_EQ(refusal(with("/0/args/train", "yes")),
            "c.json: client 0.args.train: \"yes\"; expected true or false");
  EXPECT_EQ(refusal(with("/1/args/rps", -3)),
            "c.json: client 1.args.rps: -3; expected requests per second, or 0 for a closed loop");
  EXPECT_EQ(refusal(with("/1/num_iters", 10)),
            "c.json: client 1.num_iters: 10; expected an integer from 11 to 1000000000");
  EXPECT_EQ(refusal(with("/0/additional_kernel_file", "x")),
            "c.json: client 0.additional_num_kernels: missing; additional_kernel_file and "
            "additional_num_kernels go together");
  EXPECT_EQ(refusal(with("/0/args/batch_size", 3)),
            "c.json: client 0.args.batch_size: unknown field; did you mean \"batchsize\"?");
  EXPECT_EQ(refusal(json::object()),
            "c.json: {}; expected a list of clients, the high-priority one last");
  EXPECT_EQ(refusal(json::array()),
            "c.json: []; expected a list of clients, the high-priority one last");
  EXPECT_EQ(refusal({1}), "c.json: client 0: 1 is not an object; expected {…}");
}

TEST(OrionConfig, SyntaxFaultsHaveALine) {
  try {
    parse_orion_config("[\n {\"arch\": }\n]", "c.json", "/there");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_TRUE(std::string_view(error.what()).starts_with("c.json: line 2, column "))
        << error.what();
  }
}

} // namespace
} // namespace cotenant
