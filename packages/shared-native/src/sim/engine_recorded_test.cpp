// Recorded programs side by side on a whole H200: the fast engine against the oracle on what it is
// for.
#include <gtest/gtest.h>

#include "program/program_file.h"
#include "sim/engine_scenario_for_test.h"

namespace cotenant::test {
namespace {

/// The first kernels of a recorded program on the shipped H200.
std::vector<KernelShape> kernels_of(const char* id, std::size_t count) {
  const GpuSpec gpu = h200_for_test();
  std::vector<KernelShape> shapes;
  for (const Op& op : read_program(find_program(COTENANT_DATA_DIR, id)).ops) {
    if (op.kind == OpKind::kernel && shapes.size() < count) {
      shapes.push_back(kernel_shape(gpu, op));
    }
  }
  return shapes;
}

struct Sharing {
  const char* name;
  int priority; ///< of the inference client
};

class RecordedPrograms : public testing::TestWithParam<Sharing> {};

TEST_P(RecordedPrograms, EndAtTheSameTimesInBothEngines) {
  Scenario scenario{.gpu = h200_for_test()};
  scenario.streams = {
      {.begin = 50'000,
       .gap = 900,
       .priority = GetParam().priority,
       .kernels = kernels_of("h200/resnet50-inference-b4-fp32", 174)},
      {.gap = 900, .kernels = kernels_of("h200/transformerxl-training-b8-fp32", 600)}};
  const Outcome expected = play(scenario, *block_engine(scenario));
  const Outcome actual = play(scenario, *wave_engine(scenario));
  EXPECT_EQ(actual.spans, expected.spans);
  EXPECT_LT(actual.counters.events, expected.counters.events);
  // The shapes are busy ones: if they hardly met, this would test little.
  Nanos alone = 0;
  for (const KernelShape& shape : scenario.streams[0].kernels) {
    alone += shape.duration + scenario.streams[0].gap;
  }
  Nanos end = 0;
  for (const Span& span : actual.spans) {
    end = span.stream == 0 ? span.end : end;
  }
  EXPECT_GT(end - scenario.streams[0].begin, alone * 5 / 4);
}

INSTANTIATE_TEST_SUITE_P(H200, RecordedPrograms,
                         testing::Values(Sharing{"EqualPriorities", 0},
                                         Sharing{"InferenceFirst", 1}),
                         [](const auto& sharing) { return sharing.param.name; });

} // namespace
} // namespace cotenant::test
