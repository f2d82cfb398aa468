#include "cuda/coordinator/cuda_run.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"
#include "cuda/coordinator/merge_records.h"
#include "cuda/coordinator/use_results.h"
#include "cuda/cuda_device.h"
#include "cuda/driver.h"
#include "cuda/present_gpu.h"
#include "cuda/present_host.h"
#include "cuda/program_copy.h"
#include "cuda/shared_run.h"
#include "program/excerpt.h"
#include "program/program_text.h"
#include "record/request_log.h"
#include "run/summary.h"

namespace cotenant::cuda {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

/// How much longer than alone a request may take before a run counts as stalled.
constexpr double kPatience = 50;
constexpr double kSecondsBeforeStall = 30;
constexpr double kSecondsToAnswer = 5; ///< records are written after the end
/// A client whose end nothing sets is not told one either; the coordinator ends its run.
constexpr std::chrono::hours kRunLimit{24};

const char* name_of(ProgramKind kind) {
  return kind == ProgramKind::live ? "live" : "synthetic";
}

std::string text(const ordered_json& object, const char* name) {
  return object.value(name, std::string());
}

double seconds(Nanos time) {
  return static_cast<double>(time) / 1e9;
}

/// Seconds between two arrivals of an open-loop client that are no sign of a stall.
double longest_gap(const ClientPlan& client, const PreparedProgram& program) {
  if (client.traffic.kind == Traffic::Kind::closed) {
    return 0;
  }
  if (client.traffic.kind == Traffic::Kind::trace) {
    const std::vector<Nanos> gaps = client_traffic(client, program).trace;
    return gaps.empty() ? 0 : seconds(*std::max_element(gaps.begin(), gaps.end()));
  }
  return kPatience / client_rate(client, program);
}

/// Makes a folder that nobody else has.
fs::path make_scratch() {
  std::string name = (fs::temp_directory_path() / "cotenant-cuda-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw IoError(fmt::format("{}: cannot make a folder", name));
  }
  return name;
}

} // namespace

/// Clients that run at the same time, by host.
struct CudaLane::Segment {
  std::vector<std::pair<HostKey, std::vector<std::size_t>>> hosts;
  bool endless = false; ///< its only client has no end of its own
  std::size_t gpu = 0;  ///< as records count them: a client that runs isolated has one of its own
};

/// What came of a plan, or of one of its segments.
struct CudaLane::Measurement {
  std::vector<HostRun> runs;
  std::vector<UseSeries> use;        ///< by GPU, if the plan wants it counted
  std::optional<QueueChoice> queues; ///< of two clients that ran together
};

/// Watches a segment while it runs: progress for the user, and whether there still is any.
struct CudaLane::Watch {
  const Plan& plan;
  SharedRun& shared;
  double stall_limit;                   ///< seconds without a request
  double end_limit;                     ///< seconds from the end of the run to the hosts' answers
  std::optional<std::int64_t> requests; ///< of the client that ends the segment
  const LaneProgress& progress;
  Clock::time_point last_move = Clock::now();
  std::tuple<int, Nanos, std::int64_t, bool> state{};

  void look() {
    const Nanos start = shared.clock_start;
    const std::int64_t done = shared.progress_done;
    const bool over = shared.stop;
    const std::tuple<int, Nanos, std::int64_t, bool> now{shared.warming, start, done, over};
    if (now != std::exchange(state, now)) {
      last_move = Clock::now();
    }
    const double still = std::chrono::duration<double>(Clock::now() - last_move).count();
    if (over && still > end_limit) {
      throw HostFailure(
          HostFault::watchdog,
          fmt::format("the run is over, but for {:.0f} s something on the GPU has not completed",
                      still));
    }
    if (still > stall_limit) {
      throw HostFailure(
          HostFault::watchdog,
          fmt::format("no request has completed for {:.0f} s although the hosts are running",
                      still));
    }
    if (progress && start != kNever) {
      const Nanos elapsed = monotonic_now() - start;
      const double by_requests =
          requests ? static_cast<double>(done) / static_cast<double>(*requests) : 0;
      const double by_time = plan.time_limit == kNever ? 0
                                                       : static_cast<double>(elapsed) /
                                                             static_cast<double>(plan.time_limit);
      progress(std::clamp(std::max(by_requests, by_time), 0.0, 0.9999), elapsed);
    }
  }
};

