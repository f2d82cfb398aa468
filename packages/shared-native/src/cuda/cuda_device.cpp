#include "cuda/cuda_device.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <fmt/format.h>

namespace cotenant::cuda {
namespace {

constexpr std::size_t kEvents = 2048; ///< marks of a client that can be pending; a power of two

void fill(const Driver& driver, const MemsetNodeParams& p, Stream stream) {
  Result result = kSuccess;
  const bool flat = p.height <= 1;
  switch (p.element_size) {
  case 1:
    result =
        flat ? driver.memset_8(p.destination, static_cast<unsigned char>(p.value), p.width, stream)
             : driver.memset_2d_8(p.destination, p.pitch, static_cast<unsigned char>(p.value),
                                  p.width, p.height, stream);
    break;
  case 2:
    result =
        flat
            ? driver.memset_16(p.destination, static_cast<unsigned short>(p.value), p.width, stream)
            : driver.memset_2d_16(p.destination, p.pitch, static_cast<unsigned short>(p.value),
                                  p.width, p.height, stream);
    break;
  default:
    result = flat ? driver.memset_32(p.destination, p.value, p.width, stream)
                  : driver.memset_2d_32(p.destination, p.pitch, p.value, p.width, p.height, stream);
  }
  check(driver, result, "cuMemset");
}

} // namespace

Nanos monotonic_now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<Nanos>(time.tv_sec) * kSecond + time.tv_nsec;
}

LaunchConfig launch_config(const LiveOp& op, Stream stream,
                           std::vector<LaunchAttribute>& attributes) {
  return {.grid = {op.grid.x, op.grid.y, op.grid.z},
          .block = {op.block.x, op.block.y, op.block.z},
          .shared_bytes = op.shared_bytes,
          .stream = stream,
          .attributes = attributes.data(),
          .attribute_count = static_cast<unsigned int>(attributes.size())};
}

void launch_op(const Driver& driver, const LiveOp& op, const LaunchConfig& config, Stream stream) {
  switch (op.kind) {
  case OpKind::kernel:
    check(driver, driver.launch_kernel(&config, op.function, op.params, op.extra),
          "cuLaunchKernelEx");
    break;
  case OpKind::memset:
    fill(driver, op.fill, stream);
    break;
  default:
    check(driver, driver.memcpy_3d(&op.copy, stream), "cuMemcpy3DAsync");
  }
}

/// A client's stream, its prepared launches and its marks.
class CudaDevice::Lane {
 public:
  Lane(const Driver& driver, const ClientStream& client, int priority, const DeviceOptions& options)
      : driver_(driver), program_(*client.program), ends_(client.timed_launches) {
    const LiveProgram& program = program_;
    check(driver, driver.stream_create(&stream_, kStreamNonBlocking, priority),
          "cuStreamCreateWithPriority");
    attributes_.reserve(program.ops.size());
    for (const LiveOp& op : program.ops) {
      attributes_.push_back(op.attributes);
      if (options.carveout && op.kind == OpKind::kernel) {
        set_carveout(attributes_.back(), *options.carveout);
      }
      configs_.push_back(launch_config(op, stream_, attributes_.back()));
    }
    for (Event& event : events_) {
      check(driver, driver.event_create(&event, kEventDisableTiming), "cuEventCreate");
    }
    for (Event& event : ends_) {
      check(driver, driver.event_create(&event, kEventDefault), "cuEventCreate");
    }
  }

  ~Lane() {
    const auto destroy = [&](Event event) {
      if (event != nullptr) {
        driver_.event_destroy(event);
      }
    };
    std::ranges::for_each(events_, destroy);
    std::ranges::for_each(ends_, destroy);
    if (stream_ != nullptr) {
      driver_.stream_destroy(stream_);
    }
  }
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  void launch(std::uint32_t op) {
    try {
      launch_op(driver_, program_.ops[op], configs_[op], stream_);
      if (timed_ < ends_.size()) {
        check(driver_, driver_.event_record(ends_[timed_++], stream_), "cuEventRecord");
      }
    } catch (const DeviceError& error) {
      throw DeviceError(fmt::format("{}: op {} ('{}'): {}", program_.id, op, program_.ops[op].name,
                                    error.what()));
    }
  }

