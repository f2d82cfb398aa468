#include "cuda/host_run.h"

#include <algorithm>
#include <exception>
#include <fmt/format.h>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "cuda/cuda_device.h"
#include "cuda/live_executive.h"
#include "cuda/pinned_thread.h"
#include "cuda/program_copy.h"
#include "cuda/quartiles.h"
#include "cuda/shared_run.h"
#include "run/plan.h"
#include "run/plan_setup.h"

namespace cotenant::cuda {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

/// Keeps a client's records in memory while the run lasts: a write to a disk would hold up the loop.
class RowLog final : public RecordSink {
 public:
  explicit RowLog(std::size_t clients) : rows_(clients) {}

  void request(const RequestRecord& record) override { rows_[record.client].push_back(record); }

  void write(std::size_t client, const std::filesystem::path& file) const {
    std::string text;
    for (const RequestRecord& row : rows_[client]) {
      fmt::format_to(std::back_inserter(text), "{},{},{},{}\n", row.index, row.arrival, row.start,
                     row.end);
    }
    write_file(file, text);
  }

 private:
  std::vector<std::vector<RequestRecord>> rows_;
};

/// Of the clients that end the run, those that are driven here.
std::vector<std::size_t> waited_for(const Plan& plan, const SystemMode& mode,
                                    const std::vector<std::size_t>& driven) {
  std::vector<std::size_t> mine = ending_clients(plan, mode, driven);
  std::erase_if(mine, [&](std::size_t c) { return std::ranges::find(driven, c) == driven.end(); });
  return mine;
}

/// The clients of one launching thread, with a scheduler and streams of their own.
struct Crew {
  std::vector<std::size_t> driven;
  SystemInstance system;
  std::unique_ptr<CudaDevice> device;
  LiveTotals totals;
  std::exception_ptr error;
};

void write_op_times(const std::vector<Nanos>& times, std::size_t ops,
                    const std::filesystem::path& file) {
  std::string text = "launch,op,elapsed_ns\n";
  for (std::size_t i = 0; i < times.size(); ++i) {
    fmt::format_to(std::back_inserter(text), "{},{},{}\n", i + 1, (i + 1) % ops, times[i]);
  }
  write_file(file, text);
}

/// What each client of the plan that runs here runs; null for the others.
std::vector<const LiveProgram*> programs_of(const std::map<std::string, LiveProgram>& programs,
                                            const Plan& plan,
                                            const std::vector<std::size_t>& clients) {
  const std::vector<std::string> names = program_copies(plan, clients);
  std::vector<const LiveProgram*> result(plan.clients.size());
  for (std::size_t i = 0; i < clients.size(); ++i) {
    const auto found = programs.find(names[i]);
    if (found == programs.end()) {
      throw InputError(
          fmt::format("{}: plan.clients[{}].program: '{}' is not loaded in this process",
                      plan.source, clients[i], names[i]));
    }
    result[clients[i]] = &found->second;
  }
  return result;
}

} // namespace

RunRequest parse_run_request(const json& request) {
  const auto field = [&](const char* name) -> const json& {
    const auto found = request.find(name);
    if (found == request.end()) {
      throw InputError(fmt::format("request.{}: is missing", name));
    }
    return *found;
  };
  RunRequest result;
  result.plan = field("plan").get<std::string>();
  result.clients = field("clients").get<std::vector<std::size_t>>();
  result.shared = field("shared").get<std::string>();
  result.records = field("records").get<std::string>();
  result.pin = request.value("pin", true);
  result.watchdog = request.value("watchdog_s", std::int64_t{20}) * kSecond;
  result.time_limit = request.value("limit_ns", kNever);
  result.timed_requests = request.value("timed_requests", std::size_t{0});
  result.spares = request.value("spares", std::vector<std::size_t>(result.clients.size()));
  if (result.clients.empty()) {
    throw InputError("request.clients: is empty; expected at least one client of the plan");
  }
  if (result.spares.size() != result.clients.size()) {
    throw InputError(
        fmt::format("request.spares: has {} items; expected one for each of the {} clients",
                    result.spares.size(), result.clients.size()));
  }
  return result;
}

