// The strict reader of program files. It accepts what the writer writes and little else: a program
// decides what every figure says, so a file that was cut, edited or made by another version must
// not pass as data.
#include <fmt/format.h>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/csv.h"
#include "base/error.h"
#include "base/text.h"
#include "program/program_file.h"
#include "program/program_text.h"

namespace cotenant {

namespace {

using namespace program_text;
using Json = nlohmann::ordered_json;

constexpr std::int64_t kLargest = std::int64_t{1} << 62;
constexpr std::int64_t kLargestTime = std::int64_t{1} << 53; // 104 days
constexpr std::int64_t kLargest32 = std::numeric_limits<std::uint32_t>::max();

// The text line by line, with the number of the line (from 1) that errors name.
class Lines {
 public:
  Lines(std::string_view text, const std::string& source) : rest_(text), source_(source) {}

  std::string_view next(const char* expected) {
    ++row_;
    const std::size_t end = rest_.find('\n');
    if (end == std::string_view::npos) {
      refuse("", rest_.empty() ? "the file ends here" : "the file ends within this row", expected);
    }
    const std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return line;
  }

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] std::size_t row() const { return row_; }

  [[noreturn]] void refuse(std::string_view column, std::string_view reason,
                           std::string_view expected) const {
    throw InputError(fmt::format("{}: row {}{}{}: {}; expected {}", source_, row_,
                                 column.empty() ? "" : ", column ", column, reason, expected));
  }

  void next_is(std::string_view wanted, const char* what) {
    const std::string_view line = next(what);
    if (line != wanted) {
      refuse("", fmt::format("is {}", quote(line)), fmt::format("{} ({})", quote(wanted), what));
    }
  }