CudaLane::CudaLane(Catalog& catalog, LaneOptions options)
    : catalog_(catalog), options_(std::move(options)),
      host_(describe_host(options_.gpu.value("pci", ""))), scratch_(make_scratch()) {
  if (options_.ledger) {
    ledger_.emplace(*options_.ledger);
  }
}

CudaLane::~CudaLane() {
  if (pool_) {
    pool_->shut_down(true);
  }
  std::error_code ignored;
  fs::remove_all(scratch_, ignored);
}

void CudaLane::stop_if_interrupted() const {
  if (options_.interrupted()) {
    throw HostFailure(HostFault::interrupted, "interrupted");
  }
}

/// The lock is taken when something has to run, not before.
HostPool& CudaLane::pool() {
  if (pool_) {
    return *pool_;
  }
  const std::string uuid = text(options_.gpu, "uuid");
  std::string told;
  lock_ = std::make_unique<GpuLock>(
      uuid,
      [&](const std::string& holder) {
        if (holder != std::exchange(told, holder)) {
          options_.say(fmt::format("waiting for the GPU: {} holds it", holder));
        }
        stop_if_interrupted();
      },
      options_.lock_folder);
  pool_ = std::make_unique<HostPool>(
      HostPoolOptions{.host = options_.host,
                      .mps_control = options_.mps_control,
                      .gpu_uuid = uuid,
                      .gpu_bytes = options_.gpu.value("memory_bytes", std::int64_t{0}),
                      .program_bytes = [this](const std::string& copy) { return live_bytes(copy); },
                      .tick = [this] { stop_if_interrupted(); },
                      .say = options_.say});
  return *pool_;
}

/// Memory that loading a program takes: an excerpt is run out of the whole model.
std::int64_t CudaLane::live_bytes(const std::string& copy) {
  const Program& program = catalog_.program(recorded_program(copy));
  const auto origin = excerpt_origin(program);
  return origin ? catalog_.program(origin->program).peak_bytes : program.peak_bytes;
}

void CudaLane::check(const Plan& plan) {
  const PlanSetup setup = set_up(plan, catalog_);
  const std::string name = text(options_.gpu, "name");
  if (!options_.any_gpu && !is_gpu_of(name, setup.gpu)) {
    throw InputError(fmt::format("{}: plan.gpu: {} is {}, but the GPU here is {}; expected a plan "
                                 "for this GPU, or --any-gpu",
                                 plan.source, plan.gpu, setup.gpu.name, name));
  }
  if (plan.utilization_interval > 0 && plan.utilization_interval < kShortestUseInterval) {
    throw InputError(fmt::format("{}: plan.utilization_interval_ns: is {}, but a real GPU "
                                 "refreshes its counters every {} ms; "
                                 "expected at least {}, or lane sim",
                                 plan.source, plan.utilization_interval,
                                 kShortestUseInterval / kMillisecond, kShortestUseInterval));
  }
  if (plan.memory_interval > 0) {
    throw InputError(fmt::format("{}: plan.memory_interval_ns: a real GPU does not record its "
                                 "memory; expected no such field, or lane sim",
                                 plan.source));
  }
  if (setup.mode.manages_memory) {
    throw InputError(fmt::format(
        "{}: plan.system.name: '{}' passes memory from one client to another, which programs "
        "captured as graphs keep to themselves; expected another system, or lane sim",
        plan.source, plan.system));
  }
  for (std::size_t c = 0; c < setup.clients.size(); ++c) {
    const HostCosts& host = plan.clients[c].host;
    if (host.launch || host.mark || host.query) {
      throw InputError(
          fmt::format("{}: plan.clients[{}].host: what a launch costs on a real GPU is "
                      "this machine's doing; expected no such field, or lane sim",
                      plan.source, c));
    }
    const Label label = catalog_.program(plan.clients[c].program).label;
    if (options_.programs == ProgramKind::live && label != Label::recorded) {
      throw InputError(fmt::format(
          "{}: plan.clients[{}].program: '{}' is {}, so there is no model to run; expected a "
          "recorded program, or --programs synthetic",
          plan.source, c, plan.clients[c].program, program_text::word(label)));
    }
  }
}

