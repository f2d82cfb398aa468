// Work of four kinds in small pieces, for kernels that keep one resource busy.
#pragma once

#include "common.h"

namespace calibrate {

enum class Kind : int { dram_read, dram_copy, fma, l2_chase };
constexpr const char* kind_names[] = {"dram_read", "dram_copy", "fma", "l2_chase"};

constexpr size_t dram_bytes = size_t{2} << 30;   // far beyond the L2
constexpr unsigned int chain_entries = 1u << 18; // 1 MiB: stays in the L2

struct Memory {
  ulonglong2* source;
  ulonglong2* target;
  const unsigned int* chain;
  float* sink;
};

/// A bounded piece of work of about a few microseconds. Returns the bytes of DRAM it moves a thread.
__device__ inline unsigned int piece(Kind kind, const Memory& memory, size_t& at, unsigned int& hop,
                                     float (&a)[8]) {
  constexpr size_t count = dram_bytes / sizeof(ulonglong2);
  switch (kind) {
  case Kind::dram_read:
  case Kind::dram_copy: {
    const size_t step = static_cast<size_t>(gridDim.x) * blockDim.x;
    ulonglong2 values[4];
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      values[j] = __ldcs(memory.source + (at + static_cast<size_t>(j) * step) % count);
    }
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      if (kind == Kind::dram_copy) {
        __stcs(memory.target + (at + static_cast<size_t>(j) * step) % count, values[j]);
      }
      hop ^= static_cast<unsigned int>(values[j].x ^ values[j].y) & 0x80000000u; // holds zeros
    }
    at = (at + 4 * step) % count;
    return 4 * sizeof(ulonglong2) * (kind == Kind::dram_copy ? 2 : 1);
  }
  case Kind::fma:
#pragma unroll 1
    for (int k = 0; k < 64; ++k) {
#pragma unroll
      for (float& value : a) {
        value = value * 0.999f + 1.0f;
      }
    }
    return 0;
  case Kind::l2_chase:
#pragma unroll 1
    for (int k = 0; k < 4; ++k) {
      hop = __ldcg(memory.chain + hop);
    }
    return 0;
  }
  return 0;
}

/// Keeps the compiler from leaving out work whose result nobody reads.
__device__ inline void keep(const Memory& memory, unsigned int hop, const float (&a)[8]) {
  float sum = static_cast<float>(hop);
  for (const float value : a) {
    sum += value;
  }
  if (sum == -42.0f) {
    memory.sink[0] = sum;
  }
}

static __global__ void make_chain(unsigned int* chain) {
  const unsigned int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < chain_entries) {
    chain[i] = (i * 5 + 8209 * 32 + 1) % chain_entries; // a full cycle: 5 = 1 mod 4, odd increment
  }
}

/// What the pieces read and write, on the GPU.
class WorkMemory {
 public:
  WorkMemory() {
    void* source = nullptr;
    void* target = nullptr;
    CHECK(cudaMalloc(&source, dram_bytes));
    CHECK(cudaMalloc(&target, dram_bytes));
    CHECK(cudaMemset(source, 0, dram_bytes));
    CHECK(cudaMalloc(&chain_, chain_entries * sizeof(unsigned int)));
    CHECK(cudaMalloc(&memory_.sink, 4096));
    make_chain<<<chain_entries / 256, 256>>>(chain_);
    CHECK(cudaDeviceSynchronize());
    memory_.source = static_cast<ulonglong2*>(source);
    memory_.target = static_cast<ulonglong2*>(target);
    memory_.chain = chain_;
  }
  ~WorkMemory() {
    cudaFree(memory_.source);
    cudaFree(memory_.target);
    cudaFree(chain_);
    cudaFree(memory_.sink);
  }
  WorkMemory(const WorkMemory&) = delete;
  WorkMemory& operator=(const WorkMemory&) = delete;

  [[nodiscard]] const Memory& get() const { return memory_; }

 private:
  Memory memory_{};
  unsigned int* chain_ = nullptr;
};

} // namespace calibrate
