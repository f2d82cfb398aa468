#include "cuda/coordinator/ledger.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/file.h"
#include "base/sha256.h"

namespace cotenant::cuda {
namespace {

namespace fs = std::filesystem;

std::string member(const nlohmann::json& document, const char* name) {
  const auto found = document.is_object() ? document.find(name) : document.end();
  return document.is_object() && found != document.end() && found->is_string()
             ? found->get<std::string>()
             : "";
}

} // namespace

Ledger::Ledger(fs::path folder) : folder_(std::move(folder)) {
  if (!fs::exists(folder_ / ".gitignore")) {
    make_folder(folder_);
    write_file(folder_ / ".gitignore", "*\n");
  }
}

fs::path Ledger::entry(const std::string& digest, const char* suffix) const {
  return folder_ / digest.substr(0, 2) / (digest + suffix);
}

bool Ledger::fetch(const std::string& digest, const fs::path& records,
                   const fs::path& summary) const {
  const fs::path kept_summary = entry(digest, ".json");
  const fs::path kept_records = entry(digest, ".csv");
  if (!fs::exists(kept_summary) || !fs::exists(kept_records)) {
    return false;
  }
  const std::string text = read_file(kept_summary);
  const std::string rows = read_file(kept_records);
  const auto document = nlohmann::json::parse(text, nullptr, false);
  if (member(document, "input_digest") != digest ||
      member(document, "records_sha256") != sha256_hex(rows)) {
    return false;
  }
  std::error_code ignored;
  fs::remove(summary, ignored); // it must not vouch for other records, however briefly
  write_file(records, rows);
  write_file(summary, text);
  return true;
}

void Ledger::store(const std::string& digest, const fs::path& records,
                   const fs::path& summary) const {
  make_folder(entry(digest, ".json").parent_path());
  write_file(entry(digest, ".csv"), read_file(records));
  write_file(entry(digest, ".json"), read_file(summary));
}

} // namespace cotenant::cuda
