#include "device/gpu_spec.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <nlohmann/json.hpp>
#include <system_error>
#include <type_traits>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace cotenant {

namespace {

using Json = nlohmann::json;

constexpr double kFree = std::numeric_limits<double>::infinity();

// One object of the file. Every member must be asked for exactly once before done(), so that a
// misspelt name is an error and not a default.
class Section {
 public:
  Section(const Json& object, std::string source, std::string path)
      : object_(object), source_(std::move(source)), path_(std::move(path)) {
    if (!object_.is_object()) {
      fail("", fmt::format("is {}; expected an object", object_.type_name()));
    }
  }

  [[noreturn]] void fail(const std::string& name, const std::string& what) const {
    const std::string dot = path_.empty() || name.empty() ? "" : ".";
    const std::string field = path_ + dot + name;
    throw InputError(fmt::format("{}: {}{}{}", source_, field, field.empty() ? "" : ": ", what));
  }

  const Json& member(const std::string& name) {
    known_.push_back(name);
    const auto found = object_.find(name);
    if (found == object_.end()) {
      fail(name, "is missing");
    }
    return *found;
  }

  std::string text(const std::string& name) {
    const Json& value = member(name);
    if (!value.is_string() || value.get_ref<const std::string&>().empty()) {
      fail(name, "expected a text that is not empty");
    }
    return value.get<std::string>();
  }

  Section section(const std::string& name) { return Section(member(name), source_, name); }

  // {"value": v, "unit": unit, "source": "…"} with low <= v <= high.
  double number(const std::string& name, const std::string& unit, double low, double high = kFree) {
    const Json& value = quantity(name, unit);
    if (!value.is_number()) {
      fail(name + ".value", fmt::format("is {}; expected a number", value.type_name()));
    }
    return in_range(name + ".value", value.get<double>(), low, high);
  }

  // The same for counts and sizes: a whole number that T can hold.
  template <typename T>
  T whole(const std::string& name, const std::string& unit, double low, double high = kLargest<T>) {
    const double value = number(name, unit, low, high);
    return static_cast<T>(whole_value(name + ".value", value));
  }

  std::vector<std::uint32_t> ascending(const std::string& name, const std::string& unit) {
    const Json& list = quantity(name, unit);
    if (!list.is_array() || list.empty()) {
      fail(name + ".value", "expected a list of numbers that is not empty");
    }
    std::vector<std::uint32_t> out;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string item = fmt::format("{}.value[{}]", name, i);
      if (!list[i].is_number()) {
        fail(item, fmt::format("is {}; expected a number", list[i].type_name()));
      }
      const double value = in_range(item, list[i].get<double>(), 0, kLargest<std::uint32_t>);
      out.push_back(static_cast<std::uint32_t>(whole_value(item, value)));
      if (i > 0 && out[i] <= out[i - 1]) {
        fail(item, fmt::format("is {} after {}; expected an ascending list", out[i], out[i - 1]));
      }
    }
    return out;
  }

  void optional(const std::string& name) { known_.push_back(name); }

  // Whether the member, which may be left out, is there.
  [[nodiscard]] bool has(const std::string& name) {
    optional(name);
    return object_.contains(name);
  }

  void done() const {
    for (const auto& [name, value] : object_.items()) {
      if (std::find(known_.begin(), known_.end(), name) == known_.end()) {
        fail(name, "unknown field" + did_you_mean(name, known_));
      }
    }
  }

 private:
  // Integers above 2^53 have gaps as doubles; nothing here comes near.
  template <typename T>
  static constexpr double kLargest = sizeof(T) < 8
                                         ? static_cast<double>(std::numeric_limits<T>::max())
                                         : 0x1p53;

  const Json& quantity(const std::string& name, const std::string& unit) {
    const Json& value = member(name);
    if (!value.is_object()) {
      fail(name, R"(expected {"value": …, "unit": …, "source": …})");
    }
    for (const char* key : {"value", "unit", "source"}) {
      if (!value.contains(key)) {
        fail(name + '.' + key, "is missing");
      }
    }
    for (const auto& [key, ignored] : value.items()) {
      if (key != "value" && key != "unit" && key != "source") {
        fail(name + '.' + key, "unknown field" + did_you_mean(key, {"value", "unit", "source"}));
      }
    }
    if (value["unit"] != unit) {
      fail(name + ".unit",
           fmt::format("is {}; expected \"{}\"",
                       value["unit"].dump(-1, ' ', false, Json::error_handler_t::replace), unit));
    }
    if (!value["source"].is_string() || value["source"].get_ref<const std::string&>().empty()) {
      fail(name + ".source", "expected where the number comes from");
    }
    return value["value"];
  }

