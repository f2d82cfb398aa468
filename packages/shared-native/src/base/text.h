// Small text helpers: strict numbers, and names and values as error messages show them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cotenant {

/// The whole of `text` as a decimal integer: no spaces, no leading '+', nothing behind it. nullopt
/// otherwise, and when the value does not fit.
std::optional<std::int64_t> parse_integer(std::string_view text);

/// The whole of `text` as a finite decimal number, under the same rules and in any locale.
std::optional<double> parse_number(std::string_view text);

/// `text` between double quotes for use in a one-line message: control characters are escaped and
/// long values are cut.
std::string quote(std::string_view text);

/// "a, b, c"; at most `limit` items, then how many more there are.
std::string joined(const std::vector<std::string>& items, std::size_t limit = 16);

/// The end of a message about an unknown name: `; did you mean "orion"?` if one of `candidates` is
/// close to `name`, else `; expected one of …`. A tie goes to the earlier candidate.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates);

} // namespace cotenant
