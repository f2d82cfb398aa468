#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/sha256.h"
#include "base/temporary_folder_for_test.h"
#include "cuda/coordinator/ledger.h"

namespace cotenant::cuda {
namespace {

namespace fs = std::filesystem;

class LedgerTest : public testing::Test {
 protected:
  void write_result(const std::string& rows) {
    write_file(records, rows);
    const nlohmann::json document = {{"input_digest", digest},
                                     {"records_sha256", sha256_hex(rows)}};
    write_file(summary, document.dump());
  }

  TemporaryFolder folder;
  fs::path home = folder.path() / "a/.cotenant/ledger";
  ResultFiles files = ResultFiles::of(folder.path(), "x");
  fs::path records = folder.path() / "x.csv";
  fs::path summary = folder.path() / "x.json";
  std::string digest = std::string(64, 'd');
};

TEST_F(LedgerTest, GivesBackWhatWasStored) {
  const Ledger ledger(home);
  EXPECT_FALSE(ledger.fetch(digest, files));
  write_result("rows\n");
  const std::string text = read_file(summary);
  ledger.store(digest, files);
  fs::remove(records);
  fs::remove(summary);
  EXPECT_TRUE(Ledger(home).fetch(digest, files));
  EXPECT_EQ(read_file(records), "rows\n");
  EXPECT_EQ(read_file(summary), text);
  EXPECT_FALSE(ledger.fetch(std::string(64, 'e'), files));
}

TEST_F(LedgerTest, DamagedEntriesAreAbsentAndWrittenAnew) {
  const Ledger ledger(home);
  write_result("rows\n");
  ledger.store(digest, files);
  const fs::path entry = home / "dd" / digest;
  write_file(entry.string() + ".csv", "ro");
  EXPECT_FALSE(ledger.fetch(digest, files));
  EXPECT_EQ(read_file(records), "rows\n") << "nothing is overwritten by a damaged entry";
  ledger.store(digest, files);
  EXPECT_TRUE(ledger.fetch(digest, files));
  write_file(entry.string() + ".json", "{\"input_digest\":3}");
  EXPECT_FALSE(ledger.fetch(digest, files));
  fs::remove(entry.string() + ".json");
  EXPECT_FALSE(ledger.fetch(digest, files));
}

TEST_F(LedgerTest, WhatTheGpuWasUsedForStaysWithItsResult) {
  const Ledger ledger(home);
  write_file(records, "rows\n");
  write_file(files.utilization, "use\n");
  write_file(summary, nlohmann::json{{"input_digest", digest},
                                     {"records_sha256", sha256_hex("rows\n")},
                                     {"utilization_sha256", sha256_hex("use\n")}}
                          .dump());
  ledger.store(digest, files);
  fs::remove(files.utilization);
  EXPECT_TRUE(ledger.fetch(digest, files));
  EXPECT_EQ(read_file(files.utilization), "use\n");
  const fs::path kept = home / "dd" / (digest + ".utilization.csv");
  write_file(kept, "us");
  EXPECT_FALSE(ledger.fetch(digest, files));
  fs::remove(kept);
  EXPECT_FALSE(ledger.fetch(digest, files));
}

TEST_F(LedgerTest, KeepsItselfOutOfVersionControl) {
  const Ledger ledger(home);
  EXPECT_EQ(read_file(home / ".gitignore"), "*\n");
}

} // namespace
} // namespace cotenant::cuda
