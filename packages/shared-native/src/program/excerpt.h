// Some consecutive ops of a recorded program, mostly one kernel, as a program of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "program/program.h"

namespace cotenant {

/// Consecutive ops of a program.
struct OpRange {
  std::uint32_t first = 0;
  std::uint32_t count = 1;
};

/// Where an excerpt is from.
struct ExcerptOrigin {
  std::string program; ///< id of the program that was recorded
  OpRange ops;
  std::uint32_t repeat = 0;
};

/// What excerpt() noted in the header; nothing for a program that is none. Throws InputError for a
/// note that is no such thing.
std::optional<ExcerptOrigin> excerpt_origin(const Program& program);

/// A program that runs `count` ops of `from`, from `op` on, `repeat` times, named
/// <model>-inference-b<batch>-<precision>. The ops are as they were recorded and so is the label;
/// what was measured of the whole program (latency, memory) is not this program's and is left out.
/// The header says where it comes from: `id` is the program's own. Throws InputError if there is no
/// kernel among the ops, for a count or repeat count out of range, or for a name that would be none.
///
/// Some kernels need a word of their workspace cleared by the memset before them (products whose blocks
/// add up their parts in turn): alone such a kernel never ends on a GPU.
Program excerpt(const Program& from, const std::string& id, const OpRange& range,
                std::uint32_t repeat, const std::string& model);

} // namespace cotenant
