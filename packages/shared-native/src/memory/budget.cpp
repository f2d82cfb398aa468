#include "memory/budget.h"

#include <array>
#include <cmath>
#include <fmt/format.h>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace cotenant {
namespace {

constexpr std::size_t kMostSteps = 1000;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') {
    text.remove_prefix(1);
  }
  while (!text.empty() && text.back() == ' ') {
    text.remove_suffix(1);
  }
  return text;
}

template <typename Unit> struct Suffix {
  std::string_view suffix;
  Unit unit;
};

/// A number with one of the suffixes, in units of it, rounded; nullopt for anything else.
template <std::size_t N>
std::optional<std::int64_t> with_unit(std::string_view text,
                                      const std::array<Suffix<double>, N>& suffixes) {
  for (const auto& [suffix, unit] : suffixes) {
    if (text.ends_with(suffix)) {
      const auto number = parse_number(trimmed(text.substr(0, text.size() - suffix.size())));
      if (!number || !(*number >= 0) || *number * unit > 9e15) {
        return std::nullopt;
      }
      return std::llround(*number * unit);
    }
  }
  return std::nullopt;
}

std::int64_t parse_size(std::string_view text, std::int64_t gpu, std::int64_t peak) {
  if (text == "gpu") {
    return gpu;
  }
  const auto size = with_unit<4>(text, {{{"%", static_cast<double>(peak) / 100},
                                         {"GiB", 1024.0 * 1024 * 1024},
                                         {"MiB", 1024.0 * 1024},
                                         {"KiB", 1024.0}}});
  if (!size) {
    throw InputError(fmt::format("{} is no size; expected a number with KiB, MiB, GiB or % (of the "
                                 "sum of the peaks), or gpu",
                                 quote(text)));
  }
  return *size;
}

Nanos parse_time(std::string_view text) {
  const auto time = with_unit<3>(text, {{{"us", 1e3}, {"ms", 1e6}, {"s", 1e9}}});
  if (!time) {
    throw InputError(fmt::format("{} is no time; expected a number with us, ms or s", quote(text)));
  }
  return *time;
}

} // namespace

std::vector<BudgetStep> parse_budget(std::string_view text, std::int64_t gpu_bytes,
                                     std::int64_t peak_bytes) {
  std::vector<BudgetStep> steps;
  for (bool more = true; more;) {
    const std::size_t comma = text.find(',');
    more = comma != std::string_view::npos;
    const std::string_view part = trimmed(text.substr(0, comma));
    text.remove_prefix(more ? comma + 1 : text.size());
    const std::size_t at_sign = part.find('@');
    const bool timed = at_sign != std::string_view::npos;
    if (timed == steps.empty()) {
      throw InputError(
          fmt::format("step {} is {}; expected {}", steps.size() + 1, quote(part),
                      timed ? "a size without a time, which holds from the start" : "SIZE @ TIME"));
    }
    const BudgetStep step{.at = timed ? parse_time(trimmed(part.substr(at_sign + 1))) : 0,
                          .bytes =
                              parse_size(trimmed(part.substr(0, at_sign)), gpu_bytes, peak_bytes)};
    if (timed && step.at <= steps.back().at) {
      throw InputError(fmt::format("step {}, {}, is not later than the one before; expected times "
                                   "that rise",
                                   steps.size() + 1, quote(part)));
    }
    if (steps.size() == kMostSteps) {
      throw InputError(fmt::format("more than {} steps; expected fewer", kMostSteps));
    }
    steps.push_back(step);
  }
  return steps;
}

} // namespace cotenant
