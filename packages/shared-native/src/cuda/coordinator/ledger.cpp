#include "cuda/coordinator/ledger.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/file.h"
#include "base/sha256.h"

namespace cotenant::cuda {
namespace {

namespace fs = std::filesystem;

constexpr const char* kUtilizationDigest = "utilization_sha256";

std::string member(const nlohmann::json& document, const char* name) {
  const auto found = document.is_object() ? document.find(name) : document.end();
  return document.is_object() && found != document.end() && found->is_string()
             ? found->get<std::string>()
             : "";
}

} // namespace

ResultFiles ResultFiles::of(const fs::path& out, const std::string& plan) {
  return {.records = out / (plan + ".csv"),
          .utilization = out / (plan + ".utilization.csv"),
          .summary = out / (plan + ".json")};
}

Ledger::Ledger(fs::path folder) : folder_(std::move(folder)) {
  if (!fs::exists(folder_ / ".gitignore")) {
    make_folder(folder_);
    write_file(folder_ / ".gitignore", "*\n");
  }
}

ResultFiles Ledger::entry(const std::string& digest) const {
  return ResultFiles::of(folder_ / digest.substr(0, 2), digest);
}

bool Ledger::fetch(const std::string& digest, const ResultFiles& files) const {
  const ResultFiles kept = entry(digest);
  if (!fs::exists(kept.summary) || !fs::exists(kept.records)) {
    return false;
  }
  const std::string text = read_file(kept.summary);
  const std::string rows = read_file(kept.records);
  const auto document = nlohmann::json::parse(text, nullptr, false);
  if (member(document, "input_digest") != digest ||
      member(document, "records_sha256") != sha256_hex(rows)) {
    return false;
  }
  const std::string use_digest = member(document, kUtilizationDigest);
  const std::string use =
      use_digest.empty() || !fs::exists(kept.utilization) ? "" : read_file(kept.utilization);
  if (!use_digest.empty() && use_digest != sha256_hex(use)) {
    return false;
  }
  std::error_code ignored;
  fs::remove(files.summary, ignored); // it must not vouch for other records, however briefly
  write_file(files.records, rows);
  if (!use_digest.empty()) {
    write_file(files.utilization, use);
  }
  write_file(files.summary, text);
  return true;
}

void Ledger::store(const std::string& digest, const ResultFiles& files) const {
  const ResultFiles kept = entry(digest);
  make_folder(kept.summary.parent_path());
  write_file(kept.records, read_file(files.records));
  const std::string text = read_file(files.summary);
  if (!member(nlohmann::json::parse(text, nullptr, false), kUtilizationDigest).empty()) {
    write_file(kept.utilization, read_file(files.utilization));
  }
  write_file(kept.summary, text);
}

} // namespace cotenant::cuda
