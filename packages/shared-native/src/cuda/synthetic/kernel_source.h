// The text of the generated kernels.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>

namespace cotenant::cuda::synthetic {

/// What is fixed when a kernel is compiled. Everything else is told at launch (Work).
struct Variant {
  std::uint32_t registers = 0;     ///< a thread, wanted
  std::uint32_t shared_static = 0; ///< bytes a block

  auto operator<=>(const Variant&) const = default;
};

/// How a kernel gets its number of registers: values that stay alive through its whole life.
struct VariantShape {
  std::uint32_t accumulators = 1; ///< multiply-adds of one pass
  std::uint32_t passes = 1;       ///< over the accumulators, a round
  std::uint32_t together = 1;     ///< rows that a warp keeps in flight
  std::uint32_t limit = 255;      ///< registers a thread, at most

  /// Issue slots of a warp that one round takes, its loop included.
  [[nodiscard]] std::uint32_t round_slots() const { return accumulators * passes + 3; }
};

/// Fewest registers that the kernels get by with: the compiler gives no fewer.
inline constexpr std::uint32_t kFewestRegisters = 24;

/// The variant that kernels with so many registers share; 0 = not recorded.
Variant variant_for(std::uint32_t registers, std::uint32_t shared_static);

VariantShape variant_shape(const Variant& variant);

/// Name of the kernel function, e.g. cotenant_r64_s2112.
std::string variant_name(const Variant& variant);

/// A whole translation unit in CUDA C++, without includes: the kernels of `variants`, and
///   cotenant_hold(unsigned long long ns)  keeps its stream busy for a time
///   cotenant_empty(Work)                  does nothing, to compare with
std::string kernel_source(std::span<const Variant> variants);

} // namespace cotenant::cuda::synthetic
