// A system as users name it: description, parameters, and how to build its scheduler.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "device/gpu_spec.h"
#include "scheduler/scheduler.h"

namespace cotenant {

/// How the clients' contexts share the device.
enum class ContextMode : std::uint8_t {
  isolated,    ///< a device for each client: nothing is shared
  shared,      ///< one context, one stream per client: blocks in stream-priority, then launch order
  mps,         ///< a context per client, all resident: blocks in client-priority, then launch order
  time_sliced, ///< a context per client, one resident at a time
};

/// Who calls the driver.
enum class Launcher : std::uint8_t {
  per_client, ///< each client's own host thread
  single,     ///< one scheduler thread for all clients: launches queue behind each other
};

struct SystemMode {
  ContextMode contexts = ContextMode::shared;
  Launcher launcher = Launcher::per_client;
  bool stream_priorities = false; ///< the high-priority client's stream comes first
  /// The scheduler acts on the completion of single ops, not only of all that it launched: on a real
  /// GPU, where seeing a completion costs a mark in the stream, every op then gets one.
  bool watches_ops = false;
  /// The scheduler shares out device memory: clients need not fit the GPU with all their peaks at once.
  /// Only where memory can pass from one client to another, on the simulated GPU.
  bool manages_memory = false;
  /// All clients launch to one stream: their ops run one at a time, in the order of launch. Of a shared
  /// context only, launched by a single thread that never takes back what it launched.
  bool one_stream = false;
};

using ParamValue = std::variant<bool, std::int64_t, double, std::string>;

/// One parameter of a system: its own documentation and its own check.
struct ParamSpec {
  std::string name;
  ParamValue default_value;
  std::optional<double> min; ///< inclusive
  std::optional<double> max; ///< inclusive
  std::string unit;
  std::string doc;
};

/// "bool", "int", "number" or "string": how `value`'s type is called in schemas and messages.
std::string_view param_type(const ParamValue& value);

/// Parameter values of one run, complete: defaults filled in, types and bounds checked.
class Params {
 public:
  /// Throws InputError naming the field below `where` (nearest name, type, bounds). A number may be
  /// given as an integer, and an integer as a number without fraction: JSON does not tell them
  /// apart.
  static Params checked(const std::vector<ParamSpec>& specs,
                        const std::vector<std::pair<std::string, ParamValue>>& given,
                        const std::string& where);

  /// REQUIRES of all four: the system's table has a parameter of this name and type.
  [[nodiscard]] bool flag(std::string_view name) const;
  [[nodiscard]] std::int64_t integer(std::string_view name) const;
  [[nodiscard]] double number(std::string_view name) const;
  [[nodiscard]] const std::string& text(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, ParamValue>> values_;
};

/// A parameter's value that only the system itself can judge, such as one of a few words: a mistake
/// of whoever wrote it, unlike clients that the system cannot serve.
class ParamError : public InputError {
 public:
  using InputError::InputError;
};

/// What a system is built for. Profiles must outlive the scheduler; the rest need not.
struct Setup {
  const GpuSpec& gpu;
  std::span<const ClientInfo> clients;
};

struct SystemInstance {
  SystemMode mode;
  std::unique_ptr<Scheduler> scheduler;
};

struct SystemInfo {
  std::string name;
  std::string title;   ///< a few words
  std::string summary; ///< one or two sentences with the source
  std::vector<ParamSpec> params;
  /// Throws InputError, naming fields of the plan, for clients or a GPU that the system cannot serve
  /// (two of high priority, say), and ParamError for a parameter.
  SystemInstance (*make)(const Params& params, const Setup& setup) = nullptr;
};

/// Registers a system at program start: `const RegisterSystem registered{{.name = …}};` in its own
/// file. A name that is taken, or a default outside its own bounds, is a defect of this program and
/// aborts it.
struct RegisterSystem {
  explicit RegisterSystem(SystemInfo info);
};

/// All systems, sorted by name.
const std::vector<SystemInfo>& all_systems();

/// Throws InputError naming the nearest known system.
const SystemInfo& find_system(const std::string& name);

} // namespace cotenant
