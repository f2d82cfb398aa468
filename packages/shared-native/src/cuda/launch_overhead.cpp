#include "cuda/launch_overhead.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "cuda/cuda_device.h"
#include "cuda/live_executive.h"
#include "cuda/pinned_thread.h"
#include "cuda/quartiles.h"

namespace cotenant::cuda {
namespace {

using nlohmann::ordered_json;

constexpr int kWarmup = 10; ///< repeats that are not counted

/// Times of repeats, and of the launches in them.
struct Times {
  std::vector<Nanos> latency;
  std::vector<Nanos> period;

  [[nodiscard]] ordered_json summary() const {
    return {{"latency_ns", quartiles(latency)}, {"launch_period_ns", quartiles(period)}};
  }
};

void add_periods(Times& times, const std::vector<Nanos>& launches, std::size_t per_request) {
  for (std::size_t i = 0; i + 1 < launches.size(); ++i) {
    if ((i + 1) % per_request != 0) {
      times.period.push_back(launches[i + 1] - launches[i]);
    }
  }
}

class Keeper {
 public:
  Keeper(const Driver& driver, Stream launched_to, const LiveProgram& program)
      : stream(launched_to), driver_(driver) {
    check(driver, driver.event_create(&end, kEventDisableTiming), "cuEventCreate");
    if (program.graph != nullptr) {
      check(driver, driver.graph_instantiate(&exec, program.graph, 0), "cuGraphInstantiate");
    }
  }
  ~Keeper() {
    if (exec != nullptr) {
      driver_.graph_exec_destroy(exec);
    }
    driver_.event_destroy(end);
  }
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  /// Returns when the host sees that all is complete.
  void wait() const {
    check(driver_, driver_.event_record(end, stream), "cuEventRecord");
    Result result = kNotReady;
    while (result == kNotReady) {
      result = driver_.event_query(end);
    }
    check(driver_, result, "cuEventQuery");
  }

  Stream stream;
  Event end = nullptr;
  GraphExec exec = nullptr;

 private:
  const Driver& driver_;
};

Times whole_graph(const Driver& driver, const Keeper& keeper, int repeats) {
  Times times;
  for (int i = -kWarmup; i < repeats; ++i) {
    const Nanos start = monotonic_now();
    check(driver, driver.graph_launch(keeper.exec, keeper.stream), "cuGraphLaunch");
    keeper.wait();
    if (i >= 0) {
      times.latency.push_back(monotonic_now() - start);
    }
  }
  return times;
}

Times plain_loop(const Driver& driver, const LiveProgram& program, const Keeper& keeper,
                 int repeats) {
  const Launches prepared(driver, program, keeper.stream);
  Times times;
  std::vector<Nanos> launches;
  launches.reserve(program.ops.size());
  for (int i = -kWarmup; i < repeats; ++i) {
    launches.clear();
    for (std::size_t op = 0; op < program.ops.size(); ++op) {
      launches.push_back(monotonic_now());
      prepared.launch(op);
    }
    keeper.wait();
    if (i >= 0) {
      times.latency.push_back(monotonic_now() - launches.front());
      add_periods(times, launches, program.ops.size());
    }
  }
  return times;
}

/// Service times of one client's requests.
class Latencies final : public RecordSink {
 public:
  explicit Latencies(std::vector<Nanos>& latency) : latency_(latency) {}
  void request(const RequestRecord& record) override {
    latency_.push_back(record.end - record.start);
  }

 private:
  std::vector<Nanos>& latency_;
};

Times under_ideal(const Driver& driver, Stream stream, Catalog& catalog, const LiveProgram& program,
                  int repeats) {
  const Program& recorded = catalog.program(program.id);
  const PreparedProgram& prepared = catalog.prepared(program.id, recorded.gpu);
  std::vector<RunClient> clients(1);
  clients[0].name = "solo";
  clients[0].priority = Priority::high;
  clients[0].program = &prepared;
  clients[0].requests = repeats;
  clients[0].warmup = kWarmup;
  const SystemInfo& ideal = find_system("ideal");
  const std::vector<ClientInfo> infos = client_infos(clients);
  SystemInstance system = ideal.make(Params::checked(ideal.params, {}, "ideal"),
                                     {.gpu = catalog.gpu(recorded.gpu), .clients = infos});
  CudaDevice device(driver, {{.program = &program, .stream = stream}});
  SharedRun shared;
  shared.warming = 1;
  shared.unfinished = 1;
  Times times;
  std::vector<Nanos> launches;
  launches.reserve(program.ops.size() * static_cast<std::size_t>(repeats + kWarmup + 1));
  Latencies sink(times.latency);
  run_live({.clients = &clients,
            .driven = {0},
            .waited_for = {0},
            .system = &system,
            .options = {},
            .launch_times = &launches},
           device, shared, sink);
  add_periods(times, launches, program.ops.size());
  return times;
}

} // namespace

ordered_json measure_overhead(const Driver& driver, Stream stream, Catalog& catalog,
                              const LiveProgram& program, int repeats) {
  if (repeats < 3) {
    throw InputError("request.repeats: is below 3; expected enough for a median");
  }
  const PinnedThread pinned(0, true);
  const Keeper keeper(driver, stream, program);
  ordered_json result{{"program", program.id}, {"ops", program.ops.size()}};
  // Once round untimed, so that no way pays for what is loaded on first use.
  plain_loop(driver, program, keeper, 3);
  result["graph"] = keeper.exec == nullptr ? ordered_json(nullptr)
                                           : whole_graph(driver, keeper, repeats).summary();
  result["plain_loop"] = plain_loop(driver, program, keeper, repeats).summary();
  result["ideal"] = under_ideal(driver, stream, catalog, program, repeats).summary();
  return result;
}

} // namespace cotenant::cuda
