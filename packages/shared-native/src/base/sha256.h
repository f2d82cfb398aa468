// SHA-256 (FIPS 180-4), for content digests.
//
// A digest decides whether a finished result may stand for a plan, so two inputs must never share
// one by accident: checksums such as CRC-32 are too short. Of the hashes that are long enough this
// is the one that users can check with `sha256sum`, that Node has built in, and that needs no
// further library. Inputs are a few megabytes, so its speed (some hundred MB/s here) does not
// matter.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cotenant {

class Sha256 {
 public:
  Sha256& update(std::string_view bytes);

  /// 64 lower-case hexadecimal digits. Ends the computation: call once.
  std::string hex();

 private:
  void compress(const std::uint8_t* block);

  std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::uint8_t, 64> block_{};
  std::size_t filled_ = 0;
  std::uint64_t length_ = 0; ///< bytes so far
};

inline std::string sha256_hex(std::string_view bytes) {
  return Sha256().update(bytes).hex();
}

} // namespace cotenant
