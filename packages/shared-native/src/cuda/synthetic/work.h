// What one launch of a generated kernel is told to do.
#pragma once

#include <cstdint>

namespace cotenant::cuda::synthetic {

// One list for both sides: the struct below, and the text of the same struct that the kernels are
// compiled with (kernel_source.cpp). `wide` is 64 bits, `word` 32; wide members come first, so that
// both compilers lay it out alike. A part is a fraction of 2^32: of so many blocks, one more.
// clang-format off
#define COTENANT_WORK_FIELDS(wide, word)                                                           \
  wide(source)     /* device address that is streamed from */                                      \
  wide(target)     /* and to */                                                                    \
  wide(chain)      /* table of indices: each load of it gives the place of the next */             \
  wide(epoch)      /* counts the program's iterations; moves the window, so that L2 cannot help */ \
  word(row_mask)   /* rows in source and in target, less one */                                    \
  word(epoch_rows) /* by which the window moves an iteration */                                    \
  word(begin_row)  /* of the window of this op */                                                  \
  word(block_rows) /* by which the windows of two blocks differ */                                 \
  word(read_rows)  /* a block */                                                                   \
  word(read_part)                                                                                  \
  word(write_rows)                                                                                 \
  word(write_part)                                                                                 \
  word(groups)     /* steps that stream rows, no more than `steps` */                              \
  word(steps)      /* of the outer loop */                                                         \
  word(fma_each)   /* rounds of multiply-adds a step */                                            \
  word(fma_more)   /* steps that do one more */                                                    \
  word(hops)       /* dependent loads of the chain, no more than `steps` */                        \
  word(hop_part)                                                                                   \
  word(first)      /* 1: counts the iteration */                                                   \
  word(never)      /* 0, which the compiler does not know */
// clang-format on

/// A row is what a warp streams with one instruction: 16 bytes a lane.
inline constexpr std::uint32_t kRowBytes = 512;
/// Entries of the chain; a power of two.
inline constexpr std::uint32_t kChainEntries = 8192;

struct Work {
#define COTENANT_WIDE(name) std::uint64_t name = 0;
#define COTENANT_WORD(name) std::uint32_t name = 0;
  COTENANT_WORK_FIELDS(COTENANT_WIDE, COTENANT_WORD)
#undef COTENANT_WIDE
#undef COTENANT_WORD

  bool operator==(const Work&) const = default;
};
static_assert(sizeof(Work) == 4 * 8 + 16 * 4, "the struct that kernels see has no padding");

} // namespace cotenant::cuda::synthetic
