// One kernel of a recorded program as a program of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "program/program.h"

namespace cotenant {

/// Where an excerpt is from.
struct ExcerptOrigin {
  std::string program; ///< id of the program that was recorded
  std::uint32_t op = 0;
  std::uint32_t repeat = 0;
};

/// What excerpt() noted in the header; nothing for a program that is none. Throws InputError for a
/// note that is no such thing.
std::optional<ExcerptOrigin> excerpt_origin(const Program& program);

/// A program that launches kernel `op` of `from` `repeat` times, named
/// <model>-inference-b<batch>-<precision>. The kernel is as it was recorded and so is the label;
/// what was measured of the whole program (latency, memory) is not this program's and is left out.
/// The header says where it comes from: `id` is the program's own. Throws InputError if the op is
/// not a kernel of the program, for a repeat count out of range, or for a name that would be none.
Program excerpt(const Program& from, const std::string& id, std::uint32_t op, std::uint32_t repeat,
                const std::string& model);

} // namespace cotenant
