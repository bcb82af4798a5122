// What is legal: for each verb the states of a run it may be used in, and every way a run and a step may change state.
// README.md in this folder is written from these tables (rules_page), and tests hold both the page and what advance()
// does against them.
#pragma once
#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "model/run.hpp"

namespace tenantry::model {

// A set of run states.
class RunStates {
 public:
  constexpr RunStates(std::initializer_list<RunState> states) {
    for (const auto state : states) bits_ |= 1U << static_cast<unsigned>(state);
  }
  [[nodiscard]] constexpr bool has(RunState state) const { return (bits_ >> static_cast<unsigned>(state) & 1U) != 0; }

 private:
  unsigned bits_ = 0;
};

inline constexpr RunStates kTerminal{RunState::kCompleted, RunState::kPartial,     RunState::kFailed,
                                     RunState::kCancelled, RunState::kCompensated, RunState::kCompensationFailed};
inline constexpr RunStates kStopped{RunState::kFailed, RunState::kPartial, RunState::kCancelled};

struct VerbRow {
  Verb verb;
  RunStates legal_in;
  std::string_view effect;
};

inline constexpr std::array<VerbRow, 13> kVerbRows{{
    {Verb::kStart, kTerminal, "makes the tenant's next run; its first one needs no earlier run"},
    {Verb::kRetry, kStopped, "runs every failed, cancelled and unknown step again, or the named one"},
    {Verb::kContinue, kStopped, "verifies what is finished, then goes on from the first failed step"},
    {Verb::kSkipStep,
     {RunState::kQueued, RunState::kRunning, RunState::kPaused, RunState::kFailed, RunState::kPartial,
      RunState::kCancelled},
     "counts an optional step that is not running as skipped"},
    {Verb::kCancel,
     {RunState::kQueued, RunState::kRunning, RunState::kPaused, RunState::kCompensating},
     "tells running attempts to stop; what has not begun never begins"},
    {Verb::kRerunFrom, kTerminal, "runs the named step again and, if asked, everything reachable from it"},
    {Verb::kPause, {RunState::kRunning}, "nothing new starts; running attempts finish"},
    {Verb::kResume, {RunState::kPaused}, "goes on after a pause"},
    {Verb::kKill, {RunState::kCancelling}, "gives running attempts up; their steps are unknown"},
    {Verb::kRollback,
     {RunState::kFailed, RunState::kPartial, RunState::kCancelled, RunState::kCompensationFailed, RunState::kCompleted},
     "takes back what the run made, the last first; never what was there before"},
    {Verb::kVerify, kTerminal, "looks whether finished steps are as they were left; changes nothing"},
    {Verb::kPlan, kTerminal, "asks each step what start would do; changes nothing"},
    {Verb::kDeprovision,
     {RunState::kQueued, RunState::kRunning, RunState::kPaused, RunState::kCancelling, RunState::kCompensating,
      RunState::kCompleted, RunState::kPartial, RunState::kFailed, RunState::kCancelled, RunState::kCompensated,
      RunState::kCompensationFailed},
     "cancels what runs and takes back what any run of the tenant made; then the tenant is gone"},
}};

// A run that is looked at is as good as busy; one that ends its tenant does nothing else any more.
[[nodiscard]] inline bool is_legal(Verb verb, const RunHead& head) {
  if (is_removed(head)) return false;
  if (head.verifying) return verb == Verb::kCancel || verb == Verb::kDeprovision;
  const bool ends =
      verb == Verb::kCancel || verb == Verb::kKill || verb == Verb::kRollback || verb == Verb::kDeprovision;
  if (head.removing && !ends) return false;
  return kVerbRows[static_cast<std::size_t>(verb)].legal_in.has(head.state);
}

struct RunMove {
  RunState from;
  RunState to;
  std::string_view why;
};

inline constexpr auto kRunMoves = std::to_array<RunMove>({
    {RunState::kQueued, RunState::kRunning, "first claim"},
    {RunState::kQueued, RunState::kCompleted, "skip-step of all there is"},
    {RunState::kQueued, RunState::kCancelling, "cancel, deprovision"},
    {RunState::kRunning, RunState::kPaused, "pause"},
    {RunState::kRunning, RunState::kCancelling, "cancel, deprovision"},
    {RunState::kRunning, RunState::kCompleted, "every step is ok"},
    {RunState::kRunning, RunState::kPartial, "failures that were not critical"},
    {RunState::kRunning, RunState::kFailed, "a critical step failed"},
    {RunState::kRunning, RunState::kCancelled, "all that is left was cancelled before"},
    {RunState::kPaused, RunState::kRunning, "resume"},
    {RunState::kPaused, RunState::kCancelling, "cancel, deprovision"},
    {RunState::kPaused, RunState::kCompleted, "the last attempts ended well"},
    {RunState::kPaused, RunState::kPartial, "nothing is left to resume"},
    {RunState::kPaused, RunState::kFailed, "a critical step failed"},
    {RunState::kPaused, RunState::kCancelled, "all that is left was cancelled before"},
    {RunState::kCancelling, RunState::kCancelled, "nothing runs any more, or kill"},
    {RunState::kCancelling, RunState::kCompleted, "the last attempts ended well all the same"},
    {RunState::kCancelling, RunState::kCompensating, "deprovision: nothing runs any more, or kill"},
    {RunState::kCompensating, RunState::kCompensated, "all that could be taken back is"},
    {RunState::kCompensating, RunState::kCompensationFailed, "an UNDO failed"},
    {RunState::kCompensating, RunState::kCancelling, "cancel, deprovision"},
    {RunState::kFailed, RunState::kRunning, "retry, continue, rerun-from"},
    {RunState::kPartial, RunState::kRunning, "retry, continue, rerun-from"},
    {RunState::kCancelled, RunState::kRunning, "retry, continue, rerun-from"},
    {RunState::kCompleted, RunState::kRunning, "rerun-from"},
    {RunState::kCompensated, RunState::kRunning, "rerun-from"},
    {RunState::kCompensationFailed, RunState::kRunning, "rerun-from"},
    {RunState::kFailed, RunState::kCompleted, "skip-step of the last one missing"},
    {RunState::kPartial, RunState::kCompleted, "skip-step of the last one missing"},
    {RunState::kCancelled, RunState::kCompleted, "skip-step of the last one missing"},
    {RunState::kFailed, RunState::kCompensating, "rollback, deprovision"},
    {RunState::kPartial, RunState::kCompensating, "rollback, deprovision"},
    {RunState::kCancelled, RunState::kCompensating, "rollback, deprovision"},
    {RunState::kCompleted, RunState::kCompensating, "rollback, deprovision"},
    {RunState::kCompensationFailed, RunState::kCompensating, "rollback, deprovision"},
    {RunState::kCompensated, RunState::kCompensating, "deprovision"},
});

struct StepMove {
  StepState from;
  StepState to;
  std::string_view why;
};

// One fact may take a step over several states; these are the ways from before a fact to after it.
inline constexpr auto kStepMoves = std::to_array<StepMove>({
    {StepState::kPending, StepState::kReady, "its predecessors are ok"},
    {StepState::kPending, StepState::kSkipped, "skip-step"},
    {StepState::kPending, StepState::kCancelled, "cancel; UNDO of what an earlier epoch made"},
    {StepState::kPending, StepState::kFailed, "UNDO failed"},
    {StepState::kPending, StepState::kUnknown, "UNDO stopped"},
    {StepState::kReady, StepState::kRunning, "claim"},
    {StepState::kReady, StepState::kPending, "a critical step failed"},
    {StepState::kReady, StepState::kSkipped, "skip-step"},
    {StepState::kReady, StepState::kCancelled, "cancel"},
    {StepState::kRunning, StepState::kCompleted, "DONE"},
    {StepState::kRunning, StepState::kExists, "ALREADY_DONE"},
    {StepState::kRunning, StepState::kSkipped, "SKIPPED"},
    {StepState::kRunning, StepState::kWaiting, "WAIT; RETRY"},
    {StepState::kRunning, StepState::kFailed, "FAILED; attempts exhausted; nobody can know"},
    {StepState::kRunning, StepState::kCancelled, "CANCELLED on request"},
    {StepState::kRunning, StepState::kUnknown, "no proof; kill"},
    {StepState::kRunning, StepState::kReady, "no proof, safe to repeat; the host is ending"},
    {StepState::kRunning, StepState::kPending, "the same while the run stops"},
    {StepState::kWaiting, StepState::kReady, "due"},
    {StepState::kWaiting, StepState::kPending, "a critical step failed"},
    {StepState::kWaiting, StepState::kSkipped, "skip-step"},
    {StepState::kWaiting, StepState::kCancelled, "cancel"},
    {StepState::kUnknown, StepState::kCompleted, "VERIFY: in sync"},
    {StepState::kUnknown, StepState::kExists, "VERIFY: was there"},
    {StepState::kUnknown, StepState::kReady, "VERIFY: not in effect; retry"},
    {StepState::kUnknown, StepState::kPending, "the same, behind what is not ok"},
    {StepState::kUnknown, StepState::kFailed, "VERIFY cannot tell; UNDO failed"},
    {StepState::kUnknown, StepState::kSkipped, "skip-step"},
    {StepState::kUnknown, StepState::kCancelled, "cancel; UNDO"},
    {StepState::kCompleted, StepState::kPending, "drift; rerun-from"},
    {StepState::kCompleted, StepState::kReady, "drift; rerun-from"},
    {StepState::kCompleted, StepState::kCancelled, "UNDO"},
    {StepState::kCompleted, StepState::kFailed, "UNDO failed"},
    {StepState::kCompleted, StepState::kUnknown, "UNDO stopped"},
    {StepState::kExists, StepState::kPending, "drift; rerun-from"},
    {StepState::kExists, StepState::kReady, "drift; rerun-from"},
    {StepState::kExists, StepState::kCancelled, "UNDO of what an earlier run made"},
    {StepState::kExists, StepState::kFailed, "UNDO failed"},
    {StepState::kExists, StepState::kUnknown, "UNDO stopped"},
    {StepState::kSkipped, StepState::kPending, "retry; rerun-from"},
    {StepState::kSkipped, StepState::kReady, "retry; rerun-from"},
    {StepState::kSkipped, StepState::kCancelled, "UNDO"},
    {StepState::kSkipped, StepState::kFailed, "UNDO failed"},
    {StepState::kSkipped, StepState::kUnknown, "UNDO stopped"},
    {StepState::kFailed, StepState::kPending, "retry, continue, rerun-from"},
    {StepState::kFailed, StepState::kReady, "retry, continue, rerun-from"},
    {StepState::kFailed, StepState::kSkipped, "skip-step"},
    {StepState::kFailed, StepState::kCancelled, "UNDO"},
    {StepState::kFailed, StepState::kUnknown, "UNDO stopped"},
    {StepState::kCancelled, StepState::kPending, "retry, continue, rerun-from"},
    {StepState::kCancelled, StepState::kReady, "retry, continue, rerun-from"},
    {StepState::kCancelled, StepState::kSkipped, "skip-step"},
    {StepState::kCancelled, StepState::kFailed, "UNDO failed"},
    {StepState::kCancelled, StepState::kUnknown, "UNDO stopped"},
});

// The page: both diagrams and the table of the verbs, as Markdown.
[[nodiscard]] std::string rules_page();

}  // namespace tenantry::model