/// Identifies what a measurement is made from. Of a GPU specification only that counts which reaches a
/// real run: what the scheduler is told, and the rates that follow from it. So a better constant of the
/// simulator does not make a measurement stale.
std::string CudaLane::digest(const Plan& plan, const PlanSetup& setup) {
  Sha256 digest;
  digest.update(fmt::format("{}\n{}\ncuda {}\n{}\n{}\n{}\n", options_.fingerprint(plan.system),
                            read_file(plan.source), name_of(options_.programs),
                            text(options_.gpu, "name"), text(options_.gpu, "driver"),
                            options_.outputs ? "outputs" : ""));
  digest.update(fmt::format("{} {} {}\n", setup.gpu.id, setup.gpu.sm.count, setup.gpu.launch.poll));
  for (std::size_t c = 0; c < plan.clients.size(); ++c) {
    const ClientPlan& client = plan.clients[c];
    const PreparedProgram& program = *setup.clients[c].program;
    digest.update(catalog_.program_digest(client.program));
    digest.update(fmt::format("{} {:.17g}\n", program.solo_latency,
                              setup.clients[c].closed ? 0 : client_rate(client, program)));
    for (const OpProfile& op : program.profile) {
      digest.update(fmt::format("{} {} {} {} {}\n", static_cast<int>(op.kind),
                                static_cast<int>(op.phase), static_cast<int>(op.boundness),
                                op.sm_needed, op.duration));
    }
    for (const Nanos gap : client.traffic.trace) {
      digest.update(fmt::format("{},", gap));
    }
    if (options_.programs == ProgramKind::synthetic) { // its kernels are made from both
      digest.update(catalog_.gpu_digest(catalog_.program(client.program).gpu));
    }
  }
  return digest.hex();
}

bool CudaLane::reuse(const Plan& plan, const fs::path& out) {
  const ResultFiles files = ResultFiles::of(out, plan.id);
  const std::string input = digest(plan, set_up(plan, catalog_));
  const bool whole = plan.utilization_interval == 0 || fs::exists(files.utilization);
  return (whole && is_finished(files.summary, files.records, input)) ||
         (ledger_ && ledger_->fetch(input, files));
}

void CudaLane::open_counters(const Plan& plan) {
  if (plan.utilization_interval > 0 && !counters_) {
    counters_ = std::make_unique<UseCounters>(options_.nvml(), text(options_.gpu, "uuid"));
  }
}

// Hosts
// ---------------------------------------------------------------------------------------------------

std::vector<CudaLane::Segment> CudaLane::segments_of(const Plan& plan,
                                                     const PlanSetup& setup) const {
  std::vector<std::size_t> all(plan.clients.size());
  std::iota(all.begin(), all.end(), 0);
  if (setup.mode.contexts == ContextMode::shared) {
    return {{.hosts = {{HostKey{}, all}}, .endless = false}};
  }
  std::vector<Segment> segments;
  if (setup.mode.contexts == ContextMode::isolated) {
    // Nothing may be shared: one client after the other, those without an end of their own last, since
    // they run as long as the longest of the others.
    for (const std::size_t c : all) {
      segments.push_back(
          {.hosts = {{HostKey{}, {c}}}, .endless = !plan.clients[c].requests, .gpu = c});
    }
    std::stable_partition(segments.begin(), segments.end(),
                          [](const Segment& segment) { return !segment.endless; });
    return segments;
  }
  Segment segment;
  for (const std::size_t c : all) {
    HostKey key{.kind = HostKey::Kind::plain, .slot = c};
    if (setup.mode.contexts == ContextMode::mps) {
      key.kind = !setup.mode.stream_priorities                ? HostKey::Kind::mps
                 : plan.clients[c].priority == Priority::high ? HostKey::Kind::mps_high
                                                              : HostKey::Kind::mps_low;
    }
    segment.hosts.push_back({key, {c}});
  }
  return {segment};
}

std::vector<HostNeed> CudaLane::needs_of(const Plan& plan, const PlanSetup& setup) const {
  std::map<HostKey, std::set<std::string>> programs;
  for (const Segment& segment : segments_of(plan, setup)) {
    for (const auto& [key, clients] : segment.hosts) {
      for (std::string& program : program_copies(plan, clients)) {
        programs[key].insert(std::move(program));
      }
    }
  }
  std::vector<HostNeed> needs;
  for (auto& [key, ids] : programs) {
    needs.push_back({.key = key, .programs = std::move(ids)});
  }
  return needs;
}

