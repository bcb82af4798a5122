// The verbs, carried out. What each may touch was decided in scope.cpp.
#include "model/scope.hpp"

namespace tenantry::model {
namespace {

namespace json = boost::json;

void set_back(StepRun& step, StepState state) {
  step.state = state;
  step.op = Op::kRun;
  step.attempt = 0;
  step.check_tries = 0;
  step.blame = 0;
  step.waited = Millis{0};
  step.due_at = Time{};
  step.first_started_at = Time{};
  step.completed_at = Time{};
  step.failure.reset();
  step.drift.reset();
}

void resume(Draft& draft, const Run& run, const Command& command, const Scope& scope) {
  const auto chosen = targets(run, command);
  std::vector<bool> runs(draft.size(), false);
  for (const auto i : scope.run) runs[i] = true;
  draft.head().epoch += 1;
  draft.head().stopping = false;
  draft.head().condition = Condition::kUnknown;
  draft.head().state = RunState::kRunning;
  draft.head().completed_at = Time{};
  draft.run_event("run.resumed", {{"verb", word(command.verb)},
                                  {"epoch", draft.head().epoch},
                                  {"actor", command.actor},
                                  {"scope", describe(run.manifest(), scope)}});
  for (std::size_t i = 0; i < draft.size(); ++i) {
    const auto state = draft.step(i).state;
    if (draft.step(i).undo != Undo::kNone) draft.edit(i).undo = Undo::kNone;
    if (state == StepState::kUnknown && draft.spec(i).has_verify)
      set_back(draft.edit(i), StepState::kUnknown);
    else if (state == StepState::kPending || (chosen[i] && (runs[i] || !is_ok(state) || state == StepState::kSkipped)))
      set_back(draft.edit(i), StepState::kPending);
    else if (state == StepState::kUnknown)
      draft.edit(i).state = StepState::kCancelled;  // its failure goes on saying that nobody knows
  }
  for (const auto i : scope.verify) {
    if (draft.step(i).state == StepState::kUnknown) continue;
    auto& step = draft.edit(i);
    step.check_due = true;
    step.check_tries = 0;
    step.due_at = Time{};
  }
}

void skip(Draft& draft, std::size_t i, const Command& command) {
  auto& step = draft.edit(i);
  step.state = StepState::kSkipped;
  step.wait_reason = WaitReason::kNone;
  step.due_at = Time{};
  step.completed_at = draft.now;
  step.output.reset();
  step.failure.reset();
  step.message = command.reason;
  draft.step_event(i, "step.skipped",
                   {{"reason", command.reason}, {"actor", command.actor}, {"forced", command.force}});
  if (!is_terminal(draft.head().state)) return;
  // A finished run stays finished: Continue is what resumes. But nothing may be left to do.
  for (std::size_t k = 0; k < draft.size(); ++k)
    if (!is_ok(draft.step(k).state)) return;
  draft.head().state = RunState::kCompleted;
  draft.run_event("run.completed", {{"epoch", draft.head().epoch}});
}

void stop_verify(Draft& draft) {
  draft.head().condition = Condition::kUnknown;
  for (std::size_t i = 0; i < draft.size(); ++i) {
    if (draft.step(i).in_flight) draft.change().cancel.push_back(i);
    if (draft.step(i).check_due && !draft.step(i).in_flight) draft.edit(i).check_due = false;
    if (draft.step(i).in_flight) draft.edit(i).check_tries = kMaxBlindChecks;  // it is not asked again
  }
}

void cancel(Draft& draft, const Command& command) {
  if (draft.head().verifying) return stop_verify(draft);
  const bool undoing = draft.head().state == RunState::kCompensating;
  if (undoing) draft.head().epoch += 1;  // the other way again: what counts as progress is another
  draft.head().removing = command.verb == Verb::kDeprovision;
  draft.head().state = RunState::kCancelling;
  draft.run_event("run.cancelling",
                  {{"actor", command.actor}, {"reason", command.reason}, {"verb", word(command.verb)}});
  for (std::size_t i = 0; i < draft.size(); ++i) {
    if (draft.step(i).check_due && !draft.step(i).in_flight) draft.edit(i).check_due = false;
    if (draft.step(i).in_flight) {
      draft.change().cancel.push_back(i);
    } else if (undoing) {
      if (draft.step(i).undo != Undo::kDue) continue;
      auto& step = draft.edit(i);
      step.undo = Undo::kNone;
      step.wait_reason = WaitReason::kNone;
      step.due_at = Time{};
    } else if (!is_terminal(draft.step(i).state) && draft.step(i).state != StepState::kUnknown) {
      auto& step = draft.edit(i);
      step.state = StepState::kCancelled;
      step.wait_reason = WaitReason::kNone;
      step.due_at = Time{};
      step.completed_at = draft.now;
      draft.step_event(i, "step.cancelled", {{"attempt", step.attempt}});
    }
  }
}

void pause(Draft& draft, const Command& command) {
  draft.head().state = RunState::kPaused;
  draft.run_event("run.paused", {{"actor", command.actor}, {"reason", command.reason}});
}

void go_on(Draft& draft, const Command& command) {
  draft.head().state = RunState::kRunning;
  draft.run_event("run.running", {{"actor", command.actor}, {"verb", word(command.verb)}});
  for (std::size_t i = 0; i < draft.size(); ++i)
    if (draft.step(i).wait_reason == WaitReason::kPaused) draft.edit(i).wait_reason = WaitReason::kNone;
}

// The calls that are out are given up (whoever carries them out ends them), and the run ends without proof of what they
// did: looking would take as long as whatever made a person lose patience.
void kill(Draft& draft, const Command& command) {
  draft.run_event("run.killed", {{"actor", command.actor}, {"reason", command.reason}});
  for (std::size_t i = 0; i < draft.size(); ++i) {
    if (!draft.step(i).in_flight) continue;
    auto& step = draft.edit(i);
    const auto lost = host_failure(FailureClass::kUnknownOutcome, "host.killed",
                                   "The attempt was given up on request; nobody knows whether it took effect.");
    draft.change().attempts.push_back(
        {i, step.attempts, draft.head().epoch, step.op, Outcome::kLost, lost, step.called_at, draft.now});
    step.in_flight = false;
    step.check_due = false;
    step.wait_reason = WaitReason::kNone;
    step.due_at = Time{};
    step.undo = Undo::kNone;
    if (step.op == Op::kVerify) continue;
    step.state = StepState::kUnknown;
    step.failure = lost;
    draft.step_event(i, "step.unknown", {{"attempt", step.attempt}, {"failure", describe(lost)}});
  }
  conclude(draft);
}

void verify(Draft& draft, const Command& command, const Scope& scope) {
  draft.head().verifying = true;
  draft.head().condition = Condition::kInSync;  // until one is found that is not
  draft.run_event("run.verifying", {{"actor", command.actor}, {"scope", describe(draft.manifest(), scope)}});
  for (const auto i : scope.verify) {
    auto& step = draft.edit(i);
    step.check_due = true;
    step.check_tries = 0;
    step.due_at = Time{};
  }
}

void deprovision(Draft& draft, const Command& command) {
  auto& head = draft.head();
  if (head.state == RunState::kCancelling || (head.removing && head.state == RunState::kCompensating)) {
    head.removing = true;
    draft.run_event("run.removing", {{"actor", command.actor}, {"reason", command.reason}});
    return;
  }
  if (!is_terminal(head.state)) return cancel(draft, command);  // a rollback too: this one takes back more
  if (head.verifying) stop_verify(draft);
  head.removing = true;
  roll_back(draft, {{"verb", word(command.verb)}, {"actor", command.actor}, {"reason", command.reason}});
}

json::array ids(const Manifest& manifest, const std::vector<std::size_t>& steps) {
  json::array out;
  for (const auto i : steps) out.emplace_back(manifest.steps[i].id);
  return out;
}

}  // namespace

json::object describe(const Manifest& manifest, const Scope& scope) {
  json::object out{{"run", ids(manifest, scope.run)},
                   {"verify", ids(manifest, scope.verify)},
                   {"undo", ids(manifest, scope.undo)},
                   {"keep", ids(manifest, scope.keep)}};
  if (!scope.left.empty()) out["left_behind"] = ids(manifest, scope.left);
  return out;
}

base::Result<void> on_command(Draft& draft, const Run& run, const Command& command) {
  const auto scope = preview(run, command);
  if (scope.has_error()) return scope.error();
  draft.change().operation =
      Operation{command.id,   run.spec->tenant, run.spec->id,   command.verb,
                command.step, command.actor,    command.reason, json::serialize(describe(run.manifest(), *scope)),
                draft.now};
  switch (command.verb) {
    case Verb::kStart:
    case Verb::kPlan:
      break;
    case Verb::kRetry:
    case Verb::kContinue:
    case Verb::kRerunFrom:
      resume(draft, run, command, *scope);
      break;
    case Verb::kSkipStep:
      skip(draft, *run.manifest().find(command.step), command);
      break;
    case Verb::kCancel:
      cancel(draft, command);
      break;
    case Verb::kPause:
      pause(draft, command);
      break;
    case Verb::kResume:
      go_on(draft, command);
      break;
    case Verb::kKill:
      kill(draft, command);
      break;
    case Verb::kVerify:
      verify(draft, command, *scope);
      break;
    case Verb::kRollback:
      roll_back(draft, {{"verb", word(command.verb)}, {"actor", command.actor}, {"reason", command.reason}});
      break;
    case Verb::kDeprovision:
      deprovision(draft, command);
      break;
  }
  return {};
}

}  // namespace tenantry::model
