// Random programs that are valid, and a small fixed one. For tests.
#pragma once

#include <algorithm>
#include <map>
#include <rapidcheck.h>

#include "program/program.h"

namespace cotenant {

inline Op random_op() {
  Op op;
  op.kind = static_cast<OpKind>(*rc::gen::inRange(0, 7));
  op.phase = static_cast<Phase>(*rc::gen::inRange(0, 3));
  op.boundness = static_cast<Boundness>(*rc::gen::inRange(-1, 2));
  op.name = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab<>,\" :&;[")));
  op.evidence = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("ai=1.<,\"")));
  if (op.kind == OpKind::kernel) {
    op.grid = {*rc::gen::inRange(1U, 0x80000000U), *rc::gen::inRange(1U, 65536U),
               *rc::gen::inRange(1U, 65536U)};
    op.block = {*rc::gen::inRange(1U, 257U), *rc::gen::inRange(1U, 3U), *rc::gen::inRange(1U, 3U)};
    op.registers = *rc::gen::inRange(0U, 256U);
    op.smem_static = *rc::gen::inRange(0U, 50'000U);
    op.smem_dynamic = *rc::gen::inRange(0U, 200'000U);
    op.cluster = *rc::gen::inRange(1U, 17U);
    op.blocks_per_sm = *rc::gen::inRange(0U, 33U);
  }
  op.duration_p25 = *rc::gen::inRange<Nanos>(0, 1'000'000);
  op.duration = op.duration_p25 + *rc::gen::inRange<Nanos>(0, 1000);
  op.duration_p75 = op.duration + *rc::gen::inRange<Nanos>(0, 1000);
  op.host_gap = *rc::gen::inRange<Nanos>(0, 100'000);
  op.bytes = *rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 40);
  op.dram_read_bytes = *rc::gen::inRange<std::int64_t>(-1, std::int64_t{1} << 40);
  op.dram_write_bytes = *rc::gen::inRange<std::int64_t>(-1, std::int64_t{1} << 40);
  // The format keeps four decimals.
  const auto share = [] {
    const int ten_thousandths = *rc::gen::inRange(-1, 10'001);
    return ten_thousandths < 0 ? kUnknown : ten_thousandths / 10'000.0;
  };
  op.sm_util = share();
  op.dram_util = share();
  op.flop_fp32 = *rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 50);
  op.flop_tensor = *rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 50);
  return op;
}

inline Program random_program() {
  Program program;
  program.name = "random-inference-b1-fp32";
  program.gpu = "h200";
  program.label = static_cast<Label>(*rc::gen::inRange(0, 3));
  program.model = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("model\"\\/")));
  program.mode = static_cast<Mode>(*rc::gen::inRange(0, 2));
  program.batch = *rc::gen::inRange(0U, 1000U);
  program.precision = "fp32";
  program.solo_latency = *rc::gen::inRange<Nanos>(0, kSecond);
  program.solo_busy = *rc::gen::inRange<Nanos>(0, kSecond);
  program.dependent_gap = *rc::gen::inRange<Nanos>(0, 2000);
  program.persistent_bytes = *rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 40);
  program.peak_bytes = *rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 40);
  const auto ops = *rc::gen::inRange(0, 20);
  for (int i = 0; i < ops; ++i) {
    program.ops.push_back(random_op());
  }
  std::map<std::uint32_t, std::int64_t> live;
  const auto events = *rc::gen::inRange(0, 20);
  std::uint32_t op = 0;
  for (int i = 0; i < events; ++i) {
    op = std::min(op + *rc::gen::inRange(0U, 3U), static_cast<std::uint32_t>(program.ops.size()));
    const auto block = *rc::gen::inRange(0U, 4U);
    const auto found = live.find(block);
    if (found == live.end()) {
      const auto bytes = *rc::gen::inRange<std::int64_t>(0, 1 << 30);
      live.emplace(block, bytes);
      program.memory.push_back({op, true, block, bytes});
    } else {
      program.memory.push_back({op, false, block, found->second});
      live.erase(found);
    }
  }
  return program;
}

/// Three ops and three memory events: rows 1 header, 2 columns, 3 to 5 ops, 6 [memory], 7 columns,
/// 8 to 10 events, 11 [end].
inline Program small_program() {
  Program program;
  program.name = "small-inference-b4-fp32";
  program.gpu = "h200";
  program.model = "small";
  program.batch = 4;
  program.precision = "fp32";
  program.solo_latency = 30'000;
  program.solo_busy = 27'000;
  program.dependent_gap = 800;
  program.persistent_bytes = 1000;
  program.peak_bytes = 3000;
  Op copy;
  copy.kind = OpKind::copy_h2d;
  copy.name = "input";
  copy.bytes = 2'408'448;
  copy.duration = copy.duration_p25 = copy.duration_p75 = 5000;
  Op gemm;
  gemm.name = "void gemm<float, 128, 32>(int*, float)";
  gemm.grid = {64, 2, 1};
  gemm.block = {128, 1, 1};
  gemm.registers = 96;
  gemm.smem_static = 1024;
  gemm.smem_dynamic = 32'768;
  gemm.blocks_per_sm = 5;
  gemm.duration = 20'000;
  gemm.duration_p25 = 19'000;
  gemm.duration_p75 = 21'000;
  gemm.dram_read_bytes = 4'000'000;
  gemm.dram_write_bytes = 1'000'000;
  gemm.sm_util = 0.75;
  gemm.dram_util = 0.0625;
  gemm.flop_fp32 = 400'000'000;
  gemm.boundness = Boundness::compute;
  gemm.evidence = "ai=80.0>knee=14.0";
  Op set;
  set.kind = OpKind::memset;
  set.name = "memset";
  set.bytes = 4096;
  set.duration = set.duration_p25 = set.duration_p75 = 2000;
  program.ops = {copy, gemm, set};
  program.memory = {{0, true, 1, 512}, {1, true, 2, 1024}, {3, false, 1, 512}};
  return program;
}

} // namespace cotenant
