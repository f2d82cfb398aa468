#include <gtest/gtest.h>

#include "base/temporary_folder_for_test.h"
#include "record/phase_log.h"
#include "sim/programs_for_test.h"

namespace cotenant {
namespace {

Op of(Phase phase) {
  Op op = kernel_for_test(1, 128, 1'000);
  op.phase = phase;
  return op;
}

TEST(PhaseLog, HasARowForEachPhaseOfEachIteration) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "phases.csv";
  const Program training =
      program_for_test("h200", Mode::training,
                       {of(Phase::forward), of(Phase::forward), of(Phase::backward),
                        of(Phase::forward), of(Phase::backward), of(Phase::update)});
  const Program inference = program_for_test("h200", Mode::inference, {of(Phase::forward)});
  PhaseLog log(file, {{"a", &training}, {"b", &inference}});
  for (Nanos start : {0, 1'000}) {
    for (std::uint32_t op = 0; op < 6; ++op) {
      log.op(0, op, start + op * 100, start + op * 100 + 50);
    }
    log.op(1, 0, start, start + 10);
    log.request(1, 0, start, start, start + 10);
    log.request(0, 0, start, start, start + 600);
  }
  log.op(0, 0, 2'000, 2'050); // cut off
  EXPECT_FALSE(std::filesystem::exists(file));
  log.commit();
  EXPECT_EQ(read_file(file), "client,iteration,phase,begin_ns,end_ns\n"
                             "a,0,forward,0,150\n"
                             "a,0,backward,200,250\n"
                             "a,0,forward,300,350\n"
                             "b,0,forward,0,10\n"
                             "a,0,backward,400,550\n"
                             "a,1,forward,1000,1150\n"
                             "a,1,backward,1200,1250\n"
                             "a,1,forward,1300,1350\n"
                             "b,1,forward,1000,1010\n"
                             "a,1,backward,1400,1550\n");
}

} // namespace
} // namespace cotenant
