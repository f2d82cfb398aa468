#include "base/csv.h"

#include <algorithm>
#include <fmt/format.h>

namespace cotenant {

std::optional<std::string> split_csv_row(std::string_view line, std::vector<std::string>& fields) {
  std::size_t count = 0;
  std::size_t at = 0;
  for (;;) {
    if (count == fields.size()) {
      fields.emplace_back();
    }
    std::string& field = fields[count++];
    field.clear();
    if (at < line.size() && line[at] == '"') {
      ++at;
      for (;;) {
        const std::size_t quote = line.find('"', at);
        if (quote == std::string_view::npos) {
          return fmt::format("field {} has an opening quote and no closing one", count);
        }
        field.append(line.substr(at, quote - at));
        at = quote + 1;
        if (at >= line.size() || line[at] != '"') {
          break;
        }
        field += '"';
        ++at;
      }
      if (at < line.size() && line[at] != ',') {
        return fmt::format("field {} goes on after its closing quote", count);
      }
    } else {
      const std::size_t comma = std::min(line.find(',', at), line.size());
      field.assign(line.substr(at, comma - at));
      if (field.find('"') != std::string::npos) {
        return fmt::format("field {} has a quote inside an unquoted field", count);
      }
      at = comma;
    }
    if (at >= line.size()) {
      fields.resize(count);
      return std::nullopt;
    }
    ++at; // the comma
  }
}

void append_csv_field(std::string& out, std::string_view field) {
  if (field.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += field;
    return;
  }
  out += '"';
  for (const char c : field) {
    if (c == '"') {
      out += '"';
    }
    out += c;
  }
  out += '"';
}

} // namespace cotenant
