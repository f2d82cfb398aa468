#include "run/plan.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/file.h"
#include "run/json_fields.h"

namespace cotenant {
namespace {

constexpr std::int64_t kMaxRequests = 1'000'000'000;

/// Lower-case letters, digits and `extra`, at least one.
bool is_name(const std::string& text, std::string_view extra) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           extra.find(c) != std::string_view::npos;
  });
}

std::vector<Nanos> read_gaps(const std::filesystem::path& file, const std::string& where) {
  const nlohmann::json list = parse_json(read_file(file), file.string());
  if (!list.is_array() || list.empty()) {
    throw InputError(fmt::format("{}: {} holds no list of gaps; expected a JSON list of seconds",
                                 where, file.string()));
  }
  std::vector<Nanos> gaps;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!list[i].is_number() || !(list[i].get<double>() >= 0) || list[i].get<double>() > 1e9) {
      throw InputError(fmt::format("{}: element {}: {}; expected a gap in seconds, zero or more",
                                   file.string(), i, shown(list[i])));
    }
    gaps.push_back(static_cast<Nanos>(std::nearbyint(list[i].get<double>() * 1e9)));
  }
  return gaps;
}

void read_traffic(ClientPlan& client, const nlohmann::json& value, const std::string& where,
                  const std::filesystem::path& folder) {
  Fields fields(value, where);
  const std::string kind = fields.text("kind");
  if (kind == "closed") {
    client.traffic.kind = Traffic::Kind::closed;
  } else if (kind == "uniform" || kind == "poisson") {
    client.traffic.kind = kind == "uniform" ? Traffic::Kind::uniform : Traffic::Kind::poisson;
    const bool by_rate = value.contains("rate");
    if (by_rate == value.contains("load")) {
      throw InputError(
          fmt::format("{}: expected exactly one of 'rate' (requests per second) and 'load' "
                      "(rate × solo latency)",
                      where));
    }
    if (by_rate) {
      client.traffic.rate = fields.positive("rate", "requests per second");
    } else {
      client.load = fields.positive("load", "a load (rate × solo latency)");
    }
  } else if (kind == "trace") {
    client.traffic.kind = Traffic::Kind::trace;
    if (value.contains("trace") == value.contains("gaps_file")) {
      throw InputError(
          fmt::format("{}: expected exactly one of 'trace' (a built-in trace: apollo) and "
                      "'gaps_file'",
                      where));
    }
    if (value.contains("trace")) {
      const std::string name = fields.text("trace");
      if (name != "apollo") {
        throw InputError(
            fmt::format("{}: unknown trace '{}'; expected apollo", fields.path("trace"), name));
      }
      client.traffic.trace = apollo_trace();
    } else {
      client.traffic.trace = read_gaps(folder / fields.text("gaps_file"), fields.path("gaps_file"));
    }
    if (value.contains("load")) {
      client.load = fields.positive("load", "a load (rate × solo latency)");
    }
    if (value.contains("start")) {
      const std::string start = fields.text("start");
      if (start != "first" && start != "drawn") {
        throw InputError(fmt::format("{}: '{}'; expected first (gap of the trace) or drawn (with "
                                     "the seed)",
                                     fields.path("start"), start));
      }
      client.traffic.drawn_start = start == "drawn";
    }
  } else {
    throw InputError(
        fmt::format("{}: unknown traffic '{}'; expected closed, uniform, poisson or trace",
                    fields.path("kind"), kind));
  }
  fields.finish();
}

HostCosts read_host(const nlohmann::json& value, const std::string& where) {
  Fields fields(value, where);
  const auto cost = [&](const char* name) {
    return fields.find(name) == nullptr ? std::nullopt
                                        : std::optional<Nanos>(fields.integer(name, 0, kSecond));
  };
  const HostCosts costs{
      .launch = cost("launch_ns"), .mark = cost("mark_ns"), .query = cost("query_ns")};
  fields.finish();
  return costs;
}

ClientPlan read_client(const nlohmann::json& value, const std::string& where,
                       const std::filesystem::path& folder) {
  Fields fields(value, where);
  ClientPlan client;
  client.name = fields.text("name");
  if (!is_name(client.name, "_-")) {
    throw InputError(fmt::format("{}: '{}'; expected lower-case letters, digits, '-' and '_'",
                                 fields.path("name"), client.name));
  }
  client.program = fields.text("program");
  const std::string priority = fields.text("priority");
  if (priority != "high" && priority != "best-effort") {
    throw InputError(
        fmt::format("{}: '{}'; expected high or best-effort", fields.path("priority"), priority));
  }
  client.priority = priority == "high" ? Priority::high : Priority::best_effort;
  read_traffic(client, fields.at("traffic"), fields.path("traffic"), folder);
  if (fields.find("requests") != nullptr) {
    client.requests = fields.integer("requests", 1, kMaxRequests);
  }
  if (fields.find("warmup") != nullptr) {
    client.warmup = fields.integer("warmup", 0, kMaxRequests);
  }
  if (const nlohmann::json* host = fields.find("host")) {
    client.host = read_host(*host, fields.path("host"));
  }
  fields.finish();
  return client;
}

