#include "cuda/synthetic/kernels.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>

namespace cotenant::cuda::synthetic {
namespace {

/// Shared memory that a block may have without asking the driver for more.
constexpr std::uint32_t kUnaskedSharedBytes = 48 * 1024;

std::string architecture(const Driver& driver) {
  Device device = 0;
  int major = 0;
  int minor = 0;
  check(driver, driver.context_get_device(&device), "cuCtxGetDevice");
  check(driver, driver.device_attribute(&major, kDeviceComputeMajor, device),
        "cuDeviceGetAttribute");
  check(driver, driver.device_attribute(&minor, kDeviceComputeMinor, device),
        "cuDeviceGetAttribute");
  return fmt::format("sm_{}{}", major, minor);
}

std::uint32_t distance(std::uint32_t a, std::uint32_t b) {
  return a > b ? a - b : b - a;
}

} // namespace

Kernels::Kernels(const Driver& driver, std::span<const Op> ops, const Compiler& compile)
    : driver_(driver) {
  std::set<Variant> wanted;
  std::map<std::uint32_t, std::uint32_t> most_dynamic; // by static shared memory
  std::set<std::uint32_t> large_clusters;              // static shared memory of their kernels
  for (const Op& op : ops) {
    if (op.kind == OpKind::kernel) {
      wanted.insert(variant_for(op.registers, op.smem_static));
      auto& most = most_dynamic[op.smem_static];
      most = std::max(most, op.smem_dynamic);
      if (op.cluster > 8) { // larger ones have to be allowed
        large_clusters.insert(op.smem_static);
      }
    }
  }
  const std::vector<Variant> variants(wanted.begin(), wanted.end());
  const std::string image = compile(kernel_source(variants), architecture(driver));
  check(driver, driver.module_load(&module_, image.data()), "cuModuleLoadData");
  try {
    helpers_ = {.empty = function("cotenant_empty"), .hold = function("cotenant_hold")};
    for (const Variant& variant : variants) {
      CompiledKernel kernel{.variant = variant,
                            .function = function(variant_name(variant).c_str())};
      int registers = 0;
      check(driver, driver.function_attribute(&registers, kFunctionRegisters, kernel.function),
            "cuFuncGetAttribute");
      kernel.registers = static_cast<std::uint32_t>(registers);
      const std::uint32_t dynamic = most_dynamic.at(variant.shared_static);
      if (dynamic + variant.shared_static > kUnaskedSharedBytes) {
        check(driver,
              driver.function_set_attribute(kernel.function, kFunctionMaxDynamicSharedBytes,
                                            static_cast<int>(dynamic)),
              "cuFuncSetAttribute");
      }
      if (large_clusters.contains(variant.shared_static)) {
        check(driver,
              driver.function_set_attribute(kernel.function, kFunctionNonPortableClusters, 1),
              "cuFuncSetAttribute");
      }
      kernels_.push_back(kernel);
    }
  } catch (...) {
    driver.module_unload(module_);
    throw;
  }
}

Kernels::~Kernels() {
  driver_.module_unload(module_);
}

Function Kernels::function(const char* name) const {
  Function found = nullptr;
  check(driver_, driver_.module_function(&found, module_, name), name);
  return found;
}

KernelChoice Kernels::choose(const Op& op) const {
  const Variant wanted = variant_for(op.registers, op.smem_static);
  KernelChoice best;
  const auto worse_by = [&](const KernelChoice& choice) {
    const bool differs = op.blocks_per_sm != 0 && choice.blocks_per_sm != op.blocks_per_sm;
    return std::pair(differs, distance(choice.kernel->registers, wanted.registers));
  };
  for (const CompiledKernel& kernel : kernels_) {
    if (kernel.variant.shared_static != op.smem_static) {
      continue;
    }
    int blocks = 0;
    if (driver_.occupancy_blocks(&blocks, kernel.function, static_cast<int>(op.block.count()),
                                 op.smem_dynamic) != kSuccess) {
      continue; // more than this kernel can be launched with
    }
    const KernelChoice choice{.kernel = &kernel,
                              .blocks_per_sm = static_cast<std::uint32_t>(blocks)};
    if (blocks > 0 && (best.kernel == nullptr || worse_by(choice) < worse_by(best))) {
      best = choice;
    }
  }
  if (best.kernel == nullptr) {
    throw DeviceError(fmt::format("'{}': a block of {} threads, {} registers a thread and {} bytes "
                                  "of shared memory does not fit on this GPU",
                                  op.name, op.block.count(), wanted.registers,
                                  std::uint64_t{op.smem_static} + op.smem_dynamic));
  }
  return best;
}

} // namespace cotenant::cuda::synthetic
