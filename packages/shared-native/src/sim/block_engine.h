// The oracle: the model of engine.h said as plainly as possible, every block on every SM.
#pragma once

#include <optional>
#include <vector>

#include "sim/engine.h"
#include "sim/placement.h"
#include "sim/ticks.h"

namespace cotenant {

class BlockEngine final : public Engine {
 public:
  BlockEngine(const GpuSpec& gpu, std::uint32_t streams);

  void start_part(std::uint32_t stream, const KernelShape& shape, const LaunchPart& part,
                  int priority, Nanos now) override;
  void kill(std::uint32_t stream, Nanos now) override;
  [[nodiscard]] Nanos next() const override;
  void advance(Nanos now, std::vector<std::uint32_t>& finished) override;
  void pause(Nanos now) override;
  void resume(Nanos now) override;
  [[nodiscard]] double resident_share(std::uint32_t stream) const override;
  void watch_use() override {} // the oracle always does
  [[nodiscard]] EngineCounters counters(Nanos now) const override;

  // What tests look at.

  struct Block {
    std::uint32_t stream = 0;
    Ticks finish = 0;
    Ticks began = 0;
    double issue = 1; ///< issue rate, as of the last rates
    double rate = 0;  ///< 0 = placed at this instant, not yet given a rate
    Ticks work = 0;   ///< at rate 1
  };
  struct Sm {
    SmUse use;
    std::vector<Block> blocks;
  };
  struct Kernel {
    const KernelShape* shape = nullptr; ///< null while the stream is idle
    int priority = 0;
    std::uint64_t sequence = 0; ///< of start
    std::uint32_t blocks = 0;   ///< of this launch
    std::uint32_t first_sm = 0; ///< where they may go
    std::uint32_t end_sm = 0;
    std::uint32_t pending = 0;
    std::uint32_t resident = 0;
    std::uint32_t done = 0;
    std::uint32_t drifts_until = 0; ///< blocks placed, up to which those that are placed end apart
    bool lockstep = false; ///< its blocks end together: nothing else has run since its start

    [[nodiscard]] bool shares_an_sm_with(const Kernel& other) const {
      return first_sm < other.end_sm && other.first_sm < end_sm;
    }
  };
  [[nodiscard]] const std::vector<Sm>& sms() const { return sms_; }
  [[nodiscard]] const std::vector<Kernel>& kernels() const { return kernels_; }

 private:
  [[nodiscard]] Ticks next_tick() const;
  void step(Ticks now, std::vector<std::uint32_t>& finished);
  void place(Ticks now);
  void drift_apart(Ticks now);
  [[nodiscard]] std::vector<std::uint32_t> service_order() const;
  [[nodiscard]] bool is_kept_waiting(std::uint32_t stream,
                                     const std::vector<std::uint32_t>& order) const;
  [[nodiscard]] std::optional<std::size_t> choose_sm(std::uint32_t stream) const;
  [[nodiscard]] double issue_of(const Sm& sm, const Block& block) const;
  void update_rates(Ticks now);
  void integrate(Ticks now);
  [[nodiscard]] EngineCounters integrated(Ticks now) const;

  SmLimits limits_;
  double drift_span_;
  GpuSpec::Contention contention_;
  std::vector<Sm> sms_;
  std::vector<Kernel> kernels_; ///< by stream
  std::uint64_t started_ = 0;
  std::optional<Ticks> paused_at_;
  EngineCounters counters_; ///< up to `integrated_`
  Ticks integrated_ = 0;
};

} // namespace cotenant
