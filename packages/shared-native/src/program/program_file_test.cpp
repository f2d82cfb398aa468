#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <rapidcheck/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "base/gzip.h"
#include "base/temporary_folder_for_test.h"
#include "program/program_file.h"
#include "program/program_generator_for_test.h"

namespace cotenant {
namespace {

namespace fs = std::filesystem;

void expect_equal(const Op& a, const Op& b) {
  RC_ASSERT(a.kind == b.kind && a.phase == b.phase && a.boundness == b.boundness);
  RC_ASSERT(a.name == b.name);
  RC_ASSERT(a.evidence == b.evidence);
  RC_ASSERT(a.grid == b.grid && a.block == b.block);
  RC_ASSERT(a.registers == b.registers && a.cluster == b.cluster &&
            a.blocks_per_sm == b.blocks_per_sm);
  RC_ASSERT(a.smem_static == b.smem_static && a.smem_dynamic == b.smem_dynamic);
  RC_ASSERT(a.duration == b.duration && a.duration_p25 == b.duration_p25 &&
            a.duration_p75 == b.duration_p75);
  RC_ASSERT(a.host_gap == b.host_gap && a.bytes == b.bytes);
  RC_ASSERT(a.dram_read_bytes == b.dram_read_bytes && a.dram_write_bytes == b.dram_write_bytes);
  RC_ASSERT(a.sm_util == b.sm_util && a.dram_util == b.dram_util);
  RC_ASSERT(a.flop_fp32 == b.flop_fp32 && a.flop_fp16 == b.flop_fp16);
  RC_ASSERT(a.flop_fp64 == b.flop_fp64 && a.flop_tensor == b.flop_tensor);
}

RC_GTEST_PROP(ProgramFile, ReadsBackWhatItWrote, ()) {
  const Program a = random_program();
  const std::string text = render_program(a);
  const Program b = parse_program(text, "x");
  RC_ASSERT(a.name == b.name && a.gpu == b.gpu && a.label == b.label && a.model == b.model);
  RC_ASSERT(a.mode == b.mode && a.batch == b.batch && a.precision == b.precision);
  RC_ASSERT(a.solo_latency == b.solo_latency && a.solo_busy == b.solo_busy);
  RC_ASSERT(a.dependent_gap == b.dependent_gap);
  RC_ASSERT(a.persistent_bytes == b.persistent_bytes && a.peak_bytes == b.peak_bytes);
  RC_ASSERT(a.ops.size() == b.ops.size() && a.memory.size() == b.memory.size());
  for (std::size_t i = 0; i < a.ops.size(); ++i) {
    expect_equal(a.ops[i], b.ops[i]);
  }
  for (std::size_t i = 0; i < a.memory.size(); ++i) {
    RC_ASSERT(a.memory[i].op == b.memory[i].op && a.memory[i].alloc == b.memory[i].alloc);
    RC_ASSERT(a.memory[i].block == b.memory[i].block && a.memory[i].bytes == b.memory[i].bytes);
  }
  RC_ASSERT(render_program(b) == text);
}

TEST(ProgramFile, KeepsProvenanceThatItDoesNotKnow) {
  Program program = small_program();
  program.header_json =
      R"({"format":"cotenant-program","solo":{"iterations":50},"provenance":{"torch":"2.11","é":1}})";
  const Program read = parse_program(render_program(program), "x");
  const auto header = nlohmann::json::parse(read.header_json);
  EXPECT_EQ(header["solo"]["iterations"], 50);
  EXPECT_EQ(header["solo"]["latency_ns"], 30'000);
  EXPECT_EQ(header["provenance"]["torch"], "2.11");
  EXPECT_EQ(header["provenance"]["é"], 1);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string refusal(const std::string& text) {
  try {
    parse_program(text, "p.gz");
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(ProgramFile, RefusesEachKindOfDamageNamingRowAndColumn) {
  const std::string good = render_program(small_program());
  ASSERT_EQ(refusal(good), "accepted");
  struct Case {
    std::string from, to, message;
  };
  const std::vector<Case> cases = {
      // header
      {"cotenant-program", "other",
       "row 1, column format: is \"other\"; expected \"cotenant-program\""},
      {"\"version\":1", "\"version\":2",
       "row 1, column version: is 2; expected 1 (record the program again, or use the release that "
       "wrote it)"},
      {"\"version\":1,", "",
       "row 1, column version: is missing; expected a header with all fields of version 1"},
      {"\"version\":1", "\"version\":\"1\"",
       "row 1, column version: is string; expected a whole number"},
      {"{\"format", "\"format",
       "row 1: the header is not JSON; expected one line of JSON that begins with "
       "{\"format\":\"cotenant-program\""},
      {"recorded", "guessed",
       "row 1, column label: is \"guessed\"; expected one of recorded, derived, imported"},
      {"\"inference\"", "\"serving\"",
       "row 1, column mode: is \"serving\"; expected one of inference, training"},
      {"\"batch\":4", "\"batch\":-4", "row 1, column batch: is -4; expected 0 to 4294967295"},
      {"\"batch\":4", "\"batch\":18446744073709551615",
       "row 1, column batch: is 18446744073709551615; expected 0 to 4294967295"},
      {"\"peak_bytes\":3000", "\"peak\":3000",
       "row 1, column memory.peak_bytes: is missing; expected a header with all fields of version "
       "1"},
      {"\"op_sum_ns\":27000", "\"op_sum_ns\":27001",
       "row 6: the durations of the ops add up to 27000 ns; expected 27001 ns (header, "
       "solo.op_sum_ns)"},
      // counts
      {"\"ops\":3", "\"ops\":4", "row 6: [memory] after 3 ops; expected 4 ops (header, ops)"},
      {"\"memory_events\":3", "\"memory_events\":2",
       "row 11: \"[end] ops=3 memory_events=3\" after 3 memory events; expected 2 memory events "
       "(header, "
       "memory_events)"},
      {"[end] ops=3", "[end] ops=2",
       "row 11: is \"[end] ops=2 memory_events=3\"; expected \"[end] ops=3 memory_events=3\" (from "
       "the header)"},
      {"memory_events=3\n", "memory_events=3\nmore\n",
       "row 12: text behind [end]; expected the end of the file"},
      {"memory_events=3\n", "memory_events=3",
       "row 11: the file ends within this row; expected a memory event or [end]"},
      {"index,kind", "kind,index", "row 2: is \"kind,index,name,"},
      {"op,event", "op,what",
       "row 7: is \"op,what,block,bytes\"; expected \"op,event,block,bytes\""},
      {"[memory]", "[ram]", "row 6: is \"[ram]\"; expected an op or [memory]"},
      // ops
      {"\n1,kernel", "\n2,kernel", "row 4, column index: is 2; expected 1 (rows count up from 0)"},
      {"\n1,kernel", "\n0,kernel", "row 4, column index: is 0; expected 1 (rows count up from 0)"},
      {",kernel,", ",kern,",
       "row 4, column kind: is \"kern\"; expected one of kernel, copy_h2d, copy_d2h, copy_d2d, "
       "memset, host, marker"},
      {",forward,64", ",fwd,64",
       "row 4, column phase: is \"fwd\"; expected one of forward, backward, update"},
      {"64,2,1,128", "64,2,1", "row 4: has 29 fields; expected 30"},
      {"64,2,1,128", "0,2,1,128",
       "row 4, column grid_x: is \"0\"; expected a whole number from 1 to 2147483647"},
      {"64,2,1,128", "64,2,1,2048",
       "row 4, column block_x: is \"2048\"; expected a whole number from 1 to 1024"},
      {"128,1,1,96", "128,16,1,96",
       "row 4, column block_x: a block of 2048 threads; expected at most 1024 threads a block"},
      {",96,1024", ",300,1024",
       "row 4, column registers: is \"300\"; expected a whole number from 0 to 255"},
      {",96,1024", ",+96,1024",
       "row 4, column registers: is \"+96\"; expected a whole number from 0 to 255"},
      {"20000,19000", "-20000,19000",
       "row 4, column duration_ns: is \"-20000\"; expected a whole number from 0 to "
       "9007199254740992"},
      {"20000,19000", "20000.5,19000",
       "row 4, column duration_ns: is \"20000.5\"; expected a whole number from 0 to "
       "9007199254740992"},
      {"20000,19000", "20000,20001",
       "row 4, column duration_p25_ns: is \"20001\"; expected a whole number from 0 to 20000"},
      {"19000,21000", "19000,18000",
       "row 4, column duration_p75_ns: is \"18000\"; expected a whole number from 20000 to "
       "9007199254740992"},
      {"0.7500", "1.5", "row 4, column sm_util: is \"1.5\"; expected a number from 0 to 1"},
      {"0.0625", "nan", "row 4, column dram_util: is \"nan\"; expected a number from 0 to 1"},
      {"compute,ai", "cpu,ai",
       "row 4, column boundness: is \"cpu\"; expected one of unknown, memory, compute"},
      {"input,forward,", "input,forward,1",
       "row 3, column grid_x: is \"1\"; expected an empty field for a copy_h2d"},
      {"2408448", "", "row 3, column bytes: is \"\"; expected a whole number of at least 0"},
      {"\"void gemm", "\"void \"gemm",
       "row 4: field 3 goes on after its closing quote; expected a row of comma-separated values, "
       "quoted as in RFC "
       "4180"},
      // memory events
      {"1,alloc,2", "1,take,2", "row 9, column event: is \"take\"; expected one of alloc, free"},
      {"0,alloc,1", "9,alloc,1", "row 8, column op: is \"9\"; expected a whole number from 0 to 3"},
      {"3,free,1", "0,free,1", "row 10, column op: is \"0\"; expected a whole number from 1 to 3"},
      {"1,alloc,2", "1,alloc,1",
       "row 9, column block: 1 is allocated twice; expected a free between two allocations"},
      {"3,free,1", "3,free,7",
       "row 10, column block: 7 is freed and not allocated; expected a block allocated above"},
      {"3,free,1,512", "3,free,1,8",
       "row 10, column bytes: is 8; expected the 512 bytes that block 1 was allocated with"},
  };
  for (const Case& c : cases) {
    const std::string expected = "p.gz: " + c.message;
    EXPECT_EQ(refusal(replaced(good, c.from, c.to)).substr(0, expected.size()), expected)
        << c.from << " -> " << c.to;
  }
  EXPECT_EQ(refusal(""), "p.gz: row 1: the file ends here; expected a program header");
}

TEST(ProgramFile, RefusesItsTextCutAtEveryByte) {
  const std::string good = render_program(small_program());
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_NE(refusal(good.substr(0, length)), "accepted") << length;
  }
}

TEST(ProgramFile, RefusesTheFileCutAtEveryByte) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "cut.program.gz";
  const std::string good = gzip_compress(render_program(small_program()));
  write_file(file, good);
  EXPECT_EQ(read_program(file).ops.size(), 3U);
  for (std::size_t length = 0; length < good.size(); ++length) {
    std::ofstream(file, std::ios::binary) << good.substr(0, length);
    try {
      read_program(file);
      ADD_FAILURE() << "accepted " << length << " of " << good.size() << " bytes";
    } catch (const InputError& error) {
      EXPECT_EQ(std::string(error.what()).rfind(file.string() + ": ", 0), 0U) << error.what();
    }
  }
}

TEST(ProgramFile, WritesEqualBytesForEqualPrograms) {
  const TemporaryFolder folder;
  write_program(small_program(), folder.path() / "a.program.gz");
  write_program(read_program(folder.path() / "a.program.gz"), folder.path() / "b.program.gz");
  EXPECT_EQ(read_file(folder.path() / "a.program.gz"), read_file(folder.path() / "b.program.gz"));
}

TEST(FindProgram, TakesIdsAndPathsAndNamesTheNearestId) {
  const TemporaryFolder data;
  fs::create_directories(data.path() / "programs" / "h200");
  const fs::path file = data.path() / "programs" / "h200" / "resnet50-inference-b4-fp32.program.gz";
  write_program(small_program(), file);
  write_file(data.path() / "programs" / "h200" / "machine.json", "{}");
  EXPECT_EQ(list_program_ids(data.path()),
            std::vector<std::string>{"h200/resnet50-inference-b4-fp32"});
  EXPECT_EQ(find_program(data.path(), "h200/resnet50-inference-b4-fp32"), file);
  EXPECT_EQ(find_program(data.path(), file.string()), file);
  try {
    find_program(data.path(), "h200/resnet50-inference-b8-fp32");
    FAIL();
  } catch (const InputError& error) {
    EXPECT_STREQ(error.what(), "unknown program \"h200/resnet50-inference-b8-fp32\"; did you mean "
                               "\"h200/resnet50-inference-b4-fp32\"?");
  }
}

} // namespace
} // namespace cotenant
