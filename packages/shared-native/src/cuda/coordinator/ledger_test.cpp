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
  fs::path records = folder.path() / "x.csv";
  fs::path summary = folder.path() / "x.json";
  std::string digest = std::string(64, 'd');
};

TEST_F(LedgerTest, GivesBackWhatWasStored) {
  const Ledger ledger(home);
  EXPECT_FALSE(ledger.fetch(digest, records, summary));
  write_result("rows\n");
  const std::string text = read_file(summary);
  ledger.store(digest, records, summary);
  fs::remove(records);
  fs::remove(summary);
  EXPECT_TRUE(Ledger(home).fetch(digest, records, summary));
  EXPECT_EQ(read_file(records), "rows\n");
  EXPECT_EQ(read_file(summary), text);
  EXPECT_FALSE(ledger.fetch(std::string(64, 'e'), records, summary));
}

TEST_F(LedgerTest, DamagedEntriesAreAbsentAndWrittenAnew) {
  const Ledger ledger(home);
  write_result("rows\n");
  ledger.store(digest, records, summary);
  const fs::path entry = home / "dd" / digest;
  write_file(entry.string() + ".csv", "ro");
  EXPECT_FALSE(ledger.fetch(digest, records, summary));
  EXPECT_EQ(read_file(records), "rows\n") << "nothing is overwritten by a damaged entry";
  ledger.store(digest, records, summary);
  EXPECT_TRUE(ledger.fetch(digest, records, summary));
  write_file(entry.string() + ".json", "{\"input_digest\":3}");
  EXPECT_FALSE(ledger.fetch(digest, records, summary));
  fs::remove(entry.string() + ".json");
  EXPECT_FALSE(ledger.fetch(digest, records, summary));
}

TEST_F(LedgerTest, KeepsItselfOutOfVersionControl) {
  const Ledger ledger(home);
  EXPECT_EQ(read_file(home / ".gitignore"), "*\n");
}

} // namespace
} // namespace cotenant::cuda
