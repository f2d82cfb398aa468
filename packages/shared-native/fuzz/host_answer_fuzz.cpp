// Any line as a host's answer: refused with a HostFailure on one line or accepted, never a crash.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cuda/coordinator/host_answer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cotenant::cuda;
  try {
    const auto answer = parse_answer({reinterpret_cast<const char*>(data), size});
    try {
      static_cast<void>(read_hello(answer));
    } catch (const HostFailure&) {
    }
    try {
      static_cast<void>(read_pace(answer));
    } catch (const HostFailure&) {
    }
    static_cast<void>(read_run(answer, {0, 1}));
  } catch (const HostFailure& failure) {
    if (std::string_view(failure.what()).find('\n') != std::string_view::npos) {
      std::abort();
    }
  }
  return 0;
}
