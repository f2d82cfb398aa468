#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <stdexcept>
#include <string>

#include "base/error.h"
#include "base/text.h"
#include "scheduler/system.h"

namespace cotenant {
namespace {

std::string shown(const ParamValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) {
    return quote(*text);
  }
  if (const auto* number = std::get_if<double>(&value)) {
    return fmt::format("{}", *number);
  }
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    return fmt::format("{}", *integer);
  }
  return std::get<bool>(value) ? "true" : "false";
}

/// 1000000 rather than 1e+06.
std::string shown_bound(double bound) {
  return std::trunc(bound) == bound && std::abs(bound) < 1e15 ? fmt::format("{:.0f}", bound)
                                                              : fmt::format("{}", bound);
}

/// "a number from 0 to 1 (of solo latency)": what would be right.
std::string expected(const ParamSpec& spec) {
  constexpr std::array<std::string_view, 4> kNames = {"true or false", "an integer", "a number",
                                                      "a string"};
  std::string text(kNames[spec.default_value.index()]);
  if (spec.min && spec.max) {
    text += fmt::format(" from {} to {}", shown_bound(*spec.min), shown_bound(*spec.max));
  } else if (spec.min) {
    text += fmt::format(" of at least {}", shown_bound(*spec.min));
  } else if (spec.max) {
    text += fmt::format(" of at most {}", shown_bound(*spec.max));
  }
  return spec.unit.empty() ? text : text + fmt::format(" ({})", spec.unit);
}

/// `value` in the type of `spec`'s default, nullopt if it has another.
std::optional<ParamValue> converted(const ParamSpec& spec, const ParamValue& value) {
  if (value.index() == spec.default_value.index()) {
    return value;
  }
  if (std::holds_alternative<double>(spec.default_value) &&
      std::holds_alternative<std::int64_t>(value)) {
    return static_cast<double>(std::get<std::int64_t>(value));
  }
  if (std::holds_alternative<std::int64_t>(spec.default_value) &&
      std::holds_alternative<double>(value)) {
    const double number = std::get<double>(value);
    constexpr double kExact =
        9007199254740992.0; // 2^53: beyond it a double need not be the number written
    if (std::abs(number) <= kExact && std::trunc(number) == number) {
      return static_cast<std::int64_t>(number);
    }
  }
  return std::nullopt;
}

bool in_bounds(const ParamSpec& spec, const ParamValue& value) {
  double number = 0;
  if (const auto* real = std::get_if<double>(&value)) {
    number = *real;
    if (!std::isfinite(number)) {
      return false;
    }
  } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    number = static_cast<double>(*integer);
  } else {
    return true;
  }
  return (!spec.min || number >= *spec.min) && (!spec.max || number <= *spec.max);
}

/// The value of `name` as a T. Systems ask only for what their own table declares.
template <typename T>
const T& get(const std::vector<std::pair<std::string, ParamValue>>& values, std::string_view name) {
  for (const auto& [key, value] : values) {
    if (key == name) {
      return std::get<T>(value);
    }
  }
  throw std::logic_error(fmt::format("system asks for parameter {}, which its table lacks", name));
}

} // namespace

std::string_view param_type(const ParamValue& value) {
  constexpr std::array<std::string_view, 4> kTypes = {"bool", "int", "number", "string"};
  return kTypes[value.index()];
}

Params Params::checked(const std::vector<ParamSpec>& specs,
                       const std::vector<std::pair<std::string, ParamValue>>& given,
                       const std::string& where) {
  Params params;
  for (const ParamSpec& spec : specs) {
    params.values_.emplace_back(spec.name, spec.default_value);
  }
  for (const auto& [name, value] : given) {
    const auto spec = std::find_if(specs.begin(), specs.end(),
                                   [&name = name](const ParamSpec& s) { return s.name == name; });
    if (spec == specs.end()) {
      std::vector<std::string> names;
      for (const ParamSpec& known : specs) {
        names.push_back(known.name);
      }
      throw InputError(
          fmt::format("{}.{}: unknown parameter{}", where, name, did_you_mean(name, names)));
    }
    const std::optional<ParamValue> typed = converted(*spec, value);
    if (!typed || !in_bounds(*spec, *typed)) {
      throw InputError(fmt::format("{}.{}: {} is {}; expected {}", where, name, shown(value),
                                   typed ? "out of range" : "of another type", expected(*spec)));
    }
    params.values_[static_cast<std::size_t>(spec - specs.begin())].second = *typed;
  }
  return params;
}

bool Params::flag(std::string_view name) const {
  return get<bool>(values_, name);
}
std::int64_t Params::integer(std::string_view name) const {
  return get<std::int64_t>(values_, name);
}
double Params::number(std::string_view name) const {
  return get<double>(values_, name);
}
const std::string& Params::text(std::string_view name) const {
  return get<std::string>(values_, name);
}

} // namespace cotenant
