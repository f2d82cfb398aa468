// Any text as one of Orion's kernel files: refused with an InputError, or a program that its own
// file format can hold and that fits the GPU it was imported for.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "program/occupancy.h"
#include "program/orion_import.h"
#include "program/program_file.h"

namespace {

cotenant::GpuSpec small_gpu() {
  cotenant::GpuSpec gpu;
  gpu.id = "fuzz";
  gpu.sm = {.count = 80, .threads = 2048, .blocks = 32, .registers = 65536, .shared_memory = 98304};
  return gpu;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const cotenant::GpuSpec gpu = small_gpu();
  cotenant::Program program;
  try {
    program = cotenant::import_orion_kernels({reinterpret_cast<const char*>(data), size}, "fuzz",
                                             "net-inference-b1-fp32", gpu);
  } catch (const cotenant::InputError&) {
    return 0;
  }
  for (const cotenant::Op& op : program.ops) {
    cotenant::sm_needed(gpu, op);
  }
  cotenant::parse_program(cotenant::render_program(program), "fuzz");
  return 0;
}
