// A set of SMs by index.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace cotenant {

/// More SMs than any GPU has.
inline constexpr std::uint32_t kMaxSms = 256;

class SmSet {
 public:
  /// SMs begin .. end - 1.
  static SmSet range(std::uint32_t begin, std::uint32_t end) {
    SmSet set;
    for (std::size_t i = 0; i < kWords; ++i) {
      set.words_[i] = below(i, end) & ~below(i, begin);
    }
    return set;
  }

  [[nodiscard]] std::uint32_t count() const {
    std::uint32_t count = 0;
    for (const std::uint64_t word : words_) {
      count += ones(word);
    }
    return count;
  }

  /// The `count` SMs with the lowest indices.
  [[nodiscard]] SmSet lowest(std::uint32_t count) const {
    SmSet set;
    for (std::size_t i = 0; i < kWords && count > 0; ++i) {
      const std::uint32_t here = ones(words_[i]);
      set.words_[i] = here <= count ? words_[i] : lowest_ones(words_[i], count);
      count -= std::min(here, count);
    }
    return set;
  }

  SmSet& operator|=(const SmSet& other) {
    for (std::size_t i = 0; i < kWords; ++i) {
      words_[i] |= other.words_[i];
    }
    return *this;
  }

  SmSet& operator&=(const SmSet& other) {
    for (std::size_t i = 0; i < kWords; ++i) {
      words_[i] &= other.words_[i];
    }
    return *this;
  }

  /// Removes the SMs of `other`.
  SmSet& operator-=(const SmSet& other) {
    for (std::size_t i = 0; i < kWords; ++i) {
      words_[i] &= ~other.words_[i];
    }
    return *this;
  }

  friend SmSet operator|(SmSet left, const SmSet& right) { return left |= right; }
  friend SmSet operator&(SmSet left, const SmSet& right) { return left &= right; }
  bool operator==(const SmSet&) const = default;

 private:
  static constexpr std::size_t kWords = kMaxSms / 64;

  static std::uint32_t ones(std::uint64_t word) {
    // Mostly all or none; without the instruction for it, counting is a call.
    return word == 0 ? 0 : ~word == 0 ? 64 : static_cast<std::uint32_t>(std::popcount(word));
  }

  /// The lowest `count` ones of `word`, which has more.
  static std::uint64_t lowest_ones(std::uint64_t word, std::uint32_t count) {
    const std::uint64_t run = ((std::uint64_t{1} << count) - 1) << std::countr_zero(word);
    if ((word & run) == run) {
      return run; // they are adjacent, as they mostly are
    }
    std::uint64_t result = 0;
    for (; count > 0; --count) {
      const std::uint64_t lowest = word & (~word + 1);
      result |= lowest;
      word ^= lowest;
    }
    return result;
  }

  /// Bits of word `word` for SMs with an index below `end`.
  static std::uint64_t below(std::size_t word, std::uint32_t end) {
    const std::size_t first = word * 64;
    if (end <= first) {
      return 0;
    }
    return end - first >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << (end - first)) - 1;
  }

  std::array<std::uint64_t, kWords> words_{};
};

} // namespace cotenant
