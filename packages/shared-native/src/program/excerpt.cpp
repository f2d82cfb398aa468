#include "program/excerpt.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

#include "base/error.h"

namespace cotenant {
namespace {

constexpr std::uint32_t kMostOps = 100'000;

bool is_model_name(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  });
}

bool is_kernel(const Op& op) {
  return op.kind == OpKind::kernel;
}

/// "an op from 2 to 660", of the kernels of a program.
std::string kernels_of(const Program& program) {
  const auto first = std::find_if(program.ops.begin(), program.ops.end(), is_kernel);
  const auto last = std::find_if(program.ops.rbegin(), program.ops.rend(), is_kernel);
  if (first == program.ops.end()) {
    return "a program with kernels";
  }
  return fmt::format("the index of a kernel, from {} to {}", first - program.ops.begin(),
                     program.ops.rend() - last - 1);
}

} // namespace

std::optional<ExcerptOrigin> excerpt_origin(const Program& program) {
  using nlohmann::json;
  const json header =
      program.header_json.empty() ? json() : json::parse(program.header_json, nullptr, false);
  const json::json_pointer place("/provenance/excerpt");
  if (!header.is_object() || !header.contains(place)) {
    return std::nullopt;
  }
  try {
    const json& note = header.at(place);
    return ExcerptOrigin{
        .program = note.at("program").get<std::string>(),
        .ops = {.first = note.at("op").get<std::uint32_t>(), .count = note.value("count", 1U)},
        .repeat = note.at("repeat").get<std::uint32_t>()};
  } catch (const json::exception& error) {
    throw InputError(fmt::format("{}: header: provenance.excerpt: expected 'program', 'op' and "
                                 "'repeat', as `cotenant program take` writes them ({})",
                                 program.name, error.what()));
  }
}

Program excerpt(const Program& from, const std::string& id, const OpRange& range,
                std::uint32_t repeat, const std::string& model) {
  if (range.first >= from.ops.size()) {
    throw InputError(fmt::format("--op: {} is behind the last op of {}; expected {}", range.first,
                                 id, kernels_of(from)));
  }
  const auto behind = static_cast<std::uint32_t>(from.ops.size()) - range.first;
  if (range.count < 1 || range.count > behind) {
    throw InputError(fmt::format("--count: is {}; expected a whole number from 1 to {}, the ops of "
                                 "{} from {} on",
                                 range.count, behind, id, range.first));
  }
  const std::span<const Op> taken(from.ops.data() + range.first, range.count);
  if (std::ranges::none_of(taken, is_kernel)) {
    throw InputError(
        fmt::format("--op: {} is no kernel of {}; expected {}", range.first, id, kernels_of(from)));
  }
  if (repeat < 1 || repeat > kMostOps / range.count) {
    throw InputError(fmt::format("--repeat: is {}; expected a whole number from 1 to {}", repeat,
                                 kMostOps / range.count));
  }
  if (!is_model_name(model)) {
    throw InputError(fmt::format("--model: is '{}'; expected lower-case letters and digits, such "
                                 "as conv2d",
                                 model));
  }
  Program program;
  program.name = fmt::format("{}-inference-b{}-{}", model, from.batch, from.precision);
  program.gpu = from.gpu;
  program.label = from.label;
  program.model = model;
  program.mode = Mode::inference;
  program.batch = from.batch;
  program.precision = from.precision;
  program.dependent_gap = from.dependent_gap;
  for (std::uint32_t i = 0; i < repeat; ++i) {
    for (Op op : taken) {
      op.phase = Phase::forward; // it is all that this program does
      op.host_gap = 0;
      program.ops.push_back(std::move(op));
    }
  }
  program.solo_busy = program.op_sum();

  using Json = nlohmann::ordered_json;
  const Json source =
      from.header_json.empty() ? Json::object() : Json::parse(from.header_json, nullptr, false);
  Json provenance =
      source.is_object() ? source.value("provenance", Json::object()) : Json::object();
  provenance["excerpt"] = {{"made_by", "cotenant program take"},
                           {"program", id},
                           {"op", range.first},
                           {"kernel", std::ranges::find_if(taken, is_kernel)->name},
                           {"repeat", repeat}};
  if (range.count > 1) {
    provenance["excerpt"]["count"] = range.count;
  }
  program.header_json = Json{{"provenance", provenance}}.dump();
  return program;
}

} // namespace cotenant
