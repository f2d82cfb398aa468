// Words and columns of program files, shared by the reader and the writer.
#pragma once

#include <array>
#include <string_view>

#include "program/program.h"

namespace cotenant::program_text {

inline constexpr std::string_view kFormat = "cotenant-program";
inline constexpr int kVersion = 1;

inline constexpr std::string_view kOpColumns = "index,kind,name,phase,grid_x,grid_y,grid_z,block_x,"
                                               "block_y,block_z,registers,smem_static,smem_dynamic,"
                                               "cluster,blocks_per_sm,duration_ns,duration_p25_ns,"
                                               "duration_p75_ns,host_gap_ns,bytes,dram_read_bytes,"
                                               "dram_write_bytes,sm_util,dram_util,flop_fp32,flop_"
                                               "fp16,flop_fp64,flop_tensor,boundness,evidence";
inline constexpr std::string_view kMemoryMark = "[memory]";
inline constexpr std::string_view kMemoryColumns = "op,event,block,bytes";

// In the order of their enumerators (boundness: from -1).
inline constexpr std::array<std::string_view, 7> kKinds = {
    "kernel", "copy_h2d", "copy_d2h", "copy_d2d", "memset", "host", "marker"};
inline constexpr std::array<std::string_view, 3> kPhases = {"forward", "backward", "update"};
inline constexpr std::array<std::string_view, 3> kBoundness = {"unknown", "memory", "compute"};
inline constexpr std::array<std::string_view, 2> kModes = {"inference", "training"};
inline constexpr std::array<std::string_view, 3> kLabels = {"recorded", "derived", "imported"};

inline std::string_view word(OpKind kind) {
  return kKinds[static_cast<std::size_t>(kind)];
}
inline std::string_view word(Phase phase) {
  return kPhases[static_cast<std::size_t>(phase)];
}
inline std::string_view word(Mode mode) {
  return kModes[static_cast<std::size_t>(mode)];
}
inline std::string_view word(Label label) {
  return kLabels[static_cast<std::size_t>(label)];
}
inline std::string_view word(Boundness boundness) {
  return kBoundness[static_cast<std::size_t>(static_cast<int>(boundness) + 1)];
}

} // namespace cotenant::program_text
