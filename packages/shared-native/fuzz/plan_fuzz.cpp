// Any text as a plan: refused with an InputError or accepted, never a crash.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "run/plan.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    cotenant::parse_plan({reinterpret_cast<const char*>(data), size}, "fuzz", "/nonexistent");
  } catch (const cotenant::InputError&) {
  } catch (const cotenant::IoError&) {
  }
  return 0;
}