bool CudaLane::prepared(const Plan& plan) {
  return pool_ && pool_->prepared(needs_of(plan, set_up(plan, catalog_)));
}

void CudaLane::prepare(const std::vector<const Plan*>& plans) {
  std::map<HostKey, std::set<std::string>> programs;
  for (const Plan* plan : plans) {
    for (HostNeed& need : needs_of(*plan, set_up(*plan, catalog_))) {
      programs[need.key].merge(need.programs);
    }
  }
  const auto attempt = [&](bool with_mps) {
    std::vector<HostNeed> needs;
    for (const auto& [key, ids] : programs) {
      if (with_mps || !key.under_mps()) {
        needs.push_back({.key = key, .programs = ids});
      }
    }
    try {
      pool().prepare(needs);
      return true;
    } catch (const HostFailure&) { // said again by the plan that it concerns
      return false;
    }
  };
  if (!attempt(true)) {
    attempt(false);
  }
}

// Running
// ---------------------------------------------------------------------------------------------------

CudaLane::Measurement CudaLane::run_segment(const Plan& plan, const PlanSetup& setup,
                                            const Segment& segment, Nanos limit,
                                            const LaneProgress& progress) {
  std::vector<std::size_t> clients;
  for (const auto& host : segment.hosts) {
    clients.insert(clients.end(), host.second.begin(), host.second.end());
  }
  const std::vector<std::size_t> ending = ending_clients(plan, setup.mode, clients);
  const fs::path shared_file = scratch_ / "run.shared";
  const MappedRun shared = MappedRun::create(shared_file, static_cast<int>(clients.size()),
                                             static_cast<int>(ending.size()));

  double stall_limit = kSecondsBeforeStall + 2.0 * static_cast<double>(options_.watchdog.count());
  for (const std::size_t c : clients) {
    const PreparedProgram& program = *setup.clients[c].program;
    const double requests = static_cast<double>(plan.clients[c].warmup + 1);
    stall_limit += longest_gap(plan.clients[c], program) +
                   kPatience * requests * seconds(program.solo_latency);
  }
  const Nanos time_limit = std::min(plan.time_limit, limit);
  if (time_limit != kNever) {
    stall_limit += seconds(time_limit);
  }
  Watch watch{.plan = plan,
              .shared = *shared,
              .stall_limit = stall_limit,
              .end_limit = static_cast<double>(options_.watchdog.count()) + kSecondsToAnswer,
              .requests = plan.clients[ending.front()].requests,
              .progress = progress};

  std::optional<UseSampler> sampler;
  if (plan.utilization_interval > 0) {
    sampler.emplace(*counters_, *shared, plan.utilization_interval);
  }
  std::vector<HostProcess*> hosts;
  const bool mps = segment.hosts.front().first.under_mps();
  const std::optional<QueueChoice> queues = choose_queues(plan, setup, segment);
  for (const auto& [key, driven] : segment.hosts) {
    ordered_json request = {{"do", "run"},
                            {"plan", fs::absolute(plan.source).string()},
                            {"clients", driven},
                            {"shared", shared_file.string()},
                            {"records", (scratch_ / "rows").string()},
                            {"pin", options_.pin},
                            {"watchdog_s", options_.watchdog.count()},
                            {"outputs", options_.outputs}};
    if (limit != kNever) {
      request["limit_ns"] = limit;
    }
    if (queues && key == segment.hosts.front().first) {
      request["spares"] = std::vector<std::size_t>(driven.size());
      request["spares"][0] = queues->spare;
    }
    hosts.push_back(&pool().host(key));
    hosts.back()->request(request, "running " + plan.id, kRunLimit);
  }
  const std::vector<HostReply> replies = await_replies(
      hosts,
      [&] {
        stop_if_interrupted();
        if (mps && pool().daemon_died()) {
          throw HostFailure(HostFault::lost, "the MPS daemon died");
        }
        if (sampler) {
          sampler->check();
        }
        watch.look();
      },
      [&] {
        shared->interrupted = true;
        shared->stop = true;
      });
  throw_failure(replies);
  Measurement result;
  for (std::size_t h = 0; h < hosts.size(); ++h) {
    result.runs.push_back(read_run(replies[h].answer, segment.hosts[h].second));
  }
  if (sampler) {
    result.use.push_back(sampler->finish());
  }
  result.queues = queues;
  return result;
}