  double in_range(const std::string& name, double value, double low, double high) const {
    if (!(value >= low && value <= high)) {
      fail(name, high == kFree ? fmt::format("is {}; expected at least {}", value, low)
                               : fmt::format("is {}; expected {} to {}", value, low, high));
    }
    return value;
  }

  double whole_value(const std::string& name, double value) const {
    if (value != std::floor(value)) {
      fail(name, fmt::format("is {}; expected a whole number", value));
    }
    return value;
  }

  const Json& object_;
  std::string source_;
  std::string path_;
  std::vector<std::string> known_;
};

GpuSpec::Sm read_sm(Section s) {
  GpuSpec::Sm sm;
  sm.count = s.whole<std::uint32_t>("count", "SMs", 1, 4096);
  sm.threads = s.whole<std::uint32_t>("threads", "threads/SM", 32, 65536);
  sm.blocks = s.whole<std::uint32_t>("blocks", "blocks/SM", 1, 1024);
  sm.registers = s.whole<std::uint32_t>("registers", "registers/SM", 1024);
  sm.register_unit = s.whole<std::uint32_t>("register_unit_per_warp", "registers/warp", 1, 65536);
  sm.warp_unit = s.whole<std::uint32_t>("warp_unit", "warps", 1, 64);
  sm.shared_memory = s.whole<std::uint32_t>("shared_memory_bytes", "bytes/SM", 1024);
  sm.shared_memory_unit = s.whole<std::uint32_t>("shared_memory_unit_bytes", "bytes", 1, 65536);
  sm.shared_memory_splits = s.ascending("shared_memory_splits_bytes", "bytes/SM");
  sm.shared_memory_reserved =
      s.whole<std::uint32_t>("shared_memory_reserved_per_block_bytes", "bytes/block", 0);
  sm.fp32_lanes = s.whole<std::uint32_t>("fp32_lanes", "lanes/SM", 1, 65536);
  sm.clock_mhz = s.number("clock_mhz", "MHz", 1, 1e6);
  s.done();
  if (sm.threads % 32 != 0) {
    s.fail("threads.value", fmt::format("is {}; expected whole warps of 32", sm.threads));
  }
  if (sm.shared_memory_splits.back() != sm.shared_memory) {
    s.fail("shared_memory_splits_bytes.value",
           fmt::format("ends at {}; expected the last split to be shared_memory_bytes, {}",
                       sm.shared_memory_splits.back(), sm.shared_memory));
  }
  if (sm.shared_memory_reserved >= sm.shared_memory) {
    s.fail("shared_memory_reserved_per_block_bytes.value",
           "expected less than shared_memory_bytes");
  }
  return sm;
}

GpuSpec::Launch read_launch(Section s) {
  GpuSpec::Launch launch;
  const double longest = 1e12; // a quarter of an hour: anything beyond is a slip in the unit
  launch.host = s.whole<Nanos>("host_ns", "ns", 0, longest);
  launch.latency = s.whole<Nanos>("latency_ns", "ns", 0, longest);
  launch.empty_kernel = s.whole<Nanos>("empty_kernel_ns", "ns", 0, longest);
  launch.dependent_gap = s.whole<Nanos>("dependent_gap_ns", "ns", 0, longest);
  launch.busy_gap = s.whole<Nanos>("busy_gap_ns", "ns", 0, longest);
  launch.mps_gap = s.whole<Nanos>("mps_gap_ns", "ns", 0, longest);
  launch.mark = s.whole<Nanos>("mark_ns", "ns", 0, longest);
  launch.query = s.whole<Nanos>("query_ns", "ns", 0, longest);
  launch.poll = s.whole<Nanos>("poll_ns", "ns", 0, longest);
  launch.sync = s.whole<Nanos>("sync_ns", "ns", 0, longest);
  launch.queue_depth = s.whole<std::uint32_t>("queue_depth", "ops/stream", 1, 1 << 24);
  s.done();
  return launch;
}

} // namespace

