#include "traffic/apollo_trace.h"

#include <array>
#include <cstdint>
#include <span>

namespace cotenant {
namespace {

constexpr int kSecondsPerSegment = 60;

// Milliseconds within the second at which each client submits. Facts, not code: read off DISB-E's
// published submission times (SJTU-IPADS/reef-artifacts, fig10/E.json).
constexpr std::array<std::uint16_t, 21> kDensenet = {31,  43,  116, 129, 148, 152, 274,
                                                     292, 308, 357, 480, 549, 559, 563,
                                                     607, 637, 641, 854, 878, 943, 947};
constexpr std::array<std::uint16_t, 21> kInception = {35,  71,  171, 179, 193, 221, 266,
                                                      284, 399, 451, 505, 579, 621, 629,
                                                      683, 714, 802, 810, 935, 956, 964};
constexpr std::array<std::uint16_t, 17> kVgg = {64,  216, 229, 255, 324, 361, 381, 420, 431,
                                                602, 611, 616, 664, 771, 797, 884, 915};
constexpr std::array<std::uint16_t, 26> kBert = {187, 234, 260, 278, 296, 302, 312, 318, 329,
                                                 339, 351, 366, 425, 474, 499, 513, 553, 567,
                                                 573, 695, 702, 722, 728, 818, 909, 987};
constexpr std::array<std::uint16_t, 19> kResnet152 = {
    101, 156, 201, 240, 436, 459, 484, 519, 534, 587, 622, 687, 701, 734, 782, 824, 839, 889, 920};

} // namespace

std::vector<Nanos> apollo_trace() {
  const std::array<std::span<const std::uint16_t>, 5> segments = {kDensenet, kInception, kVgg,
                                                                  kBert, kResnet152};
  std::vector<Nanos> gaps;
  gaps.reserve(6240);
  for (const auto& pattern : segments) {
    Nanos previous = 0;
    for (int second = 0; second < kSecondsPerSegment; ++second) {
      for (const std::uint16_t millisecond : pattern) {
        const Nanos submitted = second * kSecond + millisecond * kMillisecond;
        gaps.push_back(submitted - previous);
        previous = submitted;
      }
    }
  }
  return gaps;
}

} // namespace cotenant
