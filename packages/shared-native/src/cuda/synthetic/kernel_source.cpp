#include "cuda/synthetic/kernel_source.h"

#include <algorithm>
#include <fmt/format.h>

#include "cuda/synthetic/work.h"

namespace cotenant::cuda::synthetic {
namespace {

// Registers beside the accumulators, as counted on sm_80, sm_90 and sm_100. A few too many make the
// compiler spill a value or two, a few too few make it use fewer registers than wanted.
constexpr std::uint32_t kBesides = 33;
constexpr std::uint32_t kMostRegisters = 255;
constexpr std::uint32_t kPassInstructions = 16; ///< multiply-adds a round, at least

// A block's life: `steps` steps, each of which may stream a group of rows, does some multiply-adds,
// and may wait for a load that depends on the one before. The three are spread evenly over the
// steps. Loads of a group are used at the next group, so that they overlap with what lies between.
//   multiply-adds  take issue slots and nothing else
//   rows           16 bytes a lane, evict-first, from and to more memory than the L2 holds
//   hops           take time and nothing else: all lanes load one word that the L2 has
constexpr const char* kBody = R"(
__device__ __forceinline__ void stream_in(uint4& v, unsigned long long at, bool wanted) {
  asm volatile("{ .reg .pred p; setp.ne.u32 p, %5, 0; @p ld.global.cs.v4.u32 {%0, %1, %2, %3}, [%4]; }"
               : "+r"(v.x), "+r"(v.y), "+r"(v.z), "+r"(v.w)
               : "l"(at), "r"(static_cast<unsigned int>(wanted)));
}

__device__ __forceinline__ void stream_out(unsigned long long at, unsigned int value, bool wanted) {
  asm volatile("{ .reg .pred p; setp.ne.u32 p, %2, 0; @p st.global.cs.v4.u32 [%0], {%1, %1, %1, %1}; }"
               : : "l"(at), "r"(value), "r"(static_cast<unsigned int>(wanted)) : "memory");
}

__device__ __forceinline__ unsigned int from_l2(unsigned long long at) {
  unsigned int value;
  asm volatile("ld.global.cg.u32 %0, [%1];" : "=r"(value) : "l"(at));
  return value;
}

template <int kAccumulators, int kPasses, int kTogether, int kShared>
__device__ __forceinline__ void run(const Work& w) {
  const unsigned int thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  const unsigned int block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  // Multiples of the golden ratio fall evenly: of any run of blocks, the right part is below a limit.
  const unsigned int dice = block * 2654435769u;
  const unsigned int hops = w.hops + (dice < w.hop_part ? 1 : 0);
  const unsigned int reads = w.read_rows + (dice < w.read_part ? 1 : 0);
  const unsigned int writes = w.write_rows + (dice < w.write_part ? 1 : 0);

  float a[kAccumulators];
#pragma unroll
  for (int k = 0; k < kAccumulators; ++k) {
    a[k] = static_cast<float>(thread + k);
  }
  uint4 v[kTogether] = {};
  unsigned int at = (dice >> 19) ^ (thread / 32 * 64);
  unsigned int row = thread / 32;
  unsigned int begin = 0;
  unsigned int groups_due = 0;
  unsigned int hops_due = 0;
  if (w.groups != 0) {
    begin = w.begin_row + from_l2(w.epoch) * w.epoch_rows + block * w.block_rows;
  }

#pragma unroll 1
  for (unsigned int step = 0; step < w.steps; ++step) {
    groups_due += w.groups;
    if (groups_due >= w.steps) {
      groups_due -= w.steps;
#pragma unroll
      for (int u = 0; u < kTogether; ++u) {
        at ^= (v[u].x ^ v[u].y ^ v[u].z ^ v[u].w) & 0x10000000u; // memory holds zeros
      }
      const unsigned int warps = (blockDim.x * blockDim.y * blockDim.z + 31) / 32;
#pragma unroll
      for (int u = 0; u < kTogether; ++u) {
        const unsigned long long place =
            static_cast<unsigned long long>((begin + row) & w.row_mask) * kRowBytes + thread % 32 * 16;
        stream_in(v[u], w.source + place, row < reads);
        stream_out(w.target + place, at, row < writes);
        row += warps;
      }
    }
    const unsigned int rounds = w.fma_each + (step < w.fma_more ? 1 : 0);
#pragma unroll 1
    for (unsigned int i = 0; i < rounds; ++i) {
#pragma unroll
      for (int pass = 0; pass < kPasses; ++pass) {
#pragma unroll
        for (int k = 0; k < kAccumulators; ++k) {
          a[k] = fmaf(a[k], 0.999f, 0.001f);
        }
      }
    }
    hops_due += hops;
    if (hops_due >= w.steps) {
      hops_due -= w.steps;
      at = from_l2(w.chain + at * 4ull);
    }
  }

  // Nothing below happens but counting the iteration; the compiler has to keep the above for it.
  unsigned int sum = at;
#pragma unroll
  for (int u = 0; u < kTogether; ++u) {
    sum ^= v[u].x ^ v[u].y ^ v[u].z ^ v[u].w;
  }
#pragma unroll
  for (int k = 0; k < kAccumulators; ++k) {
    sum ^= __float_as_uint(a[k]);
  }
  if constexpr (kShared > 0) {
    __shared__ volatile unsigned char held[kShared];
    if (w.never != 0) {
      held[thread % kShared] = static_cast<unsigned char>(thread);
      __syncthreads();
      sum += held[(thread + 1) % kShared];
    }
  }
  unsigned int* const epoch = reinterpret_cast<unsigned int*>(w.epoch);
  if (w.never != 0) {
    *epoch = sum;
  }
  if (w.first != 0 && block == 0 && thread == 0) {
    atomicAdd(epoch, 1u);
  }
}

extern "C" __global__ void cotenant_empty(const Work w) {
  if (w.never != 0) {
    *reinterpret_cast<unsigned int*>(w.epoch) = 0;
  }
}

extern "C" __global__ void cotenant_hold(unsigned long long ns) {
  unsigned long long begin;
  unsigned long long now;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(begin));
  do {
    asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
  } while (now - begin < ns);
}
)";

