#include "cuda/host.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cuda/graph_walk.h"
#include "cuda/host_run.h"
#include "cuda/launch_overhead.h"
#include "cuda/live_executive.h"
#include "cuda/pace_request.h"
#include "cuda/present_gpu.h"
#include "cuda/program_copy.h"
#include "cuda/synthetic/synthetic.h"

namespace cotenant::cuda {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

std::string text_field(const json& request, const char* name) {
  const auto field = request.find(name);
  if (field == request.end() || !field->is_string()) {
    throw InputError(fmt::format("request.{}: is missing; expected a text", name));
  }
  return field->get<std::string>();
}

ordered_json failure(const char* kind, const std::exception& error) {
  return {{"ok", false}, {"kind", kind}, {"error", error.what()}};
}

} // namespace

ordered_json present_gpu(const Driver& driver) {
  Device device = 0;
  check(driver, driver.context_get_device(&device), "cuCtxGetDevice");
  return describe_gpu(driver, device);
}

Host::Host(const Driver& driver, std::filesystem::path data)
    : driver_(driver), streams_(driver), catalog_(std::move(data)) {
  check(driver_, driver_.context_get_current(&context_), "cuCtxGetCurrent");
  if (context_ == nullptr) {
    // A process without a framework: the first GPU's own context.
    Device device = 0;
    check(driver_, driver_.device_get(&device, 0), "cuDeviceGet");
    check(driver_, driver_.context_retain_primary(&context_, device), "cuDevicePrimaryCtxRetain");
    check(driver_, driver_.context_set_current(context_), "cuCtxSetCurrent");
  }
}

Host::~Host() = default;

void Host::add_graph(const std::string& id, Graph graph) {
  const Program& recorded = catalog_.program(recorded_program(id));
  LiveProgram live = walk_graph(driver_, graph);
  live.id = id;
  if (const auto origin = excerpt_origin(recorded)) {
    bind(live, catalog_.program(origin->program));
    keep_excerpt(live, *origin);
  }
  bind(live, recorded);
  programs_[id] = std::move(live);
}

void Host::add_synthetic(const std::string& id) {
  if (programs_.contains(id)) {
    return;
  }
  if (const std::string first = recorded_program(id); first != id) {
    // Its kernels read and write nothing that another could spoil: one set serves all copies.
    add_synthetic(first);
    LiveProgram copy = programs_.at(first);
    copy.id = id;
    programs_[id] = std::move(copy);
    return;
  }
  const Program& program = catalog_.program(id);
  LiveProgram live = make_synthetic(driver_, catalog_.gpu(program.gpu), program);
  live.id = id;
  programs_[id] = std::move(live);
}

std::string Host::answer(const std::string& request) {
  ordered_json answer;
  try {
    answer = dispatch(json::parse(request));
    answer["ok"] = true;
  } catch (const InputError& error) {
    answer = failure("input", error);
  } catch (const json::exception& error) {
    answer = failure("input", error);
  } catch (const Stuck& error) {
    answer = failure("watchdog", error);
  } catch (const DeviceError& error) {
    answer = failure("device", error);
  } catch (const Unavailable& error) {
    answer = failure("unavailable", error);
  } catch (const std::exception& error) {
    answer = failure("internal", error);
  }
  return answer.dump();
}

ordered_json Host::dispatch(const json& request) {
  const std::string command = text_field(request, "do");
  if (command == "hello") {
    return {{"protocol", kHostProtocol}, {"gpu", present_gpu(driver_)}};
  }
  if (command == "load") {
    const std::string id = text_field(request, "program");
    add_synthetic(id);
    const LiveProgram& program = programs_.at(id);
    ordered_json answer{{"ops", program.ops.size()}};
    if (!program.evidence.empty()) {
      answer["evidence"] = ordered_json::parse(program.evidence);
    }
    return answer;
  }
  if (command == "run") {
    return run_clients(driver_, context_, streams_, catalog_, programs_,
                       parse_run_request(request));
  }
  if (command == "pace") {
    check(driver_, driver_.context_set_current(context_), "cuCtxSetCurrent");
    return answer_pace(driver_, streams_, request);
  }
  if (command == "overhead") {
    const std::string id = text_field(request, "program");
    const auto found = programs_.find(id);
    if (found == programs_.end()) {
      throw InputError(fmt::format("request.program: '{}' is not loaded", id));
    }
    return measure_overhead(driver_, streams_.of({}), catalog_, found->second,
                            request.value("repeats", 200));
  }
  throw InputError(fmt::format(
      "request.do: '{}' is no command; expected hello, load, run, pace, overhead or quit",
      command));
}

} // namespace cotenant::cuda