 private:
  std::string_view rest_;
  const std::string& source_;
  std::size_t row_ = 0;
};

// --- header
// -------------------------------------------------------------------------------------------------------

const Json& member(const Lines& at, const Json& object, const std::string& path,
                   const std::string& name) {
  const auto found = object.find(name);
  if (found == object.end()) {
    at.refuse(path + name, "is missing", "a header with all fields of version 1");
  }
  return *found;
}

std::string header_text(const Lines& at, const Json& object, const std::string& name) {
  const Json& value = member(at, object, "", name);
  if (!value.is_string()) {
    at.refuse(name, fmt::format("is {}", value.type_name()), "a text");
  }
  return value.get<std::string>();
}

std::int64_t header_integer(const Lines& at, const Json& object, const std::string& path,
                            const std::string& name, std::int64_t largest) {
  const Json& value = member(at, object, path, name);
  if (!value.is_number_integer()) {
    at.refuse(path + name, fmt::format("is {}", value.type_name()), "a whole number");
  }
  // An unsigned value beyond int64 must not wrap to a small one.
  if (value.is_number_unsigned() ? value.get<std::uint64_t>() > static_cast<std::uint64_t>(largest)
                                 : value.get<std::int64_t>() < 0) {
    at.refuse(path + name, fmt::format("is {}", value.dump()), fmt::format("0 to {}", largest));
  }
  return value.get<std::int64_t>();
}

const Json& header_object(const Lines& at, const Json& object, const std::string& name) {
  const Json& value = member(at, object, "", name);
  if (!value.is_object()) {
    at.refuse(name, fmt::format("is {}", value.type_name()), "an object");
  }
  return value;
}

template <typename Enum, std::size_t N>
Enum enumerator(const Lines& at, std::string_view column, std::string_view text,
                const std::array<std::string_view, N>& words, int first = 0) {
  for (std::size_t i = 0; i < N; ++i) {
    if (text == words[i]) {
      return static_cast<Enum>(static_cast<int>(i) + first);
    }
  }
  at.refuse(column, fmt::format("is {}", quote(text)),
            "one of " + joined({words.begin(), words.end()}));
}

struct Header {
  Program program;
  std::int64_t ops = 0;
  std::int64_t memory_events = 0;
  std::int64_t op_sum = 0;
};

Header read_header(Lines& lines) {
  const std::string_view line = lines.next("a program header");
  Json json;
  try {
    json = Json::parse(line);
  } catch (const Json::exception&) {
    lines.refuse("", "the header is not JSON",
                 "one line of JSON that begins with {\"format\":\"cotenant-program\"");
  }
  if (!json.is_object()) {
    lines.refuse("", "the header is not a JSON object", "{\"format\":\"cotenant-program\", …}");
  }
  if (const std::string format = header_text(lines, json, "format"); format != kFormat) {
    lines.refuse("format", fmt::format("is {}", quote(format)), quote(kFormat));
  }
  if (const std::int64_t version = header_integer(lines, json, "", "version", kLargest);
      version != kVersion) {
    lines.refuse(
        "version", fmt::format("is {}", version),
        fmt::format("{} (record the program again, or use the release that wrote it)", kVersion));
  }
  Header header;
  Program& program = header.program;
  program.name = header_text(lines, json, "name");
  program.gpu = header_text(lines, json, "gpu");
  program.label = enumerator<Label>(lines, "label", header_text(lines, json, "label"), kLabels);
  program.model = header_text(lines, json, "model");
  program.mode = enumerator<Mode>(lines, "mode", header_text(lines, json, "mode"), kModes);
  program.batch = static_cast<std::uint32_t>(header_integer(lines, json, "", "batch", kLargest32));
  program.precision = header_text(lines, json, "precision");
  header.ops = header_integer(lines, json, "", "ops", 1 << 28);
  header.memory_events = header_integer(lines, json, "", "memory_events", 1 << 28);
  const Json& solo = header_object(lines, json, "solo");
  program.solo_latency = header_integer(lines, solo, "solo.", "latency_ns", kLargestTime);
  program.solo_busy = header_integer(lines, solo, "solo.", "busy_ns", kLargestTime);
  program.dependent_gap = header_integer(lines, solo, "solo.", "dependent_gap_ns", kLargestTime);
  header.op_sum = header_integer(lines, solo, "solo.", "op_sum_ns", kLargestTime);
  const Json& memory = header_object(lines, json, "memory");
  program.persistent_bytes = header_integer(lines, memory, "memory.", "persistent_bytes", kLargest);
  program.peak_bytes = header_integer(lines, memory, "memory.", "peak_bytes", kLargest);
  program.header_json = line;
  return header;
}

// --- ops
// ----------------------------------------------------------------------------------------------------------

// Takes the fields of one row from left to right.
class Row {
 public:
  Row(const Lines& at, const std::vector<std::string>& columns, std::vector<std::string>& fields)
      : at_(at), columns_(columns), fields_(fields) {}

  std::string& text() { return fields_[next_++]; }

  std::int64_t integer(std::int64_t low, std::int64_t high) {
    const std::string& field = fields_[next_];
    const auto value = parse_integer(field);
    if (!value || *value < low || *value > high) {
      refuse(fmt::format("is {}", quote(field)),
             high == kLargest ? fmt::format("a whole number of at least {}", low)
                              : fmt::format("a whole number from {} to {}", low, high));
    }
    ++next_;
    return *value;
  }

  std::int64_t integer_or(std::int64_t absent, std::int64_t low, std::int64_t high) {
    return skip_empty() ? absent : integer(low, high);
  }

  std::uint32_t small_or(std::uint32_t absent, std::int64_t low, std::int64_t high = kLargest32) {
    return static_cast<std::uint32_t>(integer_or(absent, low, high));
  }

  double share_or_unknown() {
    if (skip_empty()) {
      return kUnknown;
    }
    const auto value = parse_number(fields_[next_]);
    if (!value || !(*value >= 0 && *value <= 1)) {
      refuse(fmt::format("is {}", quote(fields_[next_])), "a number from 0 to 1");
    }
    ++next_;
    return *value + 0.0; // "-0" is 0
  }

  template <typename Enum, std::size_t N>
  Enum word(const std::array<std::string_view, N>& words, int first = 0) {
    const Enum value = enumerator<Enum>(at_, columns_[next_], fields_[next_], words, first);
    ++next_;
    return value;
  }

