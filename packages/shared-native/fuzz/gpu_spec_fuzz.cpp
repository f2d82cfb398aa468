// Any text as a GPU specification: refused with an InputError or accepted, never a crash.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "device/gpu_spec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    cotenant::parse_gpu_spec({reinterpret_cast<const char*>(data), size}, "fuzz");
  } catch (const cotenant::InputError&) {
  }
  return 0;
}