void read_system(Plan& plan, const nlohmann::json& value, const std::string& where) {
  Fields fields(value, where);
  plan.system = fields.text("name");
  if (const nlohmann::json* params = fields.find("params")) {
    const Fields object(*params, fields.path("params"));
    for (const auto& [name, given] : params->items()) {
      if (given.is_boolean()) {
        plan.params.emplace_back(name, given.get<bool>());
      } else if (given.is_number_integer()) {
        plan.params.emplace_back(name, given.get<std::int64_t>());
      } else if (given.is_number()) {
        plan.params.emplace_back(name, given.get<double>());
      } else if (given.is_string()) {
        plan.params.emplace_back(name, given.get<std::string>());
      } else {
        throw InputError(fmt::format("{}: {}; expected a number, a string, true or false",
                                     object.path(name), shown(given)));
      }
    }
  }
  if (fields.find("carveout") != nullptr) {
    plan.carveout = static_cast<int>(fields.integer("carveout", 0, 100));
  }
  fields.finish();
}

void read_clients(Plan& plan, const nlohmann::json& list, const std::string& where,
                  const std::filesystem::path& folder) {
  if (!list.is_array() || list.empty()) {
    throw InputError(
        fmt::format("{}: {}; expected a list of at least one client", where, shown(list)));
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string here = fmt::format("{}[{}]", where, i);
    ClientPlan client = read_client(list[i], here, folder);
    for (const ClientPlan& other : plan.clients) {
      if (other.name == client.name) {
        throw InputError(
            fmt::format("{}.name: '{}' is the name of an earlier client; expected names that "
                        "differ",
                        here, client.name));
      }
    }
    plan.clients.push_back(std::move(client));
  }
}

void read_end(Plan& plan, Fields& fields) {
  if (fields.find("until") != nullptr) {
    const std::string name = fields.text("until");
    const auto found = std::find_if(plan.clients.begin(), plan.clients.end(),
                                    [&](const ClientPlan& c) { return c.name == name; });
    if (found == plan.clients.end()) {
      throw InputError(fmt::format("{}: no client is named '{}'; expected one of the clients",
                                   fields.path("until"), name));
    }
    if (!found->requests) {
      throw InputError(
          fmt::format("{}: client '{}' has no 'requests', so it never ends; expected a client "
                      "that has",
                      fields.path("until"), name));
    }
    plan.until = static_cast<std::size_t>(found - plan.clients.begin());
  }
  if (fields.find("time_limit_s") != nullptr) {
    const double seconds = fields.positive("time_limit_s", "seconds");
    if (seconds > 1e9) {
      throw InputError(
          fmt::format("{}: {} s; expected at most 1e9", fields.path("time_limit_s"), seconds));
    }
    plan.time_limit = static_cast<Nanos>(std::nearbyint(seconds * 1e9));
  }
  const bool all_end = std::all_of(plan.clients.begin(), plan.clients.end(),
                                   [](const ClientPlan& c) { return c.requests.has_value(); });
  if (!plan.until && !all_end && plan.time_limit == kNever) {
    throw InputError(
        fmt::format("{}: missing; expected the name of the client whose last request ends the run, "
                    "since not every client has 'requests'",
                    fields.path("until")));
  }
}

} // namespace

Plan parse_plan(std::string_view text, const std::string& source,
                const std::filesystem::path& folder) {
  const nlohmann::json document = parse_json(text, source);
  Fields fields(document, source + ": plan");
  const std::int64_t version =
      fields.integer("version", std::numeric_limits<int>::min(), std::numeric_limits<int>::max());
  if (version != kPlanVersion) {
    throw InputError(fmt::format("{}: this plan is of version {}; expected version {}",
                                 fields.path("version"), version, kPlanVersion));
  }
  Plan plan;
  plan.source = source;
  fields.find("$schema");
  plan.id = fields.text("id");
  if (!is_name(plan.id, "._-")) {
    throw InputError(fmt::format("{}: '{}'; expected lower-case letters, digits, '.', '-' and '_'",
                                 fields.path("id"), plan.id));
  }
  plan.gpu = fields.text("gpu");
  if (!is_name(plan.gpu, ".-")) {
    throw InputError(fmt::format("{}: '{}'; expected the id of a GPU specification, such as h200",
                                 fields.path("gpu"), plan.gpu));
  }
  plan.seed = static_cast<std::uint32_t>(
      fields.integer("seed", 0, std::numeric_limits<std::uint32_t>::max()));
  read_system(plan, fields.at("system"), fields.path("system"));
  read_clients(plan, fields.at("clients"), fields.path("clients"), folder);
  read_end(plan, fields);
  if (fields.find("utilization_interval_ns") != nullptr) {
    plan.utilization_interval = fields.integer("utilization_interval_ns", 1'000, 1'000'000'000'000);
  }
  if (fields.find("memory_interval_ns") != nullptr) {
    plan.memory_interval = fields.integer("memory_interval_ns", 1'000, 1'000'000'000'000);
  }
  if (const nlohmann::json* phases = fields.find("phases"); phases != nullptr) {
    if (!phases->is_boolean()) {
      throw InputError(
          fmt::format("{}: {}; expected true or false", fields.path("phases"), shown(*phases)));
    }
    plan.phases = phases->get<bool>();
  }
  fields.finish();
  return plan;
}

Plan read_plan(const std::filesystem::path& file) {
  return parse_plan(read_file(file), file.string(), file.parent_path());
}

} // namespace cotenant
