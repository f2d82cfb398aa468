// Reading and writing program files (format: docs/program-format.md beside src/).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "program/program.h"

namespace cotenant {

/// Reads a .program.gz. Throws InputError "FILE: row N, column C: …" for a file that is truncated,
/// of another version, or whose counts disagree.
Program read_program(const std::filesystem::path& file);

/// The uncompressed text of a program file; `source` names it in errors. Entry point of the fuzzer.
Program parse_program(std::string_view text, const std::string& source);

/// The text that parse_program() reads back as an equal program. The header keeps the members and
/// the order of `header_json`, with the values of the program's own fields put in.
std::string render_program(const Program& program);

/// Writes deterministically: equal programs, equal bytes. Temporary name, then rename.
void write_program(const Program& program, const std::filesystem::path& file);

/// The file of a program id such as h200/resnet50-inference-b4-fp32 below `data_dir`/programs, or
/// `id` itself when it is a path to a file. Throws InputError naming the nearest known id.
std::filesystem::path find_program(const std::filesystem::path& data_dir, const std::string& id);

/// Ids of all programs below `data_dir`/programs, sorted.
std::vector<std::string> list_program_ids(const std::filesystem::path& data_dir);

} // namespace cotenant
