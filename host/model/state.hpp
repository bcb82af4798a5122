// The states of steps and runs, their words (the same in API, SQL, console and CLI), and the tables of what they mean.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tenantry::model {

enum class StepState : std::uint8_t {
  kPending,  // a predecessor is not finished
  kReady,    // may be claimed
  kRunning,  // claimed under a lease
  kWaiting,  // due later
  kCompleted,
  kExists,
  kSkipped,
  kFailed,
  kCancelled,
  kUnknown,  // the attempt ended without proof; resolved by VERIFY, never by hope
};

struct StepStateRow {
  StepState state;
  std::string_view word;
  bool terminal;
  bool ok;         // dependants may run
  bool retriable;  // retry may touch it
};

inline constexpr std::array<StepStateRow, 10> kStepStates{{
    {StepState::kPending, "pending", false, false, false},
    {StepState::kReady, "ready", false, false, false},
    {StepState::kRunning, "running", false, false, false},
    {StepState::kWaiting, "waiting", false, false, false},
    {StepState::kCompleted, "completed", true, true, false},
    {StepState::kExists, "exists", true, true, false},
    {StepState::kSkipped, "skipped", true, true, true},
    {StepState::kFailed, "failed", true, false, true},
    {StepState::kCancelled, "cancelled", true, false, true},
    {StepState::kUnknown, "unknown", false, false, true},
}};

// Why a ready step does not run, or what a waiting one waits for.
enum class WaitReason : std::uint8_t {
  kNone,
  kSlot,
  kRateLimit,
  kEngineUnavailable,
  kExclusive,
  kPaused,
  kBackoff,
  kPoll
};

inline constexpr std::array<std::string_view, 8> kWaitReasons{"",          "slot",   "rate_limit", "engine_unavailable",
                                                              "exclusive", "paused", "backoff",    "poll"};

enum class RunState : std::uint8_t {
  kQueued,
  kRunning,
  kPaused,
  kCancelling,
  kCompensating,
  kCompleted,
  kPartial,
  kFailed,
  kCancelled,
  kCompensated,
  kCompensationFailed,
};

// `status` is the word of the original interface, `state` (word) the fine one.
struct RunStateRow {
  RunState state;
  std::string_view word;
  std::string_view status;
  bool terminal;
};

inline constexpr std::array<RunStateRow, 11> kRunStates{{
    {RunState::kQueued, "queued", "IN_PROGRESS", false},
    {RunState::kRunning, "running", "IN_PROGRESS", false},
    {RunState::kPaused, "paused", "IN_PROGRESS", false},
    {RunState::kCancelling, "cancelling", "IN_PROGRESS", false},
    {RunState::kCompensating, "compensating", "IN_PROGRESS", false},
    {RunState::kCompleted, "completed", "COMPLETED", true},
    {RunState::kPartial, "partial", "PARTIAL", true},
    {RunState::kFailed, "failed", "FAILED", true},
    {RunState::kCancelled, "cancelled", "CANCELLED", true},
    {RunState::kCompensated, "compensated", "CANCELLED", true},
    {RunState::kCompensationFailed, "compensation_failed", "FAILED", true},
}};

enum class Verb : std::uint8_t {
  kStart,
  kRetry,
  kContinue,
  kSkipStep,
  kCancel,
  kRerunFrom,
  kPause,
  kResume,
  kKill,
  kRollback,
  kVerify,
  kPlan,
  kDeprovision,
};

inline constexpr std::array<std::string_view, 13> kVerbs{"start",      "retry", "continue",   "skip-step", "cancel",
                                                         "rerun-from", "pause", "resume",     "kill",      "rollback",
                                                         "verify",     "plan",  "deprovision"};

// How far a rollback is with a step.
enum class Undo : std::uint8_t {
  kNone,
  kDue,
  kDone,    // taken back; the step is cancelled
  kFailed,  // UNDO failed, or nobody could look whether there is anything to take back
  kLeft,    // left behind: it has no UNDO, or nobody knows whether this run made it
};
inline constexpr std::array<std::string_view, 5> kUndos{"", "due", "done", "failed", "left_behind"};

// Whose work a step's effect is: what this tenant did not make is never taken back.
enum class Maker : std::uint8_t { kNobody, kEarlierRun, kThisRun };
inline constexpr std::array<std::string_view, 3> kMakers{"", "earlier_run", "this_run"};

// What the newest VERIFY of a finished run found.
enum class Condition : std::uint8_t { kUnknown, kInSync, kDrifted };
inline constexpr std::array<std::string_view, 3> kConditions{"", "InSync", "Drifted"};

[[nodiscard]] constexpr const StepStateRow& row(StepState state) {
  return kStepStates[static_cast<std::size_t>(state)];
}
[[nodiscard]] constexpr const RunStateRow& row(RunState state) { return kRunStates[static_cast<std::size_t>(state)]; }
[[nodiscard]] constexpr std::string_view word(StepState state) { return row(state).word; }
[[nodiscard]] constexpr std::string_view word(RunState state) { return row(state).word; }
[[nodiscard]] constexpr std::string_view word(WaitReason reason) {
  return kWaitReasons[static_cast<std::size_t>(reason)];
}
[[nodiscard]] constexpr std::string_view word(Verb verb) { return kVerbs[static_cast<std::size_t>(verb)]; }
[[nodiscard]] constexpr std::string_view word(Undo undo) { return kUndos[static_cast<std::size_t>(undo)]; }
[[nodiscard]] constexpr std::string_view word(Maker maker) { return kMakers[static_cast<std::size_t>(maker)]; }
[[nodiscard]] constexpr std::string_view word(Condition condition) {
  return kConditions[static_cast<std::size_t>(condition)];
}
[[nodiscard]] constexpr bool is_ok(StepState state) { return row(state).ok; }
[[nodiscard]] constexpr bool is_terminal(StepState state) { return row(state).terminal; }
[[nodiscard]] constexpr bool is_terminal(RunState state) { return row(state).terminal; }

// The way back from a stored word; nullopt for a word of a newer version.
[[nodiscard]] std::optional<StepState> step_state(std::string_view word);
[[nodiscard]] std::optional<RunState> run_state(std::string_view word);
[[nodiscard]] std::optional<WaitReason> wait_reason(std::string_view word);
[[nodiscard]] std::optional<Verb> verb(std::string_view word);

}  // namespace tenantry::model
