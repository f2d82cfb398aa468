#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/temporary_folder_for_test.h"
#include "cuda/coordinator/host_answer.h"
#include "cuda/coordinator/merge_records.h"

namespace cotenant::cuda {
namespace {

class Collect final : public RecordSink {
 public:
  void request(const RequestRecord& record) override {
    order += std::to_string(record.client) + "." + std::to_string(record.index) + "@" +
             std::to_string(record.end) + " ";
  }
  std::string order;
};

class MergeRecords : public testing::Test {
 protected:
  ClientRows rows(std::size_t client, const std::string& text, std::int64_t expected) {
    const auto file = folder.path() / (std::to_string(client) + ".csv");
    write_file(file, text);
    return {.client = client, .file = file, .expected = expected};
  }
  static std::string merged(const std::vector<ClientRows>& files) {
    Collect sink;
    try {
      merge_records(files, sink);
    } catch (const HostFailure& failure) {
      return failure.what();
    }
    return sink.order;
  }
  static bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }

  TemporaryFolder folder;
};

TEST_F(MergeRecords, ByEndThenClient) {
  EXPECT_EQ(merged({rows(0, "0,0,1,10\n1,5,10,30\n", 2), rows(1, "0,0,2,10\n1,10,11,20\n", 2),
                    rows(2, "", 0)}),
            "0.0@10 1.0@10 1.1@20 0.1@30 ");
}

TEST_F(MergeRecords, FilesThatAreNotWhatWasSaid) {
  EXPECT_TRUE(contains(merged({rows(0, "0,0,1,10\n", 2)}), "1 rows; the host reported 2"));
  EXPECT_TRUE(contains(merged({rows(0, "0,0,1,10\n1,1,2,11\n", 1)}), "2 rows"));
  EXPECT_TRUE(contains(merged({rows(0, "0,0,1\n", 1)}), "is no row"));
  EXPECT_TRUE(contains(merged({rows(0, "0,0,x,1\n", 1)}), "is no row"));
  EXPECT_TRUE(contains(merged({rows(0, "1,0,1,10\n", 1)}), "out of order"));
  EXPECT_TRUE(contains(merged({rows(0, "0,0,9,8\n", 1)}), "out of order"));
  EXPECT_TRUE(contains(merged({rows(0, "0,3,2,8\n", 1)}), "out of order"));
  EXPECT_TRUE(contains(merged({rows(0, "0,0,1,9\n1,0,1,8\n", 2)}), "out of order"));
  EXPECT_TRUE(contains(merged({{.client = 0, .file = folder.path() / "none", .expected = 0}}),
                       "did not write"));
}

} // namespace
} // namespace cotenant::cuda