/// Of two clients that may run at the same time; none where that is not so. Of three, two share a queue on an H200 in any
/// case.
std::optional<QueueChoice> CudaLane::choose_queues(const Plan& plan, const PlanSetup& setup,
                                                   const Segment& segment) {
  std::vector<QueueUser> users;
  for (const auto& [key, driven] : segment.hosts) {
    for (std::size_t lane = 0; lane < driven.size(); ++lane) {
      users.push_back(
          {.host = &pool().host(key), .stream = stream_of(plan, setup.mode, driven, lane)});
    }
  }
  if (users.size() != 2 || setup.mode.one_stream ||
      setup.mode.contexts == ContextMode::time_sliced) {
    return std::nullopt;
  }
  const QueueChoice choice =
      separate_queues({users[0], users[1]}, [this] { stop_if_interrupted(); });
  if (choice.shared) {
    options_.say(fmt::format(
        "{}: its clients share a hardware queue, since no streams were found that do not",
        plan.id));
  }
  return choice;
}

CudaLane::Measurement CudaLane::measure(const Plan& plan, const PlanSetup& setup,
                                        const LaneProgress& progress) {
  const std::vector<Segment> segments = segments_of(plan, setup);
  Measurement all;
  Nanos longest = 0;
  for (std::size_t s = 0; s < segments.size(); ++s) {
    const auto part = [&](double done, Nanos now) {
      if (progress) {
        progress((static_cast<double>(s) + done) / static_cast<double>(segments.size()), now);
      }
    };
    const Nanos limit = segments[s].endless && longest > 0 ? longest : kNever;
    Measurement measured = run_segment(plan, setup, segments[s], limit, part);
    for (HostRun& run : measured.runs) {
      longest = std::max(longest, run.duration);
      all.runs.push_back(std::move(run));
    }
    all.queues = measured.queues;
    for (UseSeries& series : measured.use) {
      all.use.resize(std::max(all.use.size(), segments[s].gpu + 1));
      all.use[segments[s].gpu] = std::move(series);
    }
  }
  return all;
}

RunOutcome CudaLane::run(const Plan& plan, const fs::path& out, const LaneProgress& progress) {
  check(plan);
  if (reuse(plan, out)) {
    return RunOutcome::reused;
  }
  open_counters(plan);
  const PlanSetup setup = set_up(plan, catalog_);
  const std::vector<HostNeed> needs = needs_of(plan, setup);
  try {
    pool().prepare(needs);
    const Measurement measured = measure(plan, setup, progress);
    stop_if_interrupted();
    finish(plan, out, digest(plan, setup), setup, measured);
    return RunOutcome::finished;
  } catch (const HostFailure& failure) {
    if (options_.interrupted()) {
      if (pool_) {
        pool_->clean_up(needs);
      }
      return RunOutcome::interrupted;
    }
    if (failure.fault() == HostFault::unavailable && needs.front().key.under_mps()) {
      if (pool_) {
        pool_->clean_up(needs);
      }
      record_unavailable(plan, out, failure.what());
      return RunOutcome::unavailable;
    }
    explain(failure, plan.id, needs);
  }
}

/// Cleans up after a failure, and passes it on with what it was about.
void CudaLane::explain(const HostFailure& failure, const std::string& subject,
                       const std::vector<HostNeed>& needs) {
  const bool daemon_died = pool_ && pool_->daemon_died();
  if (pool_) {
    pool_->clean_up(needs);
  }
  std::string message = fmt::format("{}: {}", subject, failure.what());
  if (daemon_died && message.find("the MPS daemon died") == std::string::npos) {
    message += "; the MPS daemon died";
  }
  if (failure.fault() == HostFault::unavailable) {
    throw Unavailable(failure.what());
  }
  throw HostFailure(failure.fault(), message);
}