  void must_be_empty(std::size_t count, std::string_view kind) {
    for (; count > 0; --count) {
      if (!skip_empty()) {
        refuse(fmt::format("is {}", quote(fields_[next_])),
               fmt::format("an empty field for a {}", kind));
      }
    }
  }

  [[noreturn]] void refuse(std::string_view reason, std::string_view expected) const {
    at_.refuse(columns_[next_], reason, expected);
  }

 private:
  bool skip_empty() {
    if (!fields_[next_].empty()) {
      return false;
    }
    ++next_;
    return true;
  }

  const Lines& at_;
  const std::vector<std::string>& columns_;
  std::vector<std::string>& fields_;
  std::size_t next_ = 0;
};

void read_geometry(const Lines& at, Row& row, Op& op) {
  if (op.kind != OpKind::kernel) {
    row.must_be_empty(11, word(op.kind));
    return;
  }
  // CUDA's limits: 2^31 - 1 blocks in x, 65535 in y and z, 1024 threads a block.
  op.grid.x = static_cast<std::uint32_t>(row.integer(1, 0x7fffffff));
  op.grid.y = static_cast<std::uint32_t>(row.integer(1, 65535));
  op.grid.z = static_cast<std::uint32_t>(row.integer(1, 65535));
  op.block.x = static_cast<std::uint32_t>(row.integer(1, 1024));
  op.block.y = static_cast<std::uint32_t>(row.integer(1, 1024));
  op.block.z = static_cast<std::uint32_t>(row.integer(1, 1024));
  if (op.block.count() > 1024) {
    at.refuse("block_x", fmt::format("a block of {} threads", op.block.count()),
              "at most 1024 threads a block");
  }
  op.registers = row.small_or(0, 0, 255);
  op.smem_static = row.small_or(0, 0, 1 << 28);
  op.smem_dynamic = row.small_or(0, 0, 1 << 28);
  op.cluster = row.small_or(1, 1, 65535);
  op.blocks_per_sm = row.small_or(0, 0, 1024);
}

Op read_op(const Lines& at, Row& row, std::int64_t index) {
  if (const std::int64_t found = row.integer(0, kLargest); found != index) {
    at.refuse("index", fmt::format("is {}", found),
              fmt::format("{} (rows count up from 0)", index));
  }
  Op op;
  op.kind = row.word<OpKind>(kKinds);
  op.name = std::move(row.text());
  op.phase = row.word<Phase>(kPhases);
  read_geometry(at, row, op);
  op.duration = row.integer(0, kLargestTime);
  op.duration_p25 = row.integer(0, op.duration);
  op.duration_p75 = row.integer(op.duration, kLargestTime);
  op.host_gap = row.integer_or(0, 0, kLargestTime);
  op.bytes = op.is_copy() || op.kind == OpKind::memset ? row.integer(0, kLargest)
                                                       : row.integer_or(0, 0, kLargest);
  op.dram_read_bytes = row.integer_or(-1, 0, kLargest);
  op.dram_write_bytes = row.integer_or(-1, 0, kLargest);
  op.sm_util = row.share_or_unknown();
  op.dram_util = row.share_or_unknown();
  op.flop_fp32 = row.integer_or(0, 0, kLargest);
  op.flop_fp16 = row.integer_or(0, 0, kLargest);
  op.flop_fp64 = row.integer_or(0, 0, kLargest);
  op.flop_tensor = row.integer_or(0, 0, kLargest);
  op.boundness = row.word<Boundness>(kBoundness, -1);
  op.evidence = std::move(row.text());
  return op;
}

// Splits the next row into `fields`. Returns false, with the line in `mark`, at one that begins
// another section.
bool next_row(Lines& lines, const char* expected, const std::vector<std::string>& columns,
              std::vector<std::string>& fields, std::string_view& mark) {
  const std::string_view line = lines.next(expected);
  if (!line.empty() && line.front() == '[') {
    mark = line;
    return false;
  }
  if (const auto reason = split_csv_row(line, fields)) {
    lines.refuse("", *reason, "a row of comma-separated values, quoted as in RFC 4180");
  }
  if (fields.size() != columns.size()) {
    lines.refuse("", fmt::format("has {} fields", fields.size()),
                 fmt::format("{}", columns.size()));
  }
  return true;
}

void read_ops(Lines& lines, const Header& header, Program& program) {
  lines.next_is(kOpColumns, "the op columns of version 1");
  std::vector<std::string> columns;
  split_csv_row(kOpColumns, columns);
  std::vector<std::string> fields;
  std::string_view mark;
  Nanos sum = 0;
  while (next_row(lines, "an op or [memory]", columns, fields, mark)) {
    Row row(lines, columns, fields);
    program.ops.push_back(read_op(lines, row, static_cast<std::int64_t>(program.ops.size())));
    sum += program.ops.back().duration;
    if (sum > kLargestTime) {
      lines.refuse("duration_ns", "the durations add up to more than 104 days", "nanoseconds");
    }
  }
  const auto count = static_cast<std::int64_t>(program.ops.size());
  if (mark != kMemoryMark) {
    lines.refuse("", fmt::format("is {}", quote(mark)), "an op or [memory]");
  }
  if (count != header.ops) {
    lines.refuse("", fmt::format("[memory] after {} ops", count),
                 fmt::format("{} ops (header, ops)", header.ops));
  }
  if (sum != header.op_sum) {
    lines.refuse("", fmt::format("the durations of the ops add up to {} ns", sum),
                 fmt::format("{} ns (header, solo.op_sum_ns)", header.op_sum));
  }
}

// --- memory
// -------------------------------------------------------------------------------------------------------

void read_memory(Lines& lines, const Header& header, Program& program) {
  lines.next_is(kMemoryColumns, "the memory columns of version 1");
  std::vector<std::string> columns;
  split_csv_row(kMemoryColumns, columns);
  constexpr std::array<std::string_view, 2> kEvents = {"alloc", "free"};
  std::vector<std::string> fields;
  std::string_view mark;
  std::map<std::uint32_t, std::int64_t> live;
  std::int64_t earliest = 0;
  while (next_row(lines, "a memory event or [end]", columns, fields, mark)) {
    Row row(lines, columns, fields);
    MemoryEvent event;
    earliest = row.integer(earliest, header.ops);
    event.op = static_cast<std::uint32_t>(earliest);
    event.alloc = row.word<int>(kEvents) == 0;
    event.block = static_cast<std::uint32_t>(row.integer(0, kLargest32));
    event.bytes = row.integer(0, kLargest);
    if (event.alloc && !live.emplace(event.block, event.bytes).second) {
      lines.refuse("block", fmt::format("{} is allocated twice", event.block),
                   "a free between two allocations");
    }
    if (!event.alloc) {
      const auto found = live.find(event.block);
      if (found == live.end()) {
        lines.refuse("block", fmt::format("{} is freed and not allocated", event.block),
                     "a block allocated above");
      }
      if (found->second != event.bytes) {
        lines.refuse("bytes", fmt::format("is {}", event.bytes),
                     fmt::format("the {} bytes that block {} was allocated with", found->second,
                                 event.block));
      }
      live.erase(found);
    }
    program.memory.push_back(event);
  }
  if (const auto count = static_cast<std::int64_t>(program.memory.size());
      count != header.memory_events) {
    lines.refuse("", fmt::format("{} after {} memory events", quote(mark), count),
                 fmt::format("{} memory events (header, memory_events)", header.memory_events));
  }
  const std::string end =
      fmt::format("[end] ops={} memory_events={}", header.ops, header.memory_events);
  if (mark != end) {
    lines.refuse("", fmt::format("is {}", quote(mark)),
                 fmt::format("{} (from the header)", quote(end)));
  }
  if (!lines.at_end()) {
    lines.next("nothing behind [end]");
    lines.refuse("", "text behind [end]", "the end of the file");
  }
}

} // namespace

Program parse_program(std::string_view text, const std::string& source) {
  Lines lines(text, source);
  Header header = read_header(lines);
  Program program = std::move(header.program);
  read_ops(lines, header, program);
  read_memory(lines, header, program);
  return program;
}

} // namespace cotenant
