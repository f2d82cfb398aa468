#include "program/program_file.h"

#include <algorithm>
#include <fmt/format.h>
#include <system_error>

#include "base/error.h"
#include "base/file.h"
#include "base/gzip.h"
#include "base/text.h"

namespace cotenant {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".program.gz";

} // namespace

Program read_program(const fs::path& file) {
  const std::string source = file.string();
  return parse_program(gzip_decompress(read_file(file), source), source);
}

void write_program(const Program& program, const fs::path& file) {
  write_file(file, gzip_compress(render_program(program)));
}

std::vector<std::string> list_program_ids(const fs::path& data_dir) {
  const fs::path folder = data_dir / "programs";
  std::vector<std::string> ids;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    std::string id = fs::relative(it->path(), folder).generic_string();
    if (id.size() > kSuffix.size() && id.ends_with(kSuffix)) {
      id.resize(id.size() - kSuffix.size());
      ids.push_back(std::move(id));
    }
  }
  if (error) {
    throw InputError(fmt::format("{}: cannot list: {}; expected the folder of recorded programs",
                                 folder.string(), error.message()));
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

fs::path find_program(const fs::path& data_dir, const std::string& id) {
  std::error_code ignored;
  const fs::path known = data_dir / "programs" / (id + std::string(kSuffix));
  if (fs::is_regular_file(known, ignored)) {
    return known;
  }
  if (fs::is_regular_file(id, ignored)) {
    return id;
  }
  throw InputError(
      fmt::format("unknown program {}{}", quote(id), did_you_mean(id, list_program_ids(data_dir))));
}

} // namespace cotenant
