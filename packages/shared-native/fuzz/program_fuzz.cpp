// Any text as a program file: refused with an InputError, or accepted and then written and read
// back the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "program/program_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const cotenant::Program program =
        cotenant::parse_program({reinterpret_cast<const char*>(data), size}, "fuzz");
    const std::string text = cotenant::render_program(program);
    if (cotenant::render_program(cotenant::parse_program(text, "fuzz")) != text) {
      std::abort();
    }
  } catch (const cotenant::InputError&) {
  }
  return 0;
}