ordered_json CudaLane::ask(const std::string& program, const ordered_json& request) {
  const std::vector<HostNeed> needs = {{.key = HostKey{}, .programs = {program}}};
  try {
    pool().prepare(needs);
    HostProcess& host = pool().host(HostKey{});
    host.request(request, "answering about " + program, kLoadLimit);
    std::vector<HostReply> replies = await_replies({&host}, [this] { stop_if_interrupted(); });
    throw_failure(replies);
    return std::move(replies.front().answer);
  } catch (const HostFailure& failure) {
    explain(failure, program, needs);
  }
}

// Results
// ---------------------------------------------------------------------------------------------------

ordered_json CudaLane::machine(const PlanSetup& setup, const Plan& plan) {
  const HostKey first = segments_of(plan, setup).front().hosts.front().first;
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  return {{"gpu", options_.gpu},
          {"host", host_},
          {"software", pool().hello(first).software},
          {"measured_at", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                                      fmt::gmtime(std::chrono::system_clock::to_time_t(now)))}};
}

void CudaLane::finish(const Plan& plan, const fs::path& out, const std::string& digest,
                      const PlanSetup& setup, const Measurement& measured) {
  const ResultFiles files = ResultFiles::of(out, plan.id);
  std::vector<std::string> names;
  for (const ClientPlan& client : plan.clients) {
    names.push_back(client.name);
  }
  std::vector<ordered_json> clients(plan.clients.size());
  std::vector<ClientRows> rows;
  ordered_json hosts = ordered_json::array();
  Nanos duration = 0;
  for (const HostRun& run : measured.runs) {
    duration = std::max(duration, run.duration);
    ordered_json driven = ordered_json::array();
    for (const HostClient& client : run.clients) {
      const std::size_t c = client.client;
      driven.push_back(plan.clients[c].name);
      rows.push_back({.client = c,
                      .file = scratch_ / fmt::format("rows.{}.csv", c),
                      .expected = client.totals.requests});
      clients[c] = client_summary(plan.clients[c], *setup.clients[c].program,
                                  name_of(options_.programs), client.totals);
      clients[c]["matched"] = client.matched;
      clients[c]["output_sha256"] =
          client.output_sha256 ? ordered_json(*client.output_sha256) : ordered_json(nullptr);
    }
    hosts.push_back({{"clients", driven}, {"duration_ns", run.duration}});
    hosts.back().update(run.counters);
  }
  std::sort(rows.begin(), rows.end(),
            [](const ClientRows& a, const ClientRows& b) { return a.client < b.client; });
  RequestLog log(files.records, names);
  merge_records(rows, log);
  for (const ClientRows& file : rows) {
    std::error_code ignored;
    fs::remove(file.file, ignored);
  }
  // A summary of an earlier result must not vouch for the new records, however briefly.
  std::error_code ignored;
  fs::remove(files.summary, ignored);
  log.commit();

  std::string label =
      options_.programs == ProgramKind::live ? "measured" : "measured, synthetic programs";
  const std::string gpu = text(options_.gpu, "name");
  if (!is_gpu_of(gpu, setup.gpu)) {
    label += fmt::format(", on {} in place of {}", gpu, plan.gpu);
  }
  ordered_json document = {{"version", kSummaryVersion},
                           {"plan", plan.id},
                           {"system", plan.system},
                           {"gpu", plan.gpu},
                           {"lane", "cuda"},
                           {"label", label},
                           {"seed", plan.seed},
                           {"duration_ns", duration},
                           {"input_digest", digest},
                           {"records_sha256", sha256_hex(read_file(files.records))},
                           {"machine", machine(setup, plan)},
                           {"clients", clients},
                           {"counters", {{"hosts", hosts}}}};
  if (measured.queues) {
    document["counters"]["queues"] = measured.queues->summary();
  }
  if (!measured.use.empty()) {
    write_use(measured.use, files.utilization, document);
  }
  write_file(files.summary, document.dump(1) + "\n");
  if (ledger_) {
    ledger_->store(digest, files);
  }
}

void CudaLane::record_unavailable(const Plan& plan, const fs::path& out, std::string_view why) {
  constexpr std::string_view kPrefix = "unavailable: ";
  if (why.starts_with(kPrefix)) {
    why.remove_prefix(kPrefix.size());
  }
  record_without_result(plan, out, "cuda", why, false);
}

std::string CudaLane::shut_down() {
  return pool_ ? pool_->shut_down(options_.interrupted()) : "";
}

} // namespace cotenant::cuda
