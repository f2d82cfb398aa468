#include "cli/orion_config.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "run/json_fields.h"

namespace cotenant {
namespace {

constexpr std::int64_t kMost = 1'000'000'000;
constexpr double kLeastRate = 1e-6; // slower traffic is a mistake in the unit

/// Fields without effect, each with the clients that have it, in order of first appearance.
class Notes {
 public:
  void add(const std::string& field, std::size_t client, const std::string& reason) {
    auto found = std::find_if(notes_.begin(), notes_.end(), [&](const Note& note) {
      return note.field == field && note.reason == reason;
    });
    if (found == notes_.end()) {
      found = notes_.insert(notes_.end(), {.field = field, .reason = reason, .clients = {}});
    }
    found->clients.push_back(std::to_string(client));
  }

  [[nodiscard]] std::vector<std::string> lines() const {
    std::vector<std::string> result;
    for (const Note& note : notes_) {
      result.push_back(fmt::format("{} of client{} {}: {}", note.field,
                                   note.clients.size() > 1 ? "s" : "", joined(note.clients),
                                   note.reason));
    }
    return result;
  }

 private:
  struct Note {
    std::string field;
    std::string reason;
    std::vector<std::string> clients;
  };
  std::vector<Note> notes_;
};

bool read_flag(Fields& fields, const char* name) {
  const nlohmann::json& value = fields.at(name);
  if (!value.is_boolean()) {
    throw InputError(
        fmt::format("{}: {}; expected true or false", fields.path(name), shown(value)));
  }
  return value.get<bool>();
}

double read_rate(Fields& fields) {
  const nlohmann::json& value = fields.at("rps");
  const double rate = value.is_number() ? value.get<double>() : -1;
  if (rate != 0 && !(rate >= kLeastRate)) {
    throw InputError(fmt::format("{}: {}; expected requests per second, or 0 for a closed loop",
                                 fields.path("rps"), shown(value)));
  }
  return rate;
}

std::filesystem::path read_path(Fields& fields, const char* name,
                                const std::filesystem::path& folder) {
  return folder / fields.text(name); // an absolute path replaces the folder
}

void read_args(OrionClient& client, const std::string& arch, const nlohmann::json& value,
               std::size_t index, const std::filesystem::path& folder, Notes& notes) {
  Fields args(value, client.where + ".args");
  client.model = arch;
  // Orion's vision loop takes its model from model_name alone; the language models have no such field.
  if (args.find("model_name") != nullptr) {
    const std::string name = args.text("model_name");
    if (arch == "bert" || arch == "transformer") {
      notes.add("args.model_name", index, "not used by " + arch);
    } else {
      client.model = name;
      if (name != arch) {
        notes.add("arch", index, fmt::format("{}; the model is args.model_name, {}", arch, name));
      }
    }
  }
  client.batch = static_cast<std::uint32_t>(args.integer("batchsize", 1, kMost));
  client.training = read_flag(args, "train");
  client.rate = read_rate(args);
  if (args.find("input_file") != nullptr) {
    client.gaps_file = read_path(args, "input_file", folder);
    if (client.rate != 0) {
      notes.add("args.rps", index, "input_file has the arrivals");
    }
  }
  const bool paced = client.rate != 0 && !client.gaps_file;
  if (paced || args.find("uniform") != nullptr) {
    client.uniform = read_flag(args, "uniform");
    if (!paced) {
      notes.add("args.uniform", index,
                client.gaps_file ? "input_file has the arrivals" : "the loop is closed (rps is 0)");
    }
  }
  if (args.find("dummy_data") != nullptr) {
    read_flag(args, "dummy_data");
    notes.add("args.dummy_data", index,
              "a recorded program does not depend on what its input holds");
  }
  args.finish();
}

/// The high-priority client is the last by position. A field that says otherwise is not Orion's, and must
/// not be passed over as other unknown fields are.
void check_priority(Fields& fields, bool last) {
  const nlohmann::json* value = fields.find("priority");
  if (value == nullptr) {
    return;
  }
  const bool high = *value == "high" || *value == "hp" || *value == true;
  if (high != last) {
    throw InputError(fmt::format(
        "{}: {}; expected {}: the last client of the list, and no other, has high priority",
        fields.path("priority"), shown(*value), last ? "\"high\"" : "\"best-effort\""));
  }
}

OrionClient read_client(const nlohmann::json& value, const std::string& where, std::size_t index,
                        bool last, const std::filesystem::path& folder, Notes& notes) {
  Fields fields(value, where);
  OrionClient client;
  client.where = where;
  const std::string arch = fields.text("arch");
  client.kernel_file = read_path(fields, "kernel_file", folder);
  client.kernels = fields.integer("num_kernels", 1, kMost);
  const bool second_file = fields.find("additional_kernel_file") != nullptr;
  if (second_file != (fields.find("additional_num_kernels") != nullptr)) {
    throw InputError(fmt::format(
        "{}: missing; additional_kernel_file and additional_num_kernels "
        "go together",
        fields.path(second_file ? "additional_num_kernels" : "additional_kernel_file")));
  }
  if (second_file) {
    client.later_kernel_file = read_path(fields, "additional_kernel_file", folder);
    client.later_kernels = fields.integer("additional_num_kernels", 1, kMost);
  }
  client.iterations = fields.integer("num_iters", kOrionWarmup + 1, kMost);
  check_priority(fields, last);
  read_args(client, arch, fields.at("args"), index, folder, notes);
  const std::vector<std::string> known = {
      "arch",      "kernel_file", "num_kernels", "additional_kernel_file", "additional_num_kernels",
      "num_iters", "args",        "priority"};
  for (const auto& [name, unused] : value.items()) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      notes.add(quote(name), index, "not a field of Orion's" + did_you_mean(name, known));
    }
  }
  return client;
}

} // namespace

OrionConfig parse_orion_config(std::string_view text, const std::string& source,
                               const std::filesystem::path& folder) {
  const nlohmann::json list = parse_json(text, source);
  if (!list.is_array() || list.empty()) {
    throw InputError(fmt::format("{}: {}; expected a list of clients, the high-priority one last",
                                 source, shown(list)));
  }
  OrionConfig config;
  Notes notes;
  for (std::size_t i = 0; i < list.size(); ++i) {
    config.clients.push_back(read_client(list[i], fmt::format("{}: client {}", source, i), i,
                                         i + 1 == list.size(), folder, notes));
  }
  config.notes = notes.lines();
  return config;
}

} // namespace cotenant
