// Whole gzip members in memory.
#pragma once

#include <string>
#include <string_view>

namespace cotenant {

/// One gzip member with no name and no time stamp: equal text, equal bytes (for one version of
/// zlib).
std::string gzip_compress(std::string_view text);

/// The text of a single gzip member. Throws InputError, naming `source`, if `bytes` is not gzip,
/// ends early, fails its checksum, has bytes behind the member, or unpacks to more than `limit`
/// bytes.
std::string gzip_decompress(std::string_view bytes, const std::string& source,
                            std::size_t limit = std::size_t{1} << 30);

} // namespace cotenant
