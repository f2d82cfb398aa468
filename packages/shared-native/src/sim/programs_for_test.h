// Small programs, made by hand or at random, for tests of whole runs.
#pragma once

#include <initializer_list>
#include <random>
#include <string>

#include "program/program.h"

namespace cotenant {

inline Op kernel_for_test(std::uint32_t blocks, std::uint32_t threads, Nanos duration,
                          Boundness boundness = Boundness::compute) {
  Op op;
  op.kind = OpKind::kernel;
  op.name = "kernel";
  op.grid.x = blocks;
  op.block.x = threads;
  op.registers = 32;
  op.duration = op.duration_p25 = op.duration_p75 = duration;
  op.boundness = boundness;
  op.sm_util = boundness == Boundness::compute ? 0.7 : 0.2;
  op.dram_util = boundness == Boundness::memory ? 0.7 : 0.1;
  return op;
}

inline Op copy_for_test(OpKind kind, Nanos duration) {
  Op op;
  op.kind = kind;
  op.name = "copy";
  op.duration = op.duration_p25 = op.duration_p75 = duration;
  op.bytes = 1 << 20;
  return op;
}

inline Program program_for_test(const std::string& gpu, Mode mode, std::vector<Op> ops) {
  Program program;
  program.name = mode == Mode::training ? "test-training" : "test-inference";
  program.gpu = gpu;
  program.mode = mode;
  program.ops = std::move(ops);
  return program;
}

/// A program whose kernels are spread as those of networks are: many short ones, a few that fill
/// the GPU. Equal generators give equal programs on any machine (only the generator's raw words are
/// used).
inline Program random_program_for_test(const std::string& gpu, Mode mode, std::size_t ops,
                                       std::mt19937& words) {
  const auto below = [&](std::uint32_t bound) {
    return static_cast<std::uint32_t>(words()) % bound;
  };
  std::vector<Op> list;
  list.push_back(copy_for_test(OpKind::copy_h2d, 5'000 + below(20'000)));
  while (list.size() < ops) {
    const std::uint32_t threads = 64U << below(4);
    const std::uint32_t blocks = 1 + (below(8) == 0 ? below(20'000) : below(600));
    const Nanos duration = 2'000 + (below(6) == 0 ? below(400'000) : below(15'000));
    Op op = kernel_for_test(blocks, threads, duration,
                            static_cast<Boundness>(static_cast<int>(below(3)) - 1));
    op.registers = 16 + 8 * below(10);
    op.smem_static = below(3) == 0 ? below(32) * 1024 : 0;
    op.sm_util = below(100) / 100.0;
    op.dram_util = below(90) / 100.0;
    op.phase = mode == Mode::inference      ? Phase::forward
               : list.size() * 10 < ops * 4 ? Phase::forward
               : list.size() * 10 < ops * 9 ? Phase::backward
                                            : Phase::update;
    list.push_back(op);
  }
  return program_for_test(gpu, mode, std::move(list));
}

} // namespace cotenant
