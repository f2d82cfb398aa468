// The engine that runs: the model of engine.h, with SMs in the same state advanced together.
//
// Three things make it fast, and none of them changes a result:
//   groups    SMs with the same resident blocks are one group, blocks that started together on them
//             one cohort
//   solo      a kernel that starts on an idle GPU is one completion time; its groups are made only
//             if another kernel starts before that
//   stretch   while each ending cohort is replaced by the same number of blocks of its own kernel,
//             nothing else changes: such replacements are skipped, and made up for when something
//             else happens
#pragma once

#include <array>
#include <vector>

#include "sim/contention.h"
#include "sim/drift.h"
#include "sim/engine.h"
#include "sim/sm_groups.h"

namespace cotenant {

class WaveEngine final : public Engine {
 public:
  WaveEngine(const GpuSpec& gpu, std::uint32_t streams);

  void start_part(std::uint32_t stream, const KernelShape& shape, const LaunchPart& part,
                  int priority, Nanos now) override;
  void kill(std::uint32_t stream, Nanos now) override;
  [[nodiscard]] Nanos next() const override { return next_; }
  void advance(Nanos now, std::vector<std::uint32_t>& finished) override;
  void pause(Nanos now) override;
  void resume(Nanos now) override;
  [[nodiscard]] double resident_share(std::uint32_t stream) const override;
  void watch_use() override { watched_ = true; }
  [[nodiscard]] EngineCounters counters(Nanos now) const override;

  /// What tests look at. The SMs' state as of the last call; empty while a kernel runs alone.
  [[nodiscard]] const SmGroups& groups() const { return groups_; }

 private:
  struct Kernel {
    const KernelShape* shape = nullptr; ///< null while the stream is idle
    Ticks work = 0;                     ///< of one block
    double issue_extra = 0;
    double issue_alone = 1;
    double dram = 0;
    double obtained = 0; ///< share of DRAM bandwidth, all blocks together
    double latency = 1;  ///< latency factor
    std::uint64_t sequence = 0;
    int priority = 0;
    std::uint32_t blocks = 0; ///< of this launch
    SmSet sms;                ///< where its blocks may go
    bool everywhere = true;   ///< these are all
    std::uint32_t pending = 0;
    std::uint32_t resident = 0;
    std::uint32_t drifts_until = 0; ///< blocks placed, up to which those that are placed end apart
    bool known_full = false;        ///< no SM has room, unless its group has changed since
    bool replacing = false;         ///< in a stretch: each of its cohorts is followed by its like
    double blocks_per_tick = 0;     ///< scratch of look_for_stretch
  };

  /// Whether the engine runs nothing, a kernel alone, or groups.
  enum class Mode : std::uint8_t { idle, solo, groups };

  // wave_engine.cpp: the course of events
  void set_next(Ticks tick);
  void complete(std::uint32_t stream, std::vector<std::uint32_t>& finished);
  void start_solo(std::uint32_t stream, Ticks now);
  void finish_solo(std::vector<std::uint32_t>& finished);
  void leave_solo(Ticks now, bool in_company);
  void step(Ticks now, std::vector<std::uint32_t>& finished);
  void remove_ended(std::vector<std::uint32_t>& finished);
  void find_ending(Ticks now);
  void after_change(Ticks now);
  [[nodiscard]] Ticks earliest_finish() const;
  void integrate(Ticks now);
  void add_use(EngineCounters& counters, double elapsed) const;
  /// SMs begin .. end - 1 with as many blocks each of the last wave of the kernel that runs alone.
  struct WavePart {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::uint32_t blocks = 0; ///< on each
    double rate = 1;
    Ticks lasts = 0;
  };
  [[nodiscard]] Ticks last_wave_start() const;
  [[nodiscard]] std::array<WavePart, 2> last_wave() const;
  [[nodiscard]] EngineCounters solo_counters(Ticks now) const;
  /// Whether blocks of the kernel that are placed now end apart.
  [[nodiscard]] static bool drifts(const Kernel& kernel) {
    return kernel.blocks - kernel.pending < kernel.drifts_until;
  }
  [[nodiscard]] bool is_whole(const Kernel& kernel) const {
    return kernel.everywhere && kernel.blocks == kernel.shape->blocks;
  }