  void mark() {
    if (recorded_ - passed_ == kEvents) {
      throw DeviceError(fmt::format("{}: more than {} marks are pending", program_.id, kEvents));
    }
    check(driver_, driver_.event_record(events_[recorded_ % kEvents], stream_), "cuEventRecord");
    ++recorded_;
  }

  std::uint64_t passed() {
    while (passed_ < recorded_) {
      const Result result = driver_.event_query(events_[passed_ % kEvents]);
      if (result == kNotReady) {
        break;
      }
      check(driver_, result, program_.id);
      ++passed_;
    }
    return passed_;
  }

  void drain() {
    check(driver_, driver_.stream_synchronize(stream_), program_.id);
    passed_ = recorded_;
  }

  [[nodiscard]] Stream stream() const { return stream_; }

  [[nodiscard]] std::vector<Nanos> timed() const {
    std::vector<Nanos> times;
    for (std::size_t i = 1; i < timed_; ++i) {
      float milliseconds = 0;
      check(driver_, driver_.event_elapsed_ms(&milliseconds, ends_[i - 1], ends_[i]),
            "cuEventElapsedTime");
      times.push_back(static_cast<Nanos>(static_cast<double>(milliseconds) * kMillisecond));
    }
    return times;
  }

 private:
  static void set_carveout(std::vector<LaunchAttribute>& attributes, int percent) {
    const auto found = std::ranges::find(
        attributes, LaunchAttributeId::preferred_shared_memory_carveout, &LaunchAttribute::id);
    LaunchAttribute attribute{};
    attribute.id = LaunchAttributeId::preferred_shared_memory_carveout;
    attribute.value.number = percent;
    if (found != attributes.end()) {
      *found = attribute;
    } else {
      attributes.push_back(attribute);
    }
  }

  const Driver& driver_;
  const LiveProgram& program_;
  Stream stream_ = nullptr;
  std::vector<std::vector<LaunchAttribute>> attributes_; ///< per op; configs_ point into it
  std::vector<LaunchConfig> configs_;
  std::array<Event, kEvents> events_{};
  std::vector<Event> ends_; ///< of timed launches
  std::size_t timed_ = 0;
  std::uint64_t recorded_ = 0;
  std::uint64_t passed_ = 0;
};

CudaDevice::CudaDevice(const Driver& driver, const std::vector<ClientStream>& clients,
                       const DeviceOptions& options)
    : driver_(driver) {
  int least = 0;
  int greatest = 0;
  check(driver, driver.context_priority_range(&least, &greatest), "cuCtxGetStreamPriorityRange");
  for (const ClientStream& client : clients) {
    lanes_.push_back(
        client.program == nullptr
            ? nullptr
            : std::make_unique<Lane>(driver, client, client.first ? greatest : least, options));
  }
}

CudaDevice::~CudaDevice() = default;

Nanos CudaDevice::now() {
  return monotonic_now();
}

void CudaDevice::launch(std::size_t client, std::uint32_t op) {
  lanes_[client]->launch(op);
}

void CudaDevice::mark(std::size_t client) {
  lanes_[client]->mark();
}

std::uint64_t CudaDevice::passed(std::size_t client) {
  return lanes_[client]->passed();
}

void CudaDevice::drain() {
  for (const auto& lane : lanes_) {
    if (lane) {
      lane->drain();
    }
  }
}

std::vector<Nanos> CudaDevice::timed(std::size_t client) const {
  return lanes_[client]->timed();
}

Stream CudaDevice::stream(std::size_t client) const {
  return lanes_[client]->stream();
}

} // namespace cotenant::cuda
