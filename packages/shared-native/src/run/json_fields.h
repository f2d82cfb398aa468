// Strict reading of JSON documents that users write, with errors that name the place.
#pragma once

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace cotenant {

/// Parses `text`; a syntax error becomes an InputError with line and column.
nlohmann::json parse_json(std::string_view text, const std::string& source);

/// One JSON object, read field by field. Every field must be asked for before finish(), which
/// refuses those that nobody knows and suggests the nearest one.
class Fields {
 public:
  /// `where` is the path for messages, e.g. "plan.json: clients[0]".
  Fields(const nlohmann::json& value, std::string where);

  /// The value of a field, or nullptr when it is absent.
  const nlohmann::json* find(const char* name);
  /// Throws when absent.
  const nlohmann::json& at(const char* name);

  std::string text(const char* name);
  std::int64_t integer(const char* name, std::int64_t min, std::int64_t max);
  double positive(const char* name, const char* what);

  void finish() const;

  [[nodiscard]] std::string path(std::string_view field) const {
    return fmt::format("{}.{}", where_, field);
  }
  [[nodiscard]] const std::string& where() const { return where_; }

 private:
  const nlohmann::json& value_;
  std::string where_;
  std::vector<std::string> known_;
};

/// A JSON value as it stands in the file, shortened for a message.
std::string shown(const nlohmann::json& value);

} // namespace cotenant
