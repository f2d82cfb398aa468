// What must hold at every instant of any run: checked on the oracle's SMs, and on the groups of the
// fast engine.
#include <gtest/gtest.h>
#include <map>

#include "sim/block_engine.h"
#include "sim/contention.h"
#include "sim/engine_generator_for_test.h"
#include "sim/wave_engine.h"

namespace cotenant::test {
namespace {

std::uint32_t stream_count(const Scenario& scenario) {
  return static_cast<std::uint32_t>(scenario.streams.size());
}

void check_capacity(const SmLimits& limits, const GpuSpec& gpu, const SmUse& use) {
  RC_ASSERT(use.threads <= limits.threads);
  RC_ASSERT(use.registers <= limits.registers);
  RC_ASSERT(use.blocks <= limits.blocks);
  RC_ASSERT(use.shared_memory <= use.split);
  RC_ASSERT(use.split <= gpu.sm.shared_memory);
  RC_ASSERT((use.blocks > 0 || use == SmUse{}));
}

/// The blocks of a kernel on an SM.
struct OnSm {
  std::uint32_t blocks = 0;
  double wanted = 0;
  double rates = 0; ///< sum
};

TEST(BlockEngine, NeverExceedsAnSm) {
  EXPECT_TRUE(rc::check([] {
    const Scenario scenario = *any_scenario();
    BlockEngine engine(scenario.gpu, stream_count(scenario));
    const SmLimits limits(scenario.gpu);
    play(scenario, engine, [&](Nanos) {
      double bandwidth = 0;
      for (const BlockEngine::Sm& sm : engine.sms()) {
        SmUse sum{.split = sm.use.split};
        std::map<std::uint32_t, OnSm> kernels;
        for (const BlockEngine::Block& block : sm.blocks) {
          const KernelShape& shape = *engine.kernels()[block.stream].shape;
          RC_ASSERT(shape.split <= sm.use.split);
          sum.threads += shape.threads;
          sum.registers += shape.registers;
          sum.shared_memory += shape.shared_memory;
          ++sum.blocks;
          OnSm& kernel = kernels[block.stream];
          kernel.blocks += 1;
          kernel.wanted += shape.issue;
          kernel.rates += block.rate;
          bandwidth += block.rate * shape.dram;
        }
        RC_ASSERT(sum == sm.use);
        double taken = 0;
        for (const auto& [stream, kernel] : kernels) {
          const KernelShape& shape = *engine.kernels()[stream].shape;
          const double alone = issue_rate(kernel.wanted, shape.issue_extra, shape.issue_alone);
          RC_ASSERT(kernel.rates <= kernel.blocks * alone * (1 + 1e-9));
          taken += kernel.rates / (kernel.blocks * alone) *
                   issue_taken(kernel.blocks, shape.issue_used, alone);
        }
        RC_ASSERT(taken <= 1 + 1e-9);
        check_capacity(limits, scenario.gpu, sm.use);
      }
      RC_ASSERT(bandwidth <= 1 + 1e-9);
    });
  }));
}

TEST(BlockEngine, LosesNoBlock) {
  EXPECT_TRUE(rc::check([] {
    const Scenario scenario = *any_scenario();
    BlockEngine engine(scenario.gpu, stream_count(scenario));
    const Outcome outcome = play(scenario, engine, [&](Nanos) {
      std::map<std::uint32_t, std::uint32_t> resident;
      for (const BlockEngine::Sm& sm : engine.sms()) {
        for (const BlockEngine::Block& block : sm.blocks) {
          ++resident[block.stream];
        }
      }
      for (std::uint32_t stream = 0; stream < stream_count(scenario); ++stream) {
        const BlockEngine::Kernel& kernel = engine.kernels()[stream];
        RC_ASSERT(kernel.resident == resident[stream]);
        if (kernel.shape != nullptr) {
          RC_ASSERT(kernel.pending + kernel.resident + kernel.done == kernel.shape->blocks);
        }
      }
    });
    std::size_t kernels = 0;
    for (const Stream& stream : scenario.streams) {
      kernels += stream.kernels.size();
    }
    RC_ASSERT(outcome.spans.size() == kernels);
  }));
}

TEST(BlockEngine, KeepsPartsOnTheirSms) {
  EXPECT_TRUE(rc::check([] {
    const Scenario scenario = *any_scenario_of_parts();
    BlockEngine engine(scenario.gpu, stream_count(scenario));
    const SmLimits limits(scenario.gpu);
    play(scenario, engine, [&](Nanos) {
      for (std::uint32_t i = 0; i < engine.sms().size(); ++i) {
        check_capacity(limits, scenario.gpu, engine.sms()[i].use);
        for (const BlockEngine::Block& block : engine.sms()[i].blocks) {
          const BlockEngine::Kernel& kernel = engine.kernels()[block.stream];
          RC_ASSERT(kernel.shape != nullptr);
          RC_ASSERT(i >= kernel.first_sm);
          RC_ASSERT(i < kernel.end_sm);
        }
      }
    });
  }));
}

// While a kernel waits, none behind it gets a block.
TEST(BlockEngine, NeverInvertsPriorities) {
  EXPECT_TRUE(rc::check([] {
    Scenario scenario = *any_scenario();
    BlockEngine engine(scenario.gpu, stream_count(scenario));
    std::vector<BlockEngine::Kernel> before(stream_count(scenario));
    const auto placed = [](const BlockEngine::Kernel& k) { return k.resident + k.done; };
    play(scenario, engine, [&](Nanos) {
      for (const BlockEngine::Kernel& waiting : engine.kernels()) {
        if (waiting.pending == 0) {
          continue;
        }
        for (std::size_t stream = 0; stream < before.size(); ++stream) {
          const BlockEngine::Kernel& other = engine.kernels()[stream];
          const bool behind =
              other.priority < waiting.priority ||
              (other.priority == waiting.priority && other.sequence > waiting.sequence);
          // The one that waits was there at the instant before, so it stood in front all the time
          // since.
          const bool waited = std::ranges::any_of(before, [&](const BlockEngine::Kernel& k) {
            return k.shape != nullptr && k.sequence == waiting.sequence;
          });
          if (other.shape != nullptr && behind && waited) {
            const bool known =
                before[stream].shape != nullptr && before[stream].sequence == other.sequence;
            RC_ASSERT(placed(other) == (known ? placed(before[stream]) : 0));
          }
        }
      }
      before = engine.kernels();
    });
  }));
}

// No space stays free that the kernel to be served could use.
TEST(BlockEngine, LeavesNoUsableSpace) {
  EXPECT_TRUE(rc::check([] {
    Scenario scenario = *any_scenario();
    scenario.pauses.clear();
    BlockEngine engine(scenario.gpu, stream_count(scenario));
    const SmLimits limits(scenario.gpu);
    play(scenario, engine, [&](Nanos) {
      const BlockEngine::Kernel* first = nullptr;
      for (const BlockEngine::Kernel& kernel : engine.kernels()) {
        if (kernel.pending > 0 &&
            (first == nullptr || kernel.priority > first->priority ||
             (kernel.priority == first->priority && kernel.sequence < first->sequence))) {
          first = &kernel;
        }
      }
      for (const BlockEngine::Sm& sm : engine.sms()) {
        RC_ASSERT((first == nullptr || !fits(limits, sm.use, *first->shape)));
      }
    });
  }));
}

TEST(WaveEngine, GroupsPartitionTheSms) {
  EXPECT_TRUE(rc::check([] {
    const Scenario scenario = *rc::gen::oneOf(any_scenario(), any_scenario_of_parts());
    WaveEngine engine(scenario.gpu, stream_count(scenario));
    const SmLimits limits(scenario.gpu);
    play(scenario, engine, [&](Nanos) {
      SmSet all;
      std::uint32_t sms = 0;
      std::uint32_t busy = 0;
      for (const SmGroup& group : engine.groups().all()) {
        RC_ASSERT(group.size > 0U);
        RC_ASSERT(group.sms.count() == group.size);
        RC_ASSERT((group.sms & all) == SmSet());
        check_capacity(limits, scenario.gpu, group.use);
        all |= group.sms;
        sms += group.size;
        busy += group.use.blocks > 0 ? group.size : 0;
      }
      RC_ASSERT((sms == 0 || all == SmSet::range(0, scenario.gpu.sm.count)));
      RC_ASSERT(busy == engine.groups().busy_sms());
      std::map<std::uint32_t, std::uint32_t> blocks;
      for (const Cohort& cohort : engine.groups().cohorts()) {
        blocks[cohort.group] += cohort.count;
      }
      for (std::uint32_t i = 0; i < engine.groups().size(); ++i) {
        RC_ASSERT(blocks[i] == engine.groups()[i].use.blocks);
      }
    });
  }));
}

TEST(Engines, CountersOnlyGrow) {
  EXPECT_TRUE(rc::check([] {
    const Scenario scenario = *any_scenario();
    for (const auto& engine : {block_engine(scenario), wave_engine(scenario)}) {
      EngineCounters last;
      Nanos last_time = 0;
      play(scenario, *engine, [&](Nanos now) {
        const EngineCounters counters = engine->counters(now);
        RC_ASSERT(counters.sm_busy_ns >= last.sm_busy_ns);
        RC_ASSERT(counters.sm_busy_ns - last.sm_busy_ns <=
                  static_cast<double>(now - last_time) * scenario.gpu.sm.count + 1e-3);
        RC_ASSERT(counters.dram_busy_ns >= last.dram_busy_ns);
        RC_ASSERT(counters.events >= last.events);
        last = counters;
        last_time = now;
      });
    }
  }));
}

TEST(Engines, ResidentSharesNeverExceedTheGpu) {
  EXPECT_TRUE(rc::check([] {
    const Scenario scenario = *any_scenario();
    for (const auto& engine : {block_engine(scenario), wave_engine(scenario)}) {
      play(scenario, *engine, [&](Nanos) {
        double total = 0;
        for (std::uint32_t stream = 0; stream < stream_count(scenario); ++stream) {
          total += engine->resident_share(stream);
        }
        RC_ASSERT(total <= 1 + 1e-12);
        RC_ASSERT(total >= 0);
      });
    }
  }));
}

} // namespace
} // namespace cotenant::test
