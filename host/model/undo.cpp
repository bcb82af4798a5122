// Rollback: what a run has made is taken back, the last first.
#include <algorithm>

#include "model/draft.hpp"

namespace tenantry::model {
namespace {

namespace json = boost::json;

enum class Fate : std::uint8_t { kKeep, kUndo, kVerify, kLeft };

Fate fate(const Draft& draft, std::size_t i) {
  const auto& step = draft.step(i);
  const auto& spec = draft.spec(i);
  if (is_ours(draft.head(), step)) return spec.has_undo ? Fate::kUndo : Fate::kLeft;
  const bool unproven = step.state == StepState::kUnknown || step.state == StepState::kRunning;
  if (unproven) return spec.has_verify ? Fate::kVerify : Fate::kLeft;
  return Fate::kKeep;
}

void leave(Draft& draft, std::size_t i, std::string_view why) {
  auto& step = draft.edit(i);
  step.undo = Undo::kLeft;
  step.due_at = Time{};
  draft.step_event(i, "step.left_behind", {{"reason", why}});
}

void taken_back(Draft& draft, std::size_t i) {
  auto& step = draft.edit(i);
  step.state = StepState::kCancelled;
  step.undo = Undo::kDone;
  step.made = Maker::kNobody;
  step.wait_reason = WaitReason::kNone;
  step.message = "Taken back.";
  step.completed_at = draft.now;
  step.blame = 0;
  step.progress = 0;
  step.failure.reset();
  step.output.reset();
  step.checkpoint.reset();
  step.drift.reset();
  draft.step_event(i, "step.undone",
                   {{"attempt", step.attempt}, {"duration_ms", (draft.now - step.called_at).count()}});
}

// The rollback was cancelled while UNDO was at work: how much of it took effect nobody knows.
void in_doubt(Draft& draft, const StepReport& report) {
  const auto i = report.step;
  auto& step = draft.edit(i);
  step.undo = Undo::kNone;
  step.wait_reason = WaitReason::kNone;
  if (draft.spec(i).has_verify) {
    step.state = StepState::kUnknown;
    step.due_at = Time{};
    draft.step_event(i, "step.unknown", {{"attempt", step.attempt}});
  } else {
    step.state = StepState::kCancelled;
    step.completed_at = draft.now;
    step.message = "Its UNDO was stopped; roll back again, or retry.";
    step.failure = failure_of(report, FailureClass::kUnknownOutcome, "host.unknown_outcome",
                              "UNDO was stopped, and how much it took back is not known.");
    draft.step_event(i, "step.cancelled", {{"attempt", step.attempt}});
  }
}

json::array with_undo(const Draft& draft, Undo undo) {
  json::array found;
  for (std::size_t i = 0; i < draft.size(); ++i)
    if (draft.step(i).undo == undo) found.emplace_back(draft.spec(i).id);
  return found;
}

}  // namespace

Scope rollback_scope(const Draft& draft) {
  Scope scope;
  for (std::size_t i = 0; i < draft.size(); ++i) {
    const auto what = fate(draft, i);
    if (what == Fate::kUndo) scope.undo.push_back(i);
    if (what == Fate::kVerify) scope.verify.push_back(i);
    if (what == Fate::kKeep || what == Fate::kLeft) scope.keep.push_back(i);
    if (what == Fate::kLeft) scope.left.push_back(i);
  }
  std::reverse(scope.undo.begin(), scope.undo.end());
  return scope;
}

void roll_back(Draft& draft, const json::object& why) {
  auto data = why;
  data["scope"] = describe(draft.manifest(), rollback_scope(draft));
  auto& head = draft.head();
  head.state = RunState::kCompensating;
  head.epoch += 1;
  head.stopping = false;
  head.verifying = false;
  head.condition = Condition::kUnknown;
  head.completed_at = Time{};
  data["epoch"] = head.epoch;
  draft.run_event("run.compensating", data);
  for (std::size_t i = 0; i < draft.size(); ++i) {
    const auto what = fate(draft, i);
    if (what == Fate::kKeep && draft.step(i).undo == Undo::kNone && !draft.step(i).check_due) continue;
    auto& step = draft.edit(i);
    if (!step.in_flight) step.check_due = false;
    step.undo = what == Fate::kKeep ? Undo::kNone : Undo::kDue;
    step.attempt = 0;
    step.check_tries = 0;
    step.blame = 0;
    step.waited = Millis{0};
    step.due_at = Time{};
    step.first_started_at = Time{};
    if (what == Fate::kLeft) leave(draft, i, is_ours(head, step) ? "no_undo" : "unproven");
  }
}

std::vector<bool> free_to_undo(const Draft& draft) {
  std::vector<bool> free(draft.size(), false);
  std::vector<bool> built_on(draft.size(), false);  // something that is still to be taken back needs it
  for (auto i = draft.size(); i-- > 0;) {
    const auto& step = draft.step(i);
    free[i] = step.undo == Undo::kDue && (is_unproven(draft.head(), step) || !built_on[i]);
    if (built_on[i] || step.in_flight || step.undo == Undo::kDue || step.undo == Undo::kFailed)
      for (const auto before : draft.spec(i).after) built_on[before] = true;
  }
  return free;
}

void fail_undo(Draft& draft, std::size_t i, Failure failure, const json::object& more) {
  auto& step = draft.edit(i);
  if (!is_unproven(draft.head(), step)) step.state = StepState::kFailed;
  step.undo = Undo::kFailed;
  step.wait_reason = WaitReason::kNone;
  step.completed_at = draft.now;
  step.due_at = Time{};
  if (failure.next_action.empty()) {
    // The verb that goes on is another one here.
    const std::string usual(row(failure.cause).next_action);
    const auto then = usual.find(", then ");
    failure.next_action = (then == std::string::npos ? "Look at what stands in the way" : usual.substr(0, then)) +
                          ", then roll back again.";
  }
  auto data = describe(failure);
  data["attempt"] = step.attempt;
  for (const auto& member : more) data[member.key()] = member.value();
  step.failure = std::move(failure);
  draft.step_event(i, "step.undo_failed", data);
}

// UNDO succeeds if there is nothing to take back, so one that ended without proof is simply asked again.
void on_undone(Draft& draft, const StepReport& report) {
  const auto i = report.step;
  const bool success = report.outcome == Outcome::kDone || report.outcome == Outcome::kAlreadyDone ||
                       report.outcome == Outcome::kSkipped;
  if (success) return taken_back(draft, i);
  if (draft.head().state != RunState::kCompensating) return in_doubt(draft, report);
  const auto again = [&] {
    auto& step = draft.edit(i);
    step.attempt = std::max(0, step.attempt - 1);
  };
  switch (report.outcome) {
    case Outcome::kDone:
    case Outcome::kAlreadyDone:
    case Outcome::kSkipped:
      return;
    case Outcome::kWait:
      return poll(draft, report);
    case Outcome::kRetry:
      return try_again(draft, report,
                       failure_of(report, FailureClass::kTransient, "host.no_reason", "The engine gave no reason."));
    case Outcome::kCancelled:
      if (report.shutdown) return again();
      return try_again(draft, report,
                       host_failure(FailureClass::kInternal, "host.unasked_cancel",
                                    "The engine answered CANCELLED although nobody had asked it to stop."));
    case Outcome::kFailed:
      return fail_undo(draft, i,
                       failure_of(report, FailureClass::kInternal, "host.no_reason", "The engine gave no reason."));
    case Outcome::kDrifted:
    case Outcome::kUnsupported:
      return fail_undo(draft, i,
                       host_failure(FailureClass::kInternal, "host.contract",
                                    "The engine answered UNDO, which its manifest declares for this step, with " +
                                        std::string(word(report.outcome)) + "."));
    case Outcome::kLost:
      if (!bears_blame(draft, report)) return again();
      return fail_undo(draft, i,
                       host_failure(FailureClass::kUnknownOutcome, "host.poisoned",
                                    "Whoever carried out the UNDO of this step died, again and again." +
                                        (report.failure ? ' ' + report.failure->message : std::string())));
  }
}

// VERIFY, within a rollback, of a step of which nobody knows whether this run made it.
void on_unproven_verified(Draft& draft, const StepReport& report) {
  const auto i = report.step;
  switch (report.outcome) {
    case Outcome::kDone:
      succeed(draft, i, StepState::kCompleted, report.output);
      draft.edit(i).attempt = 0;
      if (!draft.spec(i).has_undo) leave(draft, i, "no_undo");
      return;
    case Outcome::kAlreadyDone:
      succeed(draft, i, StepState::kExists, report.output);
      draft.edit(i).undo = Undo::kNone;
      return;
    case Outcome::kDrifted: {
      auto& step = draft.edit(i);
      step.state = StepState::kCancelled;
      step.completed_at = draft.now;
      step.message = "Not in effect as a whole when the run was rolled back.";
      return leave(draft, i, "unproven");
    }
    case Outcome::kSkipped:
    case Outcome::kUnsupported:
      return leave(draft, i, "unproven");
    case Outcome::kFailed:
      return fail_undo(draft, i,
                       failure_of(report, FailureClass::kUnknownOutcome, "host.unknown_outcome",
                                  "An attempt ended without proof and VERIFY failed."));
    case Outcome::kLost:
      if (!bears_blame(draft, report)) return;
      return fail_undo(draft, i,
                       host_failure(FailureClass::kUnknownOutcome, "host.poisoned",
                                    "Whoever carried out the VERIFY of this step died, again and again."));
    case Outcome::kWait:
    case Outcome::kRetry:
    case Outcome::kCancelled:
      if (report.shutdown || look_again(draft, report, kMaxBlindChecks)) return;
      return fail_undo(draft, i,
                       failure_of(report, FailureClass::kUnknownOutcome, "host.unknown_outcome",
                                  "An attempt ended without proof and VERIFY could not look."));
  }
}

void settle_undo(Draft& draft) {
  const auto free = free_to_undo(draft);
  for (std::size_t i = 0; i < draft.size(); ++i)
    if (free[i] || draft.step(i).in_flight) return;
  auto failed = with_undo(draft, Undo::kFailed);
  const auto end = failed.empty() ? RunState::kCompensated : RunState::kCompensationFailed;
  finish(draft, end,
         {{"undone", with_undo(draft, Undo::kDone)},
          {"left_behind", with_undo(draft, Undo::kLeft)},
          {"failed", std::move(failed)},
          {"removed", draft.head().removing && end == RunState::kCompensated}});
}

}  // namespace tenantry::model
