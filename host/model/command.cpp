// The verbs: where each is legal, what it would touch, and the touching.
#include <algorithm>

#include "model/draft.hpp"

namespace tenantry::model {
namespace {

namespace json = boost::json;
using base::Error;
using base::ErrorKind;

bool is_stopped(RunState state) {
  return state == RunState::kFailed || state == RunState::kPartial || state == RunState::kCancelled;
}

bool is_legal(Verb verb, RunState state) {
  switch (verb) {
    case Verb::kStart:
      return is_terminal(state);
    case Verb::kRetry:
    case Verb::kContinue:
      return is_stopped(state);
    case Verb::kSkipStep:
      return is_stopped(state) || state == RunState::kQueued || state == RunState::kRunning ||
             state == RunState::kPaused;
    case Verb::kCancel:
      return !is_terminal(state) && state != RunState::kCancelling;
  }
  return false;
}

bool is_skippable_now(const StepRun& step) {
  return !step.in_flight && step.state != StepState::kRunning && !is_ok(step.state);
}

Error conflict(const Run& run, std::string code, std::string message, std::string next) {
  Error error{ErrorKind::kConflict, std::move(code), std::move(message), std::move(next), {}, {}};
  for (const auto verb : allowed_verbs(run)) error.allowed_verbs.emplace_back(word(verb));
  return error;
}

Error illegal(const Run& run, Verb verb) {
  return conflict(
      run, "run.illegal_verb",
      "The run is " + std::string(word(run.head.state)) + "; " + std::string(word(verb)) +
          " is not possible in this state.",
      is_terminal(run.head.state) ? "Use one of the allowed verbs." : "Wait for the run to end, or cancel it.");
}

bool blocks_nothing(const Run& run, std::size_t i) {
  for (std::size_t k = i + 1; k < run.steps.size(); ++k) {
    const auto& after = run.manifest().steps[k].after;
    if (!is_ok(run.steps[k].state) && std::find(after.begin(), after.end(), i) != after.end()) return false;
  }
  return true;
}

// The steps a retry or a continue sets back to pending; everything else follows from the graph.
std::vector<bool> targets(const Run& run, const Command& command) {
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
    } else if (state == StepState::kCancelled) {
      chosen[i] = true;  // stopped by a person, not by an error
    } else if (state == StepState::kFailed && first && !(run.manifest().steps[i].optional && blocks_nothing(run, i))) {
      chosen[i] = true;
      first = false;
    }
  }
  return chosen;
}

Scope resume_scope(const Run& run, const Command& command, const std::vector<bool>& chosen) {
  Scope scope;
  std::vector<bool> runs(run.steps.size(), false);
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    const auto& spec = run.manifest().steps[i];
    const bool free = std::all_of(spec.after.begin(), spec.after.end(), [&](std::size_t before) {
      return runs[before] || (is_ok(run.steps[before].state) && !chosen[before]);
    });
    runs[i] = free && (chosen[i] || run.steps[i].state == StepState::kPending);
    const auto state = run.steps[i].state;
    const bool finished = state == StepState::kCompleted || state == StepState::kExists;
    if (runs[i])
      scope.run.push_back(i);
    else if (command.verb == Verb::kContinue && finished && spec.has_verify)
      scope.verify.push_back(i);
    else
      scope.keep.push_back(i);
  }
  return scope;
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
  auto scope = resume_scope(run, command, targets(run, command));
  if (scope.run.empty())
    return conflict(run, "run.nothing_to_resume",
                    command.step.empty() ? "No step is left that " + std::string(word(command.verb)) + " would run."
                                         : "Step " + command.step + " waits for another step that failed.",
                    command.verb == Verb::kContinue ? "Retry runs the failed optional steps again."
                                                    : "Retry without naming a step.");
  return scope;
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
  Scope scope;
  for (std::size_t i = 0; i < run.steps.size(); ++i) scope.keep.push_back(i);
  return scope;
}

Scope cancel_scope(const Run& run) {
  Scope scope;
  for (std::size_t i = 0; i < run.steps.size(); ++i) scope.keep.push_back(i);
  return scope;
}

