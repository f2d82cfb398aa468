#include "base/gzip.h"

#include <fmt/format.h>
#include <limits>
#include <new>
#include <zlib.h>

#include "base/error.h"

namespace cotenant {

namespace {

constexpr int kGzipWindow = 15 + 16; // the largest window; +16 selects the gzip wrapper
constexpr std::size_t kChunk = std::size_t{1} << 16;

// zlib takes a pointer to non-const bytes that it does not write to.
Bytef* input(std::string_view bytes) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
}

} // namespace

std::string gzip_compress(std::string_view text) {
  if (text.size() > std::numeric_limits<uInt>::max()) {
    throw IoError("gzip: a text of 4 GiB or more");
  }
  z_stream stream{};
  if (::deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw std::bad_alloc();
  }
  gz_header header{};
  header.os = 255; // "unknown": the same bytes on every system
  ::deflateSetHeader(&stream, &header);
  std::string out(::deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  stream.next_in = input(text);
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = ::deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  if (result != Z_STREAM_END) {
    throw IoError("gzip: compression did not finish");
  }
  return out;
}

std::string gzip_decompress(std::string_view bytes, const std::string& source, std::size_t limit) {
  if (bytes.size() < 2 || bytes[0] != '\x1f' || bytes[1] != '\x8b') {
    throw InputError(source + ": not a gzip file; expected one that starts with bytes 1f 8b");
  }
  if (bytes.size() > std::numeric_limits<uInt>::max()) {
    throw InputError(source + ": the file is larger than 4 GiB");
  }
  z_stream stream{};
  if (::inflateInit2(&stream, kGzipWindow) != Z_OK) {
    throw std::bad_alloc();
  }
  stream.next_in = input(bytes);
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  std::string problem;
  int result = Z_OK;
  while (result == Z_OK && problem.empty()) {
    const std::size_t have = out.size();
    out.resize(have + kChunk);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + have);
    stream.avail_out = static_cast<uInt>(kChunk);
    result = ::inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
    if (out.size() > limit) {
      problem = fmt::format("unpacks to more than {} bytes", limit);
    }
  }
  if (problem.empty() && result == Z_STREAM_END && stream.avail_in != 0) {
    problem = fmt::format("{} bytes behind the end of the gzip data", stream.avail_in);
  } else if (problem.empty() && result == Z_BUF_ERROR) {
    problem =
        "truncated: the gzip data ends early; expected the whole file (copy or record it again)";
  } else if (problem.empty() && result != Z_STREAM_END) {
    problem = fmt::format("damaged gzip data ({}); expected the file as it was written",
                          stream.msg != nullptr ? stream.msg : "unreadable");
  }
  ::inflateEnd(&stream);
  if (!problem.empty()) {
    throw InputError(source + ": " + problem);
  }
  return out;
}

} // namespace cotenant
