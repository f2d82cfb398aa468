#include "cuda/launches.h"

#include <algorithm>
#include <fmt/format.h>

namespace cotenant::cuda {
namespace {

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

void set_carveout(std::vector<LaunchAttribute>& attributes, int percent) {
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

void allow_shared_memory(const Driver& driver, const LiveOp& op) {
  int allowed = 0;
  check(driver, driver.function_attribute(&allowed, kFunctionMaxDynamicSharedBytes, op.function),
        "cuFuncGetAttribute");
  const auto wanted = static_cast<int>(op.shared_bytes);
  if (wanted > allowed) {
    check(driver,
          driver.function_set_attribute(op.function, kFunctionMaxDynamicSharedBytes, wanted),
          "cuFuncSetAttribute");
  }
}

} // namespace

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

Launches::Launches(const Driver& driver, const LiveProgram& program, Stream stream,
                   std::optional<int> carveout)
    : driver_(driver), program_(program), stream_(stream) {
  attributes_.reserve(program.ops.size());
  for (const LiveOp& op : program.ops) {
    attributes_.push_back(op.attributes);
    if (op.kind == OpKind::kernel) {
      allow_shared_memory(driver, op);
      if (carveout) {
        set_carveout(attributes_.back(), *carveout);
      }
    }
    configs_.push_back(launch_config(op, stream, attributes_.back()));
  }
}

void Launches::launch(std::size_t op) const {
  try {
    launch_op(driver_, program_.ops[op], configs_[op], stream_);
  } catch (const DeviceError& error) {
    throw DeviceError(
        fmt::format("{}: op {} ('{}'): {}", program_.id, op, program_.ops[op].name, error.what()));
  }
}

} // namespace cotenant::cuda
