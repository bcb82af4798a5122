// How an engine says that something went wrong, and what the host makes of it.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tenantry::model {

// The closed set of causes. Each has a default for "may it pass by itself?" and for what a person does next.
enum class FailureClass : std::uint8_t {
  kTransient,
  kRateLimited,
  kEngineUnavailable,
  kConflict,
  kNotFound,
  kMissingDependency,
  kInvalidInput,
  kUnauthenticated,
  kForbidden,
  kQuota,
  kTimeout,
  kCancelled,
  kInternal,
  kUnknownOutcome,
};

struct FailureClassRow {
  FailureClass cause;
  std::string_view word;
  bool retriable;
  std::string_view next_action;
};

inline constexpr std::array<FailureClassRow, 14> kFailureClasses{{
    {FailureClass::kTransient, "transient", true, "Wait a moment, then Continue."},
    {FailureClass::kRateLimited, "rate_limited", true, "Wait until the ERP accepts requests again, then Continue."},
    {FailureClass::kEngineUnavailable, "engine_unavailable", true, "Bring the ERP server back, then Continue."},
    {FailureClass::kConflict, "conflict", false, "Remove or rename the conflicting object in the ERP, then Continue."},
    {FailureClass::kNotFound, "not_found", false, "Create the missing object in the ERP, then Continue."},
    {FailureClass::kMissingDependency, "missing_dependency", false, "Provide what is missing, then Continue."},
    {FailureClass::kInvalidInput, "invalid_input", false, "Start again with corrected parameters."},
    {FailureClass::kUnauthenticated, "unauthenticated", false, "Fix the credentials of the ERP server, then Continue."},
    {FailureClass::kForbidden, "forbidden", false, "Give the ERP user the missing permission, then Continue."},
    {FailureClass::kQuota, "quota", false, "Raise the quota, then Continue."},
    {FailureClass::kTimeout, "timeout", true, "Check the load of the ERP server, then Continue."},
    {FailureClass::kCancelled, "cancelled", true, "Retry when you want it to go on."},
    {FailureClass::kInternal, "internal", false, "Report this to the author of the engine; Retry runs the step again."},
    {FailureClass::kUnknownOutcome, "unknown_outcome", false,
     "Look in the ERP whether the step took effect, then Retry or Skip."},
}};

[[nodiscard]] constexpr const FailureClassRow& row(FailureClass cause) {
  return kFailureClasses[static_cast<std::size_t>(cause)];
}
[[nodiscard]] constexpr std::optional<FailureClass> failure_class(std::string_view word) {
  for (const auto& row : kFailureClasses)
    if (row.word == word) return row.cause;
  return std::nullopt;
}

// `code` is dotted ("erpnext.deadlock", "host.deadline"); `message` names the step's object, what was expected and
// what was found; never a secret. `detail` is a JSON object or empty.
struct Failure {
  FailureClass cause = FailureClass::kInternal;
  std::string code;
  std::string message;
  std::string next_action;  // empty: the default of the class
  std::string detail;
  friend bool operator==(const Failure&, const Failure&) = default;
};

[[nodiscard]] inline std::string_view next_action(const Failure& failure) {
  return failure.next_action.empty() ? row(failure.cause).next_action : std::string_view(failure.next_action);
}

// The ways a call of an engine can end (abi.h, TENANTRY_DONE...), and the two that only the host can see.
enum class Outcome : std::uint8_t {
  kDone,
  kAlreadyDone,
  kSkipped,
  kWait,
  kRetry,
  kFailed,
  kCancelled,
  kDrifted,
  kUnsupported,
  kLost,  // no answer: the process died, the lease ran out, the call is stuck
};

inline constexpr std::array<std::string_view, 10> kOutcomes{"done",   "already_done", "skipped", "wait",        "retry",
                                                            "failed", "cancelled",    "drifted", "unsupported", "lost"};

[[nodiscard]] constexpr std::string_view word(Outcome outcome) { return kOutcomes[static_cast<std::size_t>(outcome)]; }

// What a call asks an engine to do (abi.h, TENANTRY_OP_*).
enum class Op : std::uint8_t { kRun = 1, kUndo, kVerify, kPlan, kValidate };

inline constexpr std::array<std::string_view, 6> kOps{"", "run", "undo", "verify", "plan", "validate"};
[[nodiscard]] constexpr std::string_view word(Op op) { return kOps[static_cast<std::size_t>(op)]; }

}  // namespace tenantry::model
