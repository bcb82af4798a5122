// What each verb would touch, and where it is refused. Previews and deeds both begin here.
#include "model/scope.hpp"

#include <algorithm>

#include "model/rules.hpp"

namespace tenantry::model {
namespace {

using base::Error;
using base::ErrorKind;

Error conflict(const Run& run, std::string code, std::string message, std::string next) {
  Error error{ErrorKind::kConflict, std::move(code), std::move(message), std::move(next), {}, {}};
  for (const auto verb : allowed_verbs(run)) error.allowed_verbs.emplace_back(word(verb));
  return error;
}

Error illegal(const Run& run, Verb verb) {
  const auto doing = run.head.verifying  ? "being verified"
                     : run.head.removing ? "being deprovisioned"
                                         : std::string(word(run.head.state));
  return conflict(run, "run.illegal_verb",
                  "The run is " + doing + "; " + std::string(word(verb)) + " is not possible in this state.",
                  is_active(run.head) ? "Wait for the run to end, or cancel it." : "Use one of the allowed verbs.");
}

bool is_finished(StepState state) { return state == StepState::kCompleted || state == StepState::kExists; }

bool blocks_nothing(const Run& run, std::size_t i) {
  for (std::size_t k = i + 1; k < run.steps.size(); ++k) {
    const auto& after = run.manifest().steps[k].after;
    if (!is_ok(run.steps[k].state) && std::find(after.begin(), after.end(), i) != after.end()) return false;
  }
  return true;
}

base::Result<std::size_t> named_step(const Run& run, const Command& command) {
  if (command.step.empty())
    return base::invalid("step.missing", "The step is missing.", {{"/step", "expected the id of a step"}});
  const auto found = run.manifest().find(command.step);
  if (!found) {
    std::string ids;
    for (const auto& step : run.manifest().steps) ids += (ids.empty() ? "" : ", ") + step.id;
    return base::invalid("step.unknown", "This run has no step of that name; it has " + ids + ".",
                         {{"/step", "unknown step"}});
  }
  return *found;
}

std::vector<bool> rerun_targets(const Run& run, const Command& command) {
  std::vector<bool> chosen(run.steps.size(), false);
  const auto named = run.manifest().find(command.step);
  if (!named) return chosen;
  chosen[*named] = true;
  for (auto i = *named + 1; command.downstream && i < chosen.size(); ++i)
    for (const auto before : run.manifest().steps[i].after) chosen[i] = chosen[i] || chosen[before];
  return chosen;
}

bool has_work(const Run& run, const Scope& scope) {
  return !scope.run.empty() || std::any_of(scope.verify.begin(), scope.verify.end(),
                                           [&](std::size_t i) { return run.steps[i].state == StepState::kUnknown; });
}

Scope keep_all(const Run& run) {
  Scope scope;
  for (std::size_t i = 0; i < run.steps.size(); ++i) scope.keep.push_back(i);
  return scope;
}

base::Result<Scope> preview_resume(const Run& run, const Command& command) {
  if (!command.step.empty()) {
    const auto named = named_step(run, command);
    if (named.has_error()) return named.error();
    if (!row(run.steps[*named].state).retriable)
      return conflict(run, "step.not_retriable",
                      "Step " + command.step + " is " + std::string(word(run.steps[*named].state)) +
                          "; only failed, cancelled, skipped and unknown steps can be retried.",
                      "Retry without naming a step, or name one that failed.");
  }
  auto scope = resume_scope(run, command);
  if (!has_work(run, scope))
    return conflict(run, "run.nothing_to_resume",
                    command.step.empty() ? "No step is left that " + std::string(word(command.verb)) + " would run."
                                         : "Step " + command.step + " waits for another step that failed.",
                    command.verb == Verb::kContinue ? "Retry runs the failed optional steps again."
                                                    : "Retry without naming a step.");
  return scope;
}

base::Result<Scope> preview_rerun(const Run& run, const Command& command) {
  const auto named = named_step(run, command);
  if (named.has_error()) return named.error();
  for (const auto before : run.manifest().steps[*named].after)
    if (const auto state = run.steps[before].state; !is_ok(state))
      return conflict(run, "step.blocked",
                      "Step " + command.step + " needs " + run.manifest().steps[before].id + ", which is " +
                          std::string(word(state)) + ".",
                      "Begin at " + run.manifest().steps[before].id + " or before it.");
  return resume_scope(run, command);
}

base::Result<Scope> preview_skip(const Run& run, const Command& command) {
  const auto named = named_step(run, command);
  if (named.has_error()) return named.error();
  const auto& spec = run.manifest().steps[*named];
  const auto& step = run.steps[*named];
  if (command.reason.empty())
    return base::invalid("skip.no_reason", "A reason is needed to skip a step.", {{"/reason", "expected some text"}});
  if (!is_skippable_now(step))
    return conflict(
        run, "step.not_skippable", "Step " + spec.id + " is " + std::string(word(step.state)) + ".",
        is_ok(step.state) ? "Nothing to do: the step is finished." : "Wait for the attempt to end, or cancel the run.");
  if (!spec.optional && !command.force)
    return Error{ErrorKind::kDenied,
                 "step.not_optional",
                 "Step " + spec.id + " is not optional.",
                 "Continue or Retry; an administrator may skip it with force.",
                 {},
                 {}};
  return keep_all(run);
}

Scope verify_scope(const Run& run) {
  Scope scope;
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    const bool can = is_finished(run.steps[i].state) && run.manifest().steps[i].has_verify;
    (can ? scope.verify : scope.keep).push_back(i);
  }
  return scope;
}

base::Result<Scope> preview_verify(const Run& run) {
  auto scope = verify_scope(run);
  if (scope.verify.empty())
    return conflict(run, "run.nothing_to_verify", "No finished step of this run can be verified.",
                    "Nothing to do: the engine has no VERIFY for these steps.");
  return scope;
}

Scope undo_scope(const Run& run, Verb verb) {
  Run ending = run;
  ending.head.removing = ending.head.removing || verb == Verb::kDeprovision;
  return rollback_scope(Draft(ending, {}));
}

}  // namespace