  // wave_placement.cpp: which blocks go where
  struct Candidate {
    std::uint32_t group = 0;
    std::uint32_t room = 0;  ///< blocks that still fit on each SM
    std::uint32_t level = 0; ///< threads on each SM, those of placed blocks included
    std::uint32_t added = 0; ///< blocks placed on each SM
  };
  struct Level {
    std::uint32_t threads = 0; ///< on each SM
    std::uint32_t above = 0;   ///< threads on the next emptiest SMs with room
    std::uint32_t room = 0;    ///< blocks that fit on every SM of the level
    std::uint32_t sms = 0;
  };
  void add_pending(std::uint32_t stream);
  void place(Ticks now);
  std::uint64_t find_candidates(std::uint32_t stream);
  std::uint32_t part_within(std::uint32_t group, const SmSet& sms);
  void fill(std::uint32_t stream, Ticks now);
  [[nodiscard]] Level lowest_level() const;
  void place_on_lowest(std::uint32_t level, std::uint32_t count);
  void drift_apart(Ticks ends, Ticks now);
  void place_apart(const Candidate& candidate, std::uint32_t stream, Ticks now);

  // wave_stretch.cpp: which blocks just take the place of their like
  bool replace_in_place(Ticks now);
  [[nodiscard]] bool keeps_its_place(std::uint32_t stream, std::uint32_t ending) const;
  void look_for_stretch(Ticks now);
  void end_stretch(Ticks time);
  [[nodiscard]] Ticks first_end(const Cohort& cohort, Ticks time) const;

  // wave_rates.cpp: how fast they run
  void update_rates(Ticks now);
  bool share_issue();
  bool share_issue_of(std::uint32_t first);
  bool share_mixed(std::uint32_t first);
  double withhold_by_issue();
  double share_dram();
  void apply_rates(Ticks now, double fair_share);

  SmLimits limits_;
  std::uint32_t sm_count_;
  double drift_span_;
  std::array<SmSet, kDriftClasses> drift_classes_; ///< empty ones where there are fewer SMs
  GpuSpec::Contention contention_;
  Mode mode_ = Mode::idle;
  bool paused_ = false;
  Nanos next_ = kNever;
  Ticks next_tick_ = kNeverTicks; ///< as next_, were the engine not paused

  std::vector<Kernel> kernels_;        ///< by stream
  std::vector<std::uint32_t> running_; ///< streams with a kernel, in order of start
  std::vector<std::uint32_t> pending_; ///< those with pending blocks, by priority, then start
  std::uint64_t started_ = 0;
  SmGroups groups_;
  bool stretch_ = false; ///< replacements before next_tick_ are skipped

  std::uint32_t solo_ = 0; ///< the stream whose kernel runs alone
  Ticks solo_start_ = 0;
  Ticks paused_at_ = 0;

  bool watched_ = false;
  EngineCounters counters_; ///< up to integrated_, but for a kernel that runs alone
  Ticks integrated_ = 0;

  std::vector<std::uint32_t> ending_; ///< the first ending_count_ are the cohorts that end now
  std::size_t ending_count_ = 0;
  std::vector<Candidate> candidates_; ///< scratch, as below
  std::vector<DramClass> classes_;
  /// Of a kernel on an SM.
  struct OnSm {
    double issue = 0; ///< what its blocks want
    double rate = 1;  ///< at which they issue without the other kernels
    std::uint32_t blocks = 0;
    std::uint32_t older = 0; ///< of these, those that began before others
  };
  static constexpr std::uint32_t kNone = ~0U; ///< no cohort, no group, no limit
  std::vector<std::uint32_t> first_member_;   ///< by group: its first cohort
  std::vector<std::uint32_t> next_member_;    ///< by cohort: the next of its group
  std::vector<OnSm> on_sm_;                   ///< by stream
};

} // namespace cotenant
