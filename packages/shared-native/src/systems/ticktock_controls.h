// The controls of tick-tock scheduling as one small state machine.
//
// Two jobs that train pass through two controls, one around the forward and one around the backward phase of
// every batch. Each control lets the jobs in by turns, the first job first:
//
//                 ┌──────────── enter ───────────┐            ┌──────────── enter ───────────┐
//   turn of job 0 │                              ▼  leave     │                              ▼  leave
//   ──────────────┴─────────────────────▶ job 0 inside ──▶ turn of job 1 ─────────────▶ job 1 inside ──▶ turn of job 0
//
// so that forward phases alternate, backward phases alternate, and the forward phase of one job runs beside the
// backward phase of the other. The published implementation keeps the same state in four thread events, one a job
// and control ("its phase has ended, and the other has not begun"), with four CUDA events for the streams.
//
// Where nobody is left to take turns with, both controls are open. The published implementation opens those of
// the forward phase only, so that a job that waits for its backward phase can hang.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace cotenant::ticktock {

enum class Control : std::size_t { forward, backward };

class Controls {
 public:
  static constexpr std::size_t kJobs = 2;

  /// Whether each control takes turns at all: not, if one of the jobs never passes it.
  Controls(bool forward, bool backward) : turns_{forward, backward} {}

  /// Whether `job` may go on in `phase`, a number that its phase before and its next one do not have: it is inside, or
  /// goes in now. Its phase before has to have ended: what is launched ahead does not skip a turn.
  bool enter(Control control, std::size_t job, std::uint32_t phase) {
    State& state = states_[index(control)];
    if (state.inside[job]) {
      return *state.inside[job] == phase;
    }
    if (closed(control) && (state.turn != job || state.inside[1 - job])) {
      return false;
    }
    state.inside[job] = phase;
    return true;
  }

  /// The phase of `job` has ended: the other one's turn. REQUIRES: it is inside.
  void leave(Control control, std::size_t job) {
    State& state = states_[index(control)];
    state.inside[job].reset();
    state.turn = 1 - job;
  }

  /// The phase that `job` is in, if it is in one, goes on under another number.
  void go_on(Control control, std::size_t job, std::uint32_t phase) {
    State& state = states_[index(control)];
    if (state.inside[job]) {
      state.inside[job] = phase;
    }
  }

  /// While open, both controls let everybody in.
  void set_open(bool open) { open_ = open; }

  [[nodiscard]] bool open() const { return open_; }
  [[nodiscard]] bool inside(Control control, std::size_t job) const {
    return states_[index(control)].inside[job].has_value();
  }
  /// Whether the jobs take turns in this control now.
  [[nodiscard]] bool closed(Control control) const { return !open_ && turns_[index(control)]; }

 private:
  struct State {
    std::size_t turn = 0;
    std::array<std::optional<std::uint32_t>, kJobs> inside = {}; ///< the phase
  };
  static constexpr std::size_t index(Control control) { return static_cast<std::size_t>(control); }

  std::array<bool, 2> turns_;
  std::array<State, 2> states_;
  bool open_ = false;
};

} // namespace cotenant::ticktock