GpuSpec parse_gpu_spec(std::string_view json, const std::string& source) {
  Json document;
  try {
    document = Json::parse(json);
  } catch (const Json::exception& error) {
    // The library's message starts with a bracketed id that means nothing to a user.
    const std::string_view what = error.what();
    const std::size_t id = what.find("] ");
    throw InputError(fmt::format("{}: not JSON: {}", source,
                                 id == std::string_view::npos ? what : what.substr(id + 2)));
  }
  Section top(document, source, "");
  top.optional("$schema");
  if (const Json& version = top.member("version"); version != 1) {
    top.fail("version", fmt::format("is {}; expected 1",
                                    version.dump(-1, ' ', false, Json::error_handler_t::replace)));
  }
  GpuSpec gpu;
  gpu.id = top.text("id");
  gpu.name = top.text("name");
  gpu.architecture = top.text("architecture");
  gpu.sm = read_sm(top.section("sm"));

  Section peak = top.section("peak");
  gpu.peak.fp32_flops = peak.number("fp32_flops", "FLOP/s", 1);
  gpu.peak.tf32_flops = peak.number("tf32_flops", "FLOP/s", 0);
  gpu.peak.bf16_flops = peak.number("bf16_flops", "FLOP/s", 0);
  peak.done();

  Section memory = top.section("memory");
  gpu.memory.bytes = memory.whole<std::int64_t>("bytes", "bytes", 1);
  gpu.memory.bandwidth = memory.number("bandwidth_bytes_per_s", "bytes/s", 1);
  gpu.memory.achievable_fraction = memory.number("achievable_fraction", "fraction", 0.01, 1);
  gpu.memory.l2_bytes = memory.whole<std::int64_t>("l2_bytes", "bytes", 1);
  memory.done();

  Section link = top.section("link");
  gpu.link.h2d_bandwidth = link.number("h2d_bytes_per_s", "bytes/s", 1);
  gpu.link.d2h_bandwidth = link.number("d2h_bytes_per_s", "bytes/s", 1);
  gpu.link.latency = link.whole<Nanos>("latency_ns", "ns", 0, 1e12);
  link.done();

  gpu.launch = read_launch(top.section("launch"));

  Section timeslice = top.section("timeslice");
  gpu.timeslice.quantum = timeslice.whole<Nanos>("quantum_ns", "ns", 1, 1e12);
  gpu.timeslice.switch_cost = timeslice.whole<Nanos>("switch_ns", "ns", 0, 1e12);
  timeslice.done();

  Section contention = top.section("contention");
  gpu.contention.dram_queueing_gain = contention.number("dram_queueing_gain", "ratio", 0, 100);
  gpu.contention.dram_latency_ns = contention.number("dram_latency_ns", "ns", 0, 1e6);
  gpu.contention.dram_loads_in_flight = contention.number("dram_loads_in_flight", "ratio", 0, 100);
  gpu.contention.dram_stores_in_flight =
      contention.number("dram_stores_in_flight", "ratio", 0, 100);
  gpu.contention.block_drift = contention.number("block_drift", "ratio", 0, 1);
  contention.done();

  if (top.has("reset")) {
    Section reset = top.section("reset");
    gpu.reset = {.command = reset.whole<Nanos>("command_ns", "ns", 0, 1e12)};
    reset.done();
  }

  top.done();
  return gpu;
}

GpuSpec load_gpu_spec(const std::filesystem::path& file) {
  GpuSpec gpu = parse_gpu_spec(read_file(file), file.string());
  if (gpu.id != file.stem().string()) {
    throw InputError(fmt::format("{}: id: is {}; expected the file's name, {}", file.string(),
                                 quote(gpu.id), quote(file.stem().string())));
  }
  return gpu;
}

std::vector<std::string> list_gpu_ids(const std::filesystem::path& data_dir) {
  const std::filesystem::path folder = data_dir / "gpus";
  std::vector<std::string> ids;
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    if (it->path().extension() == ".json") {
      ids.push_back(it->path().stem().string());
    }
  }
  if (error) {
    throw InputError(fmt::format("{}: cannot list: {}; expected the folder of GPU specifications",
                                 folder.string(), error.message()));
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

GpuSpec find_gpu_spec(const std::filesystem::path& data_dir, const std::string& id) {
  const std::vector<std::string> ids = list_gpu_ids(data_dir);
  if (!std::binary_search(ids.begin(), ids.end(), id)) {
    throw InputError(fmt::format("unknown GPU {}{}", quote(id), did_you_mean(id, ids)));
  }
  return load_gpu_spec(data_dir / "gpus" / (id + ".json"));
}

} // namespace cotenant