void resume(Draft& draft, const Run& run, const Command& command, const Scope& scope) {
  const auto chosen = targets(run, command);
  draft.head().epoch += 1;
  draft.head().stopping = false;
  draft.head().state = RunState::kRunning;
  draft.head().completed_at = Time{};
  draft.run_event("run.resumed", {{"verb", word(command.verb)},
                                  {"epoch", draft.head().epoch},
                                  {"actor", command.actor},
                                  {"scope", describe(run.manifest(), scope)}});
  for (std::size_t i = 0; i < draft.size(); ++i) {
    if (!chosen[i] && draft.step(i).state != StepState::kPending) continue;
    auto& step = draft.edit(i);
    step.state = StepState::kPending;
    step.op = Op::kRun;
    step.attempt = 0;
    step.check_tries = 0;
    step.blame = 0;
    step.waited = Millis{0};
    step.due_at = Time{};
    step.first_started_at = Time{};
    step.completed_at = Time{};
    step.failure.reset();
  }
  for (const auto i : scope.verify) {
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

void cancel(Draft& draft, const Command& command) {
  draft.head().state = RunState::kCancelling;
  draft.run_event("run.cancelling", {{"actor", command.actor}, {"reason", command.reason}});
  for (std::size_t i = 0; i < draft.size(); ++i) {
    if (draft.step(i).check_due && !draft.step(i).in_flight) draft.edit(i).check_due = false;
    if (draft.step(i).in_flight) {
      draft.change().cancel.push_back(i);
    } else if (!is_terminal(draft.step(i).state) && draft.step(i).state != StepState::kUnknown) {
      auto& step = draft.edit(i);
      step.state = StepState::kCancelled;
      step.wait_reason = WaitReason::kNone;
      step.completed_at = draft.now;
      draft.step_event(i, "step.cancelled", {{"attempt", step.attempt}});
    }
  }
}

}  // namespace

json::object describe(const Manifest& manifest, const Scope& scope) {
  const auto ids = [&](const std::vector<std::size_t>& steps) {
    json::array out;
    for (const auto i : steps) out.emplace_back(manifest.steps[i].id);
    return out;
  };
  return {{"run", ids(scope.run)}, {"verify", ids(scope.verify)}, {"keep", ids(scope.keep)}};
}

std::vector<Verb> allowed_verbs(const Run& run) {
  std::vector<Verb> verbs;
  for (std::size_t v = 0; v < kVerbs.size(); ++v) {
    const auto verb = static_cast<Verb>(v);
    if (!is_legal(verb, run.head.state)) continue;
    Command command;
    command.verb = verb;
    bool possible = true;
    if (verb == Verb::kRetry || verb == Verb::kContinue)
      possible = !resume_scope(run, command, targets(run, command)).run.empty();
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
  if (!is_legal(command.verb, run.head.state)) return illegal(run, command.verb);
  switch (command.verb) {
    case Verb::kStart:
      return illegal(run, command.verb);  // start makes another run; see new_run
    case Verb::kRetry:
    case Verb::kContinue:
      return preview_resume(run, command);
    case Verb::kSkipStep:
      return preview_skip(run, command);
    case Verb::kCancel:
      return cancel_scope(run);
  }
  return illegal(run, command.verb);
}

base::Result<void> on_command(Draft& draft, const Run& run, const Command& command) {
  const auto scope = preview(run, command);
  if (scope.has_error()) return scope.error();
  switch (command.verb) {
    case Verb::kStart:
      break;
    case Verb::kRetry:
    case Verb::kContinue:
      resume(draft, run, command, *scope);
      break;
    case Verb::kSkipStep:
      skip(draft, *run.manifest().find(command.step), command);
      break;
    case Verb::kCancel:
      cancel(draft, command);
      break;
  }
  draft.change().operation =
      Operation{command.id,   run.spec->tenant, run.spec->id,   command.verb,
                command.step, command.actor,    command.reason, json::serialize(describe(run.manifest(), *scope)),
                draft.now};
  return {};
}

}  // namespace tenantry::model