ordered_json run_clients(const Driver& driver, Context context, ClientStreams& client_streams,
                         Catalog& catalog, const std::map<std::string, LiveProgram>& programs,
                         const RunRequest& request) {
  const Plan plan = read_plan(request.plan);
  PlanSetup setup = set_up(plan, catalog);
  for (const std::size_t c : request.clients) {
    if (c >= plan.clients.size()) {
      throw InputError(fmt::format("request.clients: {} is not one of the {} clients of {}", c,
                                   plan.clients.size(), plan.source));
    }
  }
  const std::vector<const LiveProgram*> own = programs_of(programs, plan, request.clients);
  const std::vector<ClientInfo> infos = client_infos(setup.clients);
  const auto make_system = [&] {
    return setup.system.make(setup.params, {.gpu = setup.gpu, .clients = infos});
  };

  // Clients that launch for themselves get a thread each, as they would in processes of their own.
  std::vector<Crew> crews;
  if (setup.mode.launcher == Launcher::per_client) {
    for (const std::size_t c : request.clients) {
      crews.push_back(
          {.driven = {c}, .system = make_system(), .device = {}, .totals = {}, .error = {}});
    }
  } else {
    crews.push_back({.driven = request.clients,
                     .system = make_system(),
                     .device = {},
                     .totals = {},
                     .error = {}});
  }
  for (Crew& crew : crews) {
    std::vector<ClientStream> streams(plan.clients.size());
    for (const std::size_t c : crew.driven) {
      const LiveProgram& program = *own[c];
      const bool high = plan.clients[c].priority == Priority::high;
      const auto lane =
          static_cast<std::size_t>(std::ranges::find(request.clients, c) - request.clients.begin());
      const StreamKey key =
          stream_of(plan, setup.mode, request.clients, lane, request.spares[lane]);
      streams[c] = {.program = &program,
                    .stream = client_streams.of(key),
                    .timed_launches = high ? request.timed_requests * program.ops.size() : 0};
    }
    crew.device = std::make_unique<CudaDevice>(driver, streams, plan.carveout);
  }

  const MappedRun shared = MappedRun::open(request.shared);
  RowLog log(plan.clients.size());
  const LiveOptions options{.watchdog = request.watchdog,
                            .time_limit = std::min(plan.time_limit, request.time_limit)};
  const auto work = [&](std::size_t index) {
    Crew& crew = crews[index];
    try {
      const PinnedThread pinned(index, request.pin);
      check(driver, driver.context_set_current(context), "cuCtxSetCurrent");
      const LiveRun run{.clients = &setup.clients,
                        .driven = crew.driven,
                        .waited_for = waited_for(plan, setup.mode, crew.driven),
                        .system = &crew.system,
                        .options = options};
      crew.totals = run_live(run, *crew.device, *shared, log);
    } catch (...) {
      shared->stop = true;
      crew.error = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < crews.size(); ++i) {
      threads.emplace_back(work, i);
    }
    work(0);
  }
  for (const Crew& crew : crews) {
    if (crew.error) {
      std::rethrow_exception(crew.error);
    }
  }

  ordered_json clients = ordered_json::array();
  Nanos duration = 0;
  for (const Crew& crew : crews) {
    duration = std::max(duration, crew.totals.duration);
    for (std::size_t i = 0; i < crew.driven.size(); ++i) {
      const std::size_t c = crew.driven[i];
      const ClientTotals& totals = crew.totals.clients[i];
      const LiveProgram& program = *own[c];
      log.write(c, fmt::format("{}.{}.csv", request.records, c));
      if (request.timed_requests > 0 && plan.clients[c].priority == Priority::high) {
        write_op_times(crew.device->timed(c), program.ops.size(),
                       fmt::format("{}.{}.ops.csv", request.records, c));
      }
      clients.push_back(
          {{"client", c},
           {"program", program.id},
           {"requests", totals.requests},
           {"iterations", totals.iterations},
           {"window_ns", totals.window},
           {"ops", totals.ops},
           {"synthetic", program.synthetic},
           {"matched", program.evidence.empty() ? ordered_json(nullptr)
                                                : ordered_json::parse(program.evidence)}});
    }
  }
  const auto cost_of = [&](std::vector<Nanos> LiveTotals::*calls) {
    std::vector<Nanos> all;
    for (const Crew& crew : crews) {
      const std::vector<Nanos>& some = crew.totals.*calls;
      all.insert(all.end(), some.begin(), some.end());
    }
    return quartiles(std::move(all));
  };
  return {{"clients", clients},
          {"duration_ns", duration},
          {"interrupted", shared->interrupted.load()},
          {"launch_ns", cost_of(&LiveTotals::launch_costs)},
          {"mark_ns", cost_of(&LiveTotals::mark_costs)},
          {"query_ns", cost_of(&LiveTotals::query_costs)}};
}

} // namespace cotenant::cuda
