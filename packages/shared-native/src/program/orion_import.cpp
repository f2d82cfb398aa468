#include "program/orion_import.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <utility>
#include <vector>

#include "base/csv.h"
#include "base/error.h"
#include "base/text.h"
#include "program/occupancy.h"

namespace cotenant {

namespace {

constexpr std::string_view kColumns = "Name,Profile,Memory_footprint,SM_usage,Duration";
constexpr std::uint32_t kBlockThreads = 256;

class Refusal {
 public:
  explicit Refusal(const std::string& source) : source_(source) {}

  [[noreturn]] void at(std::size_t row, std::string_view column, const std::string& reason,
                       const std::string& expected) const {
    throw InputError(fmt::format("{}: row {}{}{}: {}; expected {}", source_, row,
                                 column.empty() ? "" : ", column ", column, reason, expected));
  }

 private:
  const std::string& source_;
};

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  if (!line.empty() && line.back() == '\r') {
    line.remove_suffix(1);
  }
  return line;
}

std::vector<std::string> split_plainly(std::string_view line) {
  std::vector<std::string> fields;
  for (;;) {
    const std::size_t comma = line.find(',');
    fields.emplace_back(line.substr(0, comma));
    if (comma == std::string_view::npos) {
      return fields;
    }
    line.remove_prefix(comma + 1);
  }
}

// Kernel names have commas between template or function arguments and nowhere else.
bool commas_only_in_brackets(std::string_view name) {
  int depth = 0;
  for (const char c : name) {
    if (c == '<' || c == '(' || c == '[' || c == '{') {
      ++depth;
    } else if (c == '>' || c == ')' || c == ']' || c == '}') {
      depth = std::max(0, depth - 1);
    } else if (c == ',' && depth == 0) {
      return false;
    }
  }
  return true;
}

// The row's fields, as many as there are columns: read as quoted CSV if that fits, else with the
// surplus on the left joined to the name. A surplus that does not look like part of a name may as
// well be a number with a comma in it, which would shift all columns: that is refused.
std::vector<std::string> row_fields(std::string_view line, std::size_t columns, std::size_t row,
                                    const Refusal& refuse) {
  std::vector<std::string> fields;
  if (!split_csv_row(line, fields) && fields.size() == columns) {
    return fields;
  }
  fields = split_plainly(line);
  const std::string count = fmt::format("has {} fields", fields.size());
  if (fields.size() < columns) {
    refuse.at(row, "", count, fmt::format("{} as in the header", columns));
  }
  const auto surplus = static_cast<std::ptrdiff_t>(fields.size() - columns);
  for (std::ptrdiff_t i = 1; i <= surplus; ++i) {
    fields[0] += ',' + fields[static_cast<std::size_t>(i)];
  }
  fields.erase(fields.begin() + 1, fields.begin() + 1 + surplus);
  if (!commas_only_in_brackets(fields[0])) {
    refuse.at(row, "Name", count,
              fmt::format("{}, commas in a name only within its brackets", columns));
  }
  return fields;
}

// Profilers' tables come out of data frames, where a column of integers may be written as 12.0.
std::int64_t whole(const std::string& field, std::size_t row, std::string_view column,
                   std::int64_t low, std::int64_t high, const Refusal& refuse) {
  const auto value = parse_number(field);
  if (!value || *value != std::floor(*value) || *value < static_cast<double>(low) ||
      *value > static_cast<double>(high)) {
    refuse.at(row, column, fmt::format("is {}", quote(field)),
              fmt::format("a whole number from {} to {}", low, high));
  }
  return static_cast<std::int64_t>(*value);
}

Nanos duration(const std::string& field, std::size_t row, const Refusal& refuse) {
  const auto value = parse_number(field);
  if (!value || *value < 0 || *value > 1e15) {
    refuse.at(row, "Duration", fmt::format("is {}", quote(field)), "nanoseconds, 0 or more");
  }
  return std::llround(*value);
}

Op read_row(std::string_view line, std::size_t columns, std::size_t row,
            std::uint32_t blocks_per_sm, const Refusal& refuse) {
  std::vector<std::string> fields = row_fields(line, columns, row, refuse);
  const std::int64_t profile = whole(fields[1], row, "Profile", -1, 1, refuse);
  const std::int64_t footprint =
      whole(fields[2], row, "Memory_footprint", 0, std::int64_t{1} << 50, refuse);
  const std::int64_t sms = whole(fields[3], row, "SM_usage", 1, 10'000'000, refuse);
  Op op;
  op.name = std::move(fields[0]);
  op.boundness = static_cast<Boundness>(profile);
  op.grid.x = static_cast<std::uint32_t>(sms) * blocks_per_sm;
  op.block.x = kBlockThreads;
  op.duration = op.duration_p25 = op.duration_p75 = duration(fields[4], row, refuse);
  // Files of first iterations hold -1,1,1 and a few nanoseconds in every row: only their number
  // means anything.
  const bool placeholder = profile == -1 && footprint == 1 && sms == 1 && op.duration < 100;
  op.evidence =
      placeholder ? "placeholder row, not a measurement" : fmt::format("orion profile={}", profile);
  return op;
}

// Fills in what a name of the form <model>-<mode>-b<batch>-<precision> says; any other is only a
// name.
void name_program(Program& program, const std::string& name) {
  program.name = program.model = name;
  for (const auto& [word, mode] : {std::pair{std::string_view("-inference-b"), Mode::inference},
                                   std::pair{std::string_view("-training-b"), Mode::training}}) {
    const std::size_t at = name.find(word);
    if (at == std::string::npos) {
      continue;
    }
    const std::size_t batch_at = at + word.size();
    const std::size_t dash = std::min(name.find('-', batch_at), name.size());
    const auto batch = parse_integer(std::string_view(name).substr(batch_at, dash - batch_at));
    if (batch && *batch >= 0 && *batch < 1'000'000'000) {
      program.model = name.substr(0, at);
      program.mode = mode;
      program.batch = static_cast<std::uint32_t>(*batch);
      program.precision = dash < name.size() ? name.substr(dash + 1) : "";
    }
  }
}

} // namespace

Program import_orion_kernels(std::string_view csv, const std::string& source,
                             const std::string& name, const GpuSpec& gpu) {
  const Refusal refuse(source);
  const std::string_view header = take_line(csv);
  if (header != kColumns && header.rfind(std::string(kColumns) + ',', 0) != 0) {
    refuse.at(1, "", header.empty() ? "is empty" : fmt::format("is {}", quote(header)),
              fmt::format("the columns {}", quote(kColumns)));
  }
  const auto columns = static_cast<std::size_t>(std::count(header.begin(), header.end(), ',')) + 1;

  Op block;
  block.block.x = kBlockThreads;
  const std::uint32_t per_sm = blocks_per_sm(gpu, block);

  Program program;
  name_program(program, name);
  program.gpu = gpu.id;
  program.label = Label::imported;
  program.dependent_gap = gpu.launch.dependent_gap;
  for (std::size_t row = 2; !csv.empty(); ++row) {
    const std::string_view line = take_line(csv);
    if (line.empty()) {
      if (csv.empty()) {
        break;
      }
      refuse.at(row, "", "is empty", "a kernel");
    }
    program.ops.push_back(read_row(line, columns, row, per_sm, refuse));
    program.ops.back().blocks_per_sm = per_sm;
  }
  if (program.ops.empty()) {
    refuse.at(2, "", "the file ends here", "at least one kernel");
  }
  return program;
}

} // namespace cotenant
