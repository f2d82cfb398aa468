// Comma-separated values, one row a line (RFC 4180 quoting; line breaks inside a field are not
// supported).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cotenant {

/// Splits `line` (without its line end) into `fields`, reusing their storage. Returns nullopt if
/// the row is well formed, else the reason why not.
std::optional<std::string> split_csv_row(std::string_view line, std::vector<std::string>& fields);

/// Appends `field` to `out`, quoted if it has to be.
void append_csv_field(std::string& out, std::string_view field);

} // namespace cotenant
