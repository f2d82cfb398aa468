#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "base/gzip.h"

namespace cotenant {
namespace {

RC_GTEST_PROP(Gzip, UnpacksWhatItPacked, (const std::string& text)) {
  RC_ASSERT(gzip_decompress(gzip_compress(text), "x") == text);
}

TEST(Gzip, PacksDeterministically) {
  const std::string packed = gzip_compress("some text");
  EXPECT_EQ(packed, gzip_compress("some text"));
  EXPECT_EQ(packed.substr(4, 4), std::string(4, '\0')) << "the time stamp is not empty";
}

TEST(Gzip, RefusesATruncationAtEveryByte) {
  const std::string packed = gzip_compress(std::string(100'000, 'a') + "tail");
  for (std::size_t length = 0; length < packed.size(); ++length) {
    EXPECT_THROW(gzip_decompress(packed.substr(0, length), "x"), InputError) << length;
  }
}

TEST(Gzip, RefusesDamageAndBytesBehindTheEnd) {
  std::string packed = gzip_compress("some text that is long enough to be damaged");
  EXPECT_THROW(gzip_decompress(packed + "x", "x"), InputError);
  EXPECT_THROW(gzip_decompress(packed + packed, "x"), InputError);
  packed[packed.size() - 6] = static_cast<char>(packed[packed.size() - 6] ^ 1); // checksum
  EXPECT_THROW(gzip_decompress(packed, "x"), InputError);
  EXPECT_THROW(gzip_decompress("plain text", "x"), InputError);
}

TEST(Gzip, StopsAtTheLimit) {
  const std::string packed = gzip_compress(std::string(1'000'000, 'a'));
  EXPECT_THROW(gzip_decompress(packed, "x", 500'000), InputError);
}

} // namespace
} // namespace cotenant