bool is_skippable_now(const StepRun& step) {
  return !step.in_flight && step.state != StepState::kRunning && !is_ok(step.state);
}

std::vector<bool> targets(const Run& run, const Command& command) {
  if (command.verb == Verb::kRerunFrom) return rerun_targets(run, command);
  std::vector<bool> chosen(run.steps.size(), false);
  if (!command.step.empty()) {
    if (const auto named = run.manifest().find(command.step)) chosen[*named] = true;
    return chosen;
  }
  bool first = true;
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    const auto state = run.steps[i].state;
    if (command.verb == Verb::kRetry) {
      chosen[i] = row(state).retriable && state != StepState::kSkipped;
    } else if (state == StepState::kCancelled || state == StepState::kUnknown) {
      chosen[i] = true;  // stopped by a person, not by an error
    } else if (state == StepState::kFailed && first && !(run.manifest().steps[i].optional && blocks_nothing(run, i))) {
      chosen[i] = true;
      first = false;
    }
  }
  return chosen;
}

Scope resume_scope(const Run& run, const Command& command) {
  const auto chosen = targets(run, command);
  Scope scope;
  std::vector<bool> passes(run.steps.size(), false);  // ok, or will be as far as this command knows
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    const auto& spec = run.manifest().steps[i];
    const auto state = run.steps[i].state;
    const bool free =
        std::all_of(spec.after.begin(), spec.after.end(), [&](std::size_t before) { return passes[before]; });
    const bool looks = state == StepState::kUnknown && spec.has_verify;
    const bool runs = free && !looks && (chosen[i] || state == StepState::kPending);
    passes[i] = runs || looks || (is_ok(state) && !(chosen[i] && state == StepState::kSkipped));
    if (runs)
      scope.run.push_back(i);
    else if (looks || (command.verb == Verb::kContinue && is_finished(state) && spec.has_verify))
      scope.verify.push_back(i);
    else
      scope.keep.push_back(i);
  }
  return scope;
}

std::vector<Verb> allowed_verbs(const Run& run) {
  std::vector<Verb> verbs;
  for (std::size_t v = 0; v < kVerbs.size(); ++v) {
    const auto verb = static_cast<Verb>(v);
    if (!is_legal(verb, run.head)) continue;
    Command command;
    command.verb = verb;
    bool possible = true;
    if (verb == Verb::kRetry || verb == Verb::kContinue) possible = has_work(run, resume_scope(run, command));
    if (verb == Verb::kVerify) possible = !verify_scope(run).verify.empty();
    if (verb == Verb::kSkipStep) {
      possible = false;
      for (std::size_t i = 0; i < run.steps.size(); ++i)
        possible = possible || (run.manifest().steps[i].optional && is_skippable_now(run.steps[i]));
    }
    if (possible) verbs.push_back(verb);
  }
  return verbs;
}

base::Result<Scope> preview(const Run& before, const Command& command) {
  const bool moves = is_repin(before, command);
  const auto moved = moves ? repinned(before, command.onto) : base::Result<Run>(Run{});
  if (moved.has_error()) return moved.error();
  const Run& run = moves ? *moved : before;
  if (!is_legal(command.verb, run.head)) return illegal(run, command.verb);
  switch (command.verb) {
    case Verb::kStart:
    case Verb::kPlan:
      return illegal(run, command.verb);  // about a run that is yet to be made; see new_run
    case Verb::kRetry:
    case Verb::kContinue:
      return preview_resume(run, command);
    case Verb::kRerunFrom:
      return preview_rerun(run, command);
    case Verb::kSkipStep:
      return preview_skip(run, command);
    case Verb::kVerify:
      return preview_verify(run);
    case Verb::kRollback:
    case Verb::kDeprovision:
      return undo_scope(run, command.verb);
    case Verb::kCancel:
    case Verb::kPause:
    case Verb::kResume:
    case Verb::kKill:
      return keep_all(run);
  }
  return illegal(run, command.verb);
}

}  // namespace tenantry::model
