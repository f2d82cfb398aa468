#include "cuda/synthetic/synthetic.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <tuple>

#include "base/error.h"
#include "cuda/launches.h"
#include "cuda/synthetic/cluster.h"
#include "cuda/synthetic/dial.h"
#include "cuda/synthetic/evidence.h"
#include "cuda/synthetic/holdings.h"
#include "cuda/synthetic/kernels.h"
#include "cuda/synthetic/stopwatch.h"
#include "cuda/synthetic/workload.h"

namespace cotenant::cuda {
namespace {

using namespace synthetic;

constexpr double kHopNs = 150; ///< a load from L2, on GPUs of about 1.5 to 2 GHz; a first guess
constexpr int kReplays = 3;

/// Makes the ops of one program, one after another.
class Maker {
 public:
  Maker(const Driver& driver, const GpuSpec& gpu, const Program& recorded, Holdings& holdings)
      : driver_(driver), gpu_(gpu), recorded_(recorded), holdings_(holdings),
        arena_(make_arena(driver, holdings, gpu.memory.l2_bytes)),
        watch_(driver, holdings.kernels->helpers(), static_cast<double>(gpu.launch.empty_kernel)) {}

  LiveProgram make() {
    watch_.warm_up();
    LiveProgram program;
    program.id = recorded_.gpu + "/" + recorded_.name;
    program.synthetic = true;
    for (std::size_t i = 0; i < recorded_.ops.size(); ++i) {
      const Op& op = recorded_.ops[i];
      try {
        program.ops.push_back(op.kind == OpKind::kernel ? kernel(op) : transfer(op));
      } catch (const DeviceError& error) {
        throw DeviceError(
            fmt::format("{}: op {} ('{}'): {}", program.id, i, op.name, error.what()));
      }
      matches_.back().op = i;
    }
    place_windows(program);
    nlohmann::ordered_json evidence = summarize(matches_, replay(program));
    evidence["compiled_kernels"] = holdings_.kernels->count();
    evidence["calibrated"] = tuned_.size();
    evidence["measurements"] = measurements_;
    program.evidence = evidence.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return program;
  }

 private:
  /// What tells calibrations apart. Repeats of a layer differ by the noise of their recording:
  /// durations that agree within 1 %, and traffic within 2 %, are tuned once.
  using Key = std::tuple<const CompiledKernel*, std::array<std::uint32_t, 6>, std::uint32_t,
                         std::uint32_t, long, long, long, long>;

  static long steps(double value, double ratio) {
    return value <= 0 ? -1 : std::lround(std::log(value) / std::log(ratio));
  }

  static Key key(const Op& op, const KernelChoice& choice) {
    return {choice.kernel,
            {op.grid.x, op.grid.y, op.grid.z, op.block.x, op.block.y, op.block.z},
            op.smem_dynamic,
            op.cluster,
            steps(static_cast<double>(op.duration), 1.01),
            steps(static_cast<double>(op.dram_read_bytes), 1.02),
            steps(static_cast<double>(op.dram_write_bytes), 1.02),
            std::lround(op.sm_util * 50)};
  }

  LiveOp kernel(const Op& op) {
    const KernelChoice choice = holdings_.kernels->choose(op);
    LiveOp live;
    live.kind = OpKind::kernel;
    live.name = op.name;
    live.function = choice.kernel->function;
    live.grid = op.grid;
    live.block = op.block;
    live.shared_bytes = op.smem_dynamic;
    const std::optional<Dim3> cluster = cluster_shape(op.grid, op.cluster);
    if (cluster && cluster->count() > 1) {
      live.attributes.push_back(cluster_attribute(*cluster));
    }
    const Demand demand = demand_of(gpu_, op, choice.kernel->variant);
    auto [known, is_new] = tuned_.try_emplace(key(op, choice));
    if (is_new) {
      known->second = calibrate(live, demand, static_cast<double>(op.duration));
    }
    const Tuning& tuning = known->second;
    Work work = work_at(demand, tuning.dial);
    add_memory(work);
    live.params = holdings_.arguments(work);
    matches_.push_back({.name = op.name,
                        .recorded_ns = static_cast<double>(op.duration),
                        .achieved_ns = tuning.achieved_ns,
                        .registers_recorded = op.registers,
                        .registers = choice.kernel->registers,
                        .blocks_per_sm_recorded = op.blocks_per_sm,
                        .blocks_per_sm = choice.blocks_per_sm,
                        .cluster_recorded = op.cluster,
                        .cluster = static_cast<std::uint32_t>(cluster ? cluster->count() : 1),
                        .dram_bytes_recorded = bytes_asked(demand, 0),
                        .dram_bytes = bytes_asked(demand, tuning.dial)});
    return live;
  }

  Tuning calibrate(LiveOp& live, const Demand& demand, double target_ns) {
    std::vector<LaunchAttribute> attributes = live.attributes;
    const LaunchConfig config = launch_config(live, watch_.stream(), attributes);
    Work work;
    void* params[] = {&work};
    const auto launch = [&](int) {
      check(driver_, driver_.launch_kernel(&config, live.function, params, nullptr),
            "cuLaunchKernelEx");
      // The driver has copied the argument. The next launch must not find its rows in the L2.
      work.begin_row += work.block_rows * static_cast<std::uint32_t>(demand.blocks);
    };
    const auto measure = [&](double dial) {
      const std::uint32_t begin = work.begin_row;
      work = work_at(demand, dial);
      add_memory(work);
      work.begin_row = begin;
      ++measurements_;
      return watch_.duration_ns(target_ns, launch);
    };
    // The first launch of a function loads it.
    add_memory(work);
    launch(0);
    check(driver_, driver_.stream_synchronize(watch_.stream()), "cuStreamSynchronize");
    return tune(target_ns, kHopNs * demand.waves, measure);
  }

