// Any text as a memory budget: refused with an InputError, or steps in order of time.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "memory/budget.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto steps = cotenant::parse_budget({reinterpret_cast<const char*>(data), size},
                                              std::int64_t{141'000'000'000}, 6'000'000'000);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (steps[i].bytes < 0 || (i == 0 ? steps[i].at != 0 : steps[i].at <= steps[i - 1].at)) {
        std::abort();
      }
    }
  } catch (const cotenant::InputError&) {
  }
  return 0;
}
