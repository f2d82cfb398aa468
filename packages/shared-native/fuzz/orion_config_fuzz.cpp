// Any text as a configuration of Orion's artifact: refused with an InputError on one line, or clients that make
// sense.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "cli/orion_config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cotenant;
  try {
    const OrionConfig config =
        parse_orion_config({reinterpret_cast<const char*>(data), size}, "fuzz", "folder");
    for (const OrionClient& client : config.clients) {
      if (client.model.empty() || client.iterations <= kOrionWarmup || !(client.rate >= 0) ||
          client.kernels < 1) {
        std::abort();
      }
    }
  } catch (const InputError& error) {
    if (std::string_view(error.what()).find('\n') != std::string_view::npos) {
      std::abort();
    }
  }
  return 0;
}