  /// A copy or a memset of as many bytes.
  LiveOp transfer(const Op& op) {
    LiveOp live;
    live.kind = op.kind;
    live.name = op.name;
    const auto bytes = static_cast<std::size_t>(std::max<std::int64_t>(op.bytes, 1));
    if (op.kind == OpKind::memset) {
      const bool words = bytes % 4 == 0;
      live.fill = {.destination = device_buffer(0, bytes),
                   .pitch = bytes,
                   .value = 0,
                   .element_size = words ? 4U : 1U,
                   .width = words ? bytes / 4 : bytes,
                   .height = 1};
    } else if (op.is_copy()) {
      live.copy.width = bytes;
      live.copy.height = 1;
      live.copy.depth = 1;
      if (op.kind == OpKind::copy_h2d) {
        live.copy.source_type = MemoryType::host;
        live.copy.source_host = host_buffer(bytes);
      } else {
        live.copy.source_type = MemoryType::device;
        live.copy.source_device = device_buffer(0, bytes);
      }
      if (op.kind == OpKind::copy_d2h) {
        live.copy.target_type = MemoryType::host;
        live.copy.target_host = host_buffer(bytes);
      } else {
        live.copy.target_type = MemoryType::device;
        live.copy.target_device = device_buffer(1, bytes);
      }
    } else {
      throw InputError(fmt::format("{}/{}: op '{}' is neither a kernel nor a copy nor a memset; "
                                   "expected only those in a program that runs on a GPU",
                                   recorded_.gpu, recorded_.name, op.name));
    }
    const auto [known, is_new] = transfers_.try_emplace(std::pair(op.kind, op.bytes));
    if (is_new) {
      ++measurements_;
      known->second = watch_.duration_ns(static_cast<double>(op.duration), [&](int) {
        launch_op(driver_, live, {}, watch_.stream());
      });
    }
    matches_.push_back({.name = op.name,
                        .kernel = false,
                        .recorded_ns = static_cast<double>(op.duration),
                        .achieved_ns = known->second});
    return live;
  }

  DevicePointer device_buffer(std::size_t which, std::size_t bytes) {
    auto& [memory, size] = device_buffers_[which];
    if (size < bytes) {
      size = most_transferred();
      memory = holdings_.device_memory(size);
    }
    return memory;
  }

  void* host_buffer(std::size_t bytes) {
    if (host_size_ < bytes) {
      host_size_ = most_transferred();
      host_ = holdings_.host_memory(host_size_);
    }
    return host_;
  }

  [[nodiscard]] std::size_t most_transferred() const {
    std::int64_t most = 1;
    for (const Op& op : recorded_.ops) {
      if (op.kind != OpKind::kernel) {
        most = std::max(most, op.bytes);
      }
    }
    return static_cast<std::size_t>(most);
  }

  void add_memory(Work& work) const {
    work.source = arena_.base.source;
    work.target = arena_.base.target;
    work.chain = arena_.base.chain;
    work.epoch = arena_.base.epoch;
    work.row_mask = arena_.base.row_mask;
  }

  /// Every op streams through rows of its own, and through others in the next iteration.
  static void place_windows(LiveProgram& program) {
    std::uint32_t cursor = 0;
    bool first = true;
    for (const LiveOp& op : program.ops) {
      if (op.kind == OpKind::kernel) {
        Work& work = *static_cast<Work*>(op.params[0]);
        work.begin_row = cursor;
        work.first = first ? 1 : 0;
        first = false;
        cursor += work.block_rows * static_cast<std::uint32_t>(op.grid.count());
      }
    }
    for (const LiveOp& op : program.ops) {
      if (op.kind == OpKind::kernel) {
        static_cast<Work*>(op.params[0])->epoch_rows = cursor;
      }
    }
  }

  Replay replay(const LiveProgram& program) {
    const Launches launches(driver_, program, watch_.stream());
    std::array<double, kReplays> times{};
    for (double& time : times) {
      time = watch_.span_ns(static_cast<int>(program.ops.size()),
                            [&](int i) { launches.launch(static_cast<std::size_t>(i)); });
    }
    std::ranges::sort(times);
    const auto gaps =
        static_cast<double>(program.ops.size()) * static_cast<double>(gpu_.launch.dependent_gap);
    return {.stream_ns = times[kReplays / 2],
            .expected_ns = static_cast<double>(recorded_.op_sum()) + gaps};
  }

  const Driver& driver_;
  const GpuSpec& gpu_;
  const Program& recorded_;
  Holdings& holdings_;
  Arena arena_;
  Stopwatch watch_;
  std::map<Key, Tuning> tuned_;
  std::map<std::pair<OpKind, std::int64_t>, double> transfers_;
  std::array<std::pair<DevicePointer, std::size_t>, 2> device_buffers_{};
  void* host_ = nullptr;
  std::size_t host_size_ = 0;
  std::vector<Match> matches_;
  int measurements_ = 0;
};

} // namespace

LiveProgram make_synthetic(const Driver& driver, const GpuSpec& gpu, const Program& program,
                           const SyntheticOptions& options) {
  auto holdings = std::make_shared<Holdings>(driver);
  holdings->kernels.emplace(driver, program.ops, options.compile);
  LiveProgram live = Maker(driver, gpu, program, *holdings).make();
  live.keeper = std::move(holdings);
  return live;
}

} // namespace cotenant::cuda