std::string work_struct() {
  std::string text = "struct Work {\n";
#define COTENANT_WIDE(name) text += "  unsigned long long " #name ";\n";
#define COTENANT_WORD(name) text += "  unsigned int " #name ";\n";
  COTENANT_WORK_FIELDS(COTENANT_WIDE, COTENANT_WORD)
#undef COTENANT_WIDE
#undef COTENANT_WORD
  return text + fmt::format("}};\nconstexpr unsigned int kRowBytes = {};\n", kRowBytes);
}

} // namespace

Variant variant_for(std::uint32_t registers, std::uint32_t shared_static) {
  return {.registers = std::clamp(registers, kFewestRegisters, kMostRegisters),
          .shared_static = shared_static};
}

VariantShape variant_shape(const Variant& variant) {
  VariantShape shape;
  shape.limit = variant.registers;
  shape.accumulators =
      variant.registers > kBesides ? std::min(variant.registers - kBesides, 221U) : 1;
  // Rows in flight take four registers each.
  shape.together = variant.registers < 26 ? 1 : variant.registers < 40 ? 2 : 4;
  shape.passes = std::max(1U, kPassInstructions / shape.accumulators);
  return shape;
}

std::string variant_name(const Variant& variant) {
  return fmt::format("cotenant_r{}_s{}", variant.registers, variant.shared_static);
}

std::string kernel_source(std::span<const Variant> variants) {
  std::string text = work_struct() + kBody;
  for (const Variant& variant : variants) {
    const VariantShape shape = variant_shape(variant);
    text += fmt::format("\nextern \"C\" __global__ void __maxnreg__({}) {}(const Work w) {{\n"
                        "  run<{}, {}, {}, {}>(w);\n}}\n",
                        shape.limit, variant_name(variant), shape.accumulators, shape.passes,
                        shape.together, variant.shared_static);
  }
  return text;
}

} // namespace cotenant::cuda::synthetic
