#include "run/json_fields.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace cotenant {

nlohmann::json parse_json(std::string_view text, const std::string& source) {
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    const std::size_t end =
        std::min<std::size_t>(error.byte == 0 ? 0 : error.byte - 1, text.size());
    const std::string_view before = text.substr(0, end);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::size_t newline = before.rfind('\n');
    const std::size_t column = newline == std::string_view::npos ? end + 1 : end - newline;
    throw InputError(fmt::format("{}: line {}, column {}: not JSON; expected {}", source, line,
                                 column,
                                 text.empty() ? "a plan object, found an empty file"
                                              : "valid JSON up to the end of the file"));
  } catch (const nlohmann::json::out_of_range&) {
    // The library names neither place nor number of 1e999, the only number that it refuses.
    throw InputError(fmt::format(
        "{}: holds a number too large to be read; expected numbers below 1e308", source));
  }
}

std::string shown(const nlohmann::json& value) {
  std::string text = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (text.size() > 60) {
    text.resize(57);
    text += "...";
  }
  return text;
}

Fields::Fields(const nlohmann::json& value, std::string where)
    : value_(value), where_(std::move(where)) {
  if (!value.is_object()) {
    throw InputError(fmt::format("{}: {} is not an object; expected {{…}}", where_, shown(value)));
  }
}

const nlohmann::json* Fields::find(const char* name) {
  known_.emplace_back(name);
  const auto found = value_.find(name);
  return found == value_.end() ? nullptr : &*found;
}

const nlohmann::json& Fields::at(const char* name) {
  const nlohmann::json* value = find(name);
  if (value == nullptr) {
    throw InputError(fmt::format("{}: missing; this field is required", path(name)));
  }
  return *value;
}

std::string Fields::text(const char* name) {
  const nlohmann::json& value = at(name);
  if (!value.is_string() || value.get_ref<const std::string&>().empty()) {
    throw InputError(fmt::format("{}: {}; expected a non-empty string", path(name), shown(value)));
  }
  return value.get<std::string>();
}

std::int64_t Fields::integer(const char* name, std::int64_t min, std::int64_t max) {
  const nlohmann::json& value = at(name);
  // Unsigned values beyond int64 would wrap in get<int64>: compare as double first.
  const bool whole =
      value.is_number_integer() ||
      (value.is_number_float() && std::trunc(value.get<double>()) == value.get<double>());
  if (!whole || value.get<double>() < static_cast<double>(min) ||
      value.get<double>() > static_cast<double>(max)) {
    throw InputError(fmt::format("{}: {}; expected an integer from {} to {}", path(name),
                                 shown(value), min, max));
  }
  return value.get<std::int64_t>();
}

double Fields::positive(const char* name, const char* what) {
  const nlohmann::json& value = at(name);
  if (!value.is_number() || !(value.get<double>() > 0)) {
    throw InputError(fmt::format("{}: {}; expected {} above zero", path(name), shown(value), what));
  }
  return value.get<double>();
}

void Fields::finish() const {
  for (const auto& [name, unused] : value_.items()) {
    if (std::find(known_.begin(), known_.end(), name) == known_.end()) {
      throw InputError(fmt::format("{}: unknown field{}", path(name), did_you_mean(name, known_)));
    }
  }
}

} // namespace cotenant
