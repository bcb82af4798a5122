// What the end of a call means for its step.
#include <algorithm>
#include <cmath>

#include "model/draft.hpp"

namespace tenantry::model {
namespace {

namespace json = boost::json;

constexpr int kRunDeath = 1'000;          // of blame
constexpr int kVerifyDeath = 250;         // looking is rarely what kills
constexpr int kPoisoned = 3 * kRunDeath;  // then the step is taken to kill its hosts
constexpr int kMaxBlindRechecks = 3;      // the same on a finished step, before `continue` goes on without
constexpr Millis kDefaultPoll{30'000};
constexpr Millis kMinPoll{1'000};
constexpr Millis kMaxPoll{3'600'000};

// What the engine says beside WAIT and SKIPPED explains; it is no failure.
std::string reason_of(const StepReport& report) { return report.failure ? report.failure->message : std::string(); }

Millis scaled(Millis wait, double factor) {
  return Millis{static_cast<std::int64_t>(static_cast<double>(wait.count()) * factor)};
}

void give_up(Draft& draft, std::size_t i, Failure failure, const json::object& more) {
  if (draft.step(i).op == Op::kUndo) return fail_undo(draft, i, std::move(failure), more);
  fail(draft, i, std::move(failure), more);
}

// Full jitter on an exponential ceiling.
Millis backoff(const RetryPolicy& policy, int tries, double random) {
  const double ceiling = std::min(static_cast<double>(policy.max_backoff.count()),
                                  static_cast<double>(policy.backoff.count()) * std::exp2(std::min(tries - 1, 40)));
  return Millis{static_cast<std::int64_t>(ceiling * random)};
}

void wait_until(Draft& draft, std::size_t i, Millis delay, WaitReason reason, std::optional<Failure> failure) {
  auto& step = draft.edit(i);
  if (step.op != Op::kUndo) step.state = StepState::kWaiting;
  step.wait_reason = reason;
  step.due_at = draft.now + delay;
  if (failure || step.op != Op::kUndo) step.failure = std::move(failure);  // a failed step keeps its reason
  json::object data{{"reason", word(reason)}, {"due_at", base::format_time(step.due_at)}, {"attempt", step.attempt}};
  if (step.failure) data["failure"] = describe(*step.failure);
  draft.step_event(i, step.op == Op::kUndo ? "step.undo_waiting" : "step.waiting", data);
}

// Waits without spending an attempt, until the step has waited too long in all.
void wait_free(Draft& draft, std::size_t i, Millis delay, WaitReason reason, std::optional<Failure> failure) {
  auto& step = draft.edit(i);
  step.attempt = std::max(0, step.attempt - 1);
  step.waited += delay;
  if (step.waited > draft.spec(i).wait_limit) {
    give_up(draft, i,
            failure ? std::move(*failure)
                    : host_failure(FailureClass::kTimeout, "host.waited_too_long",
                                   "The step asked to be asked again for longer than its limit of " +
                                       std::to_string(draft.spec(i).wait_limit.count()) + " ms."),
            {{"waited_ms", step.waited.count()}});
    return;
  }
  wait_until(draft, i, delay, reason, std::move(failure));
}

void make_ready(Draft& draft, std::size_t i, std::string_view why) {
  auto& step = draft.edit(i);
  step.state = draft.predecessors_ok(i) && !draft.checks_outstanding() ? StepState::kReady : StepState::kPending;
  step.op = Op::kRun;
  step.due_at = Time{};
  step.attempt = std::max(0, step.attempt - 1);  // an attempt that nobody could judge is not spent
  draft.step_event(i, "step.ready", {{"reason", why}});
}

void on_run(Draft& draft, const StepReport& report) {
  const auto i = report.step;
  const bool cancelling = draft.head().state == RunState::kCancelling;
  const auto stopped = [&] {
    auto& step = draft.edit(i);
    step.state = StepState::kCancelled;
    step.completed_at = draft.now;
    step.failure = report.failure;
    draft.step_event(i, "step.cancelled", {{"attempt", step.attempt}});
  };
  switch (report.outcome) {
    case Outcome::kDone:
      return succeed(draft, i, StepState::kCompleted, report.output);
    case Outcome::kAlreadyDone:
      return succeed(draft, i, StepState::kExists, report.output);
    case Outcome::kSkipped:
      if (draft.spec(i).skippable) {
        draft.edit(i).message = reason_of(report);
        return succeed(draft, i, StepState::kSkipped, {});
      }
      return fail(draft, i,
                  host_failure(FailureClass::kInternal, "host.contract",
                               "The engine answered SKIPPED for a step it did not declare skippable."));
    case Outcome::kWait:
      if (cancelling) return stopped();
      return poll(draft, report);
    case Outcome::kRetry:
      if (cancelling) return stopped();
      return try_again(draft, report,
                       failure_of(report, FailureClass::kTransient, "host.no_reason", "The engine gave no reason."));
    case Outcome::kFailed:
      return fail(draft, i,
                  failure_of(report, FailureClass::kInternal, "host.no_reason", "The engine gave no reason."));
    case Outcome::kCancelled:
      if (cancelling) return stopped();
      if (report.shutdown) return make_ready(draft, i, "shutdown");
      return try_again(draft, report,
                       host_failure(FailureClass::kInternal, "host.unasked_cancel",
                                    "The engine answered CANCELLED although nobody had asked it to stop."));
    case Outcome::kDrifted:
      return fail(draft, i,
                  host_failure(FailureClass::kInternal, "host.bad_outcome",
                               "The engine answered RUN with DRIFTED, which only VERIFY may."));
    case Outcome::kUnsupported:
      return fail(draft, i,
                  host_failure(FailureClass::kInternal, "host.contract",
                               "The engine does not know a step that its manifest declares."));
    case Outcome::kLost:
      return lose(draft, report);
  }
}

// VERIFY of a step whose last attempt ended without proof.
void on_unknown_verified(Draft& draft, const StepReport& report) {
  const auto i = report.step;
  const auto& spec = draft.spec(i);
  switch (report.outcome) {
    case Outcome::kDone:
    case Outcome::kAlreadyDone:
      // In effect, but dependants need the output, which only RUN can tell: it finds everything in place.
      if (report.output.empty() && !spec.output_schema.is_null()) return make_ready(draft, i, "output_missing");
      return succeed(draft, i, report.outcome == Outcome::kDone ? StepState::kCompleted : StepState::kExists,
                     report.output);
    case Outcome::kDrifted:
      return make_ready(draft, i, "not_in_effect");
    case Outcome::kUnsupported:
    case Outcome::kSkipped:
      if (spec.repeatable) return make_ready(draft, i, "repeatable");
      return fail(draft, i,
                  host_failure(FailureClass::kUnknownOutcome, "host.unknown_outcome",
                               "The attempt ended without proof and the step cannot be verified."));
    case Outcome::kFailed:
      return fail(draft, i,
                  failure_of(report, FailureClass::kUnknownOutcome, "host.unknown_outcome",
                             "The attempt ended without proof and VERIFY failed."));
    case Outcome::kLost:
      return lose(draft, report);
    case Outcome::kWait:
    case Outcome::kRetry:
    case Outcome::kCancelled: {
      if (report.shutdown) return;
      if (!look_again(draft, report, kMaxBlindChecks))
        return fail(draft, i,
                    failure_of(report, FailureClass::kUnknownOutcome, "host.unknown_outcome",
                               "The attempt ended without proof and VERIFY could not look."));
      draft.edit(i).failure = report.failure;
      return;
    }
  }
}

// Nobody could look whether a finished step is as it was left.
void look_in_vain(Draft& draft, const StepReport& report) {
  draft.edit(report.step).check_due = false;
  if (draft.head().verifying && draft.head().condition == Condition::kInSync)
    draft.head().condition = Condition::kUnknown;
  draft.step_event(report.step, "step.verify_inconclusive",
                   report.failure ? describe(*report.failure) : json::object{{"outcome", word(report.outcome)}});
}

// VERIFY of a finished step: before `continue` starts anything new, or because somebody wants to know.
void on_finished_verified(Draft& draft, const StepReport& report) {
  const auto i = report.step;
  auto& step = draft.edit(i);
  if (!draft.head().verifying && draft.head().state != RunState::kRunning && draft.head().state != RunState::kPaused) {
    step.check_due = false;  // nobody wants to know any more
    return;
  }
  switch (report.outcome) {
    case Outcome::kDrifted: {
      json::object data;
      json::error_code failure;
      auto found = json::parse(report.output, failure);
      if (!failure && found.is_object()) data = std::move(found.get_object());
      step.check_due = false;
      draft.step_event(i, "step.drifted", data);
      if (draft.head().verifying) {
        draft.head().condition = Condition::kDrifted;
        step.drift = std::make_shared<const std::string>(json::serialize(data));
        return;
      }
      step.state = StepState::kPending;
      step.attempt = 0;
      step.completed_at = Time{};
      return;
    }
    case Outcome::kWait:
    case Outcome::kRetry:
    case Outcome::kCancelled:
    case Outcome::kLost:
      if (report.shutdown || look_again(draft, report, kMaxBlindRechecks)) return;
      return look_in_vain(draft, report);
    case Outcome::kFailed:
      return look_in_vain(draft, report);
    case Outcome::kDone:
    case Outcome::kAlreadyDone:
    case Outcome::kSkipped:
    case Outcome::kUnsupported:
      step.check_due = false;
      step.drift.reset();
      draft.step_event(i, "step.verified", {{"outcome", word(report.outcome)}});
      return;
  }
}

}  // namespace

Failure host_failure(FailureClass cause, std::string code, std::string message) {
  return {cause, std::move(code), std::move(message), {}, {}};
}

Failure failure_of(const StepReport& report, FailureClass cause, std::string_view code, std::string_view message) {
  return report.failure ? *report.failure : host_failure(cause, std::string(code), std::string(message));
}

void try_again(Draft& draft, const StepReport& report, Failure failure) {
  const auto i = report.step;
  const auto& policy = draft.spec(i).retry;
  const auto& step = draft.step(i);
  if (failure.cause == FailureClass::kEngineUnavailable || failure.cause == FailureClass::kRateLimited) {
    // The server, not the step, is at fault. The wait grows with what was already waited.
    const auto base = std::clamp(step.waited, policy.backoff, std::max(policy.backoff, policy.max_backoff));
    const auto reason =
        failure.cause == FailureClass::kRateLimited ? WaitReason::kRateLimit : WaitReason::kEngineUnavailable;
    const auto wish = std::min(report.retry_after, policy.max_backoff);
    wait_free(draft, i, std::max(wish, scaled(base, 0.5 + report.random / 2)) + Millis{1}, reason, std::move(failure));
    return;
  }
  if (step.attempt >= policy.attempts) {
    give_up(draft, i, std::move(failure), {{"attempts_exhausted", true}});
    return;
  }
  const auto delay =
      std::max(std::min(report.retry_after, policy.max_backoff), backoff(policy, step.attempt, report.random));
  if (policy.budget.count() > 0 && draft.now + delay - step.first_started_at - step.waited > policy.budget) {
    give_up(draft, i, std::move(failure), {{"budget_exhausted", true}});
    return;
  }
  wait_until(draft, i, delay, WaitReason::kBackoff, std::move(failure));
}

void poll(Draft& draft, const StepReport& report) {
  const auto wish = report.retry_after.count() > 0 ? report.retry_after : kDefaultPoll;
  draft.edit(report.step).message = reason_of(report);
  wait_free(draft, report.step, std::clamp(wish, kMinPoll, kMaxPoll), WaitReason::kPoll, std::nullopt);
}

bool look_again(Draft& draft, const StepReport& report, int most) {
  auto& step = draft.edit(report.step);
  step.check_tries += 1;
  if (step.check_tries >= most) return false;
  step.due_at =
      draft.now + std::max(report.retry_after, backoff(draft.spec(report.step).retry, step.check_tries, report.random));
  return true;
}

bool bears_blame(Draft& draft, const StepReport& report) {
  auto& step = draft.edit(report.step);
  const int whole = step.op == Op::kVerify ? kVerifyDeath : kRunDeath;
  step.blame += std::max(1, whole / static_cast<int>(std::clamp<std::size_t>(report.suspects, 1, kRunDeath)));
  return step.blame >= kPoisoned;
}

void succeed(Draft& draft, std::size_t i, StepState state, const std::string& output) {
  auto& step = draft.edit(i);
  if (state == StepState::kCompleted) step.made = Maker::kThisRun;
  if (step.made == Maker::kThisRun && state == StepState::kExists) state = StepState::kCompleted;  // by an earlier try
  step.state = state;
  step.drift.reset();
  step.wait_reason = WaitReason::kNone;
  step.completed_at = draft.now;
  step.progress = state == StepState::kSkipped ? 0 : 1000;
  step.failure.reset();
  step.blame = 0;
  step.check_tries = 0;
  step.checkpoint.reset();
  step.output = output.empty() ? nullptr : std::make_shared<const std::string>(output);
  json::object data{{"attempt", step.attempt}, {"duration_ms", (draft.now - step.started_at).count()}};
  if (state == StepState::kSkipped && !step.message.empty()) data["reason"] = step.message;
  draft.step_event(i, "step." + std::string(word(state)), data);
}

void fail(Draft& draft, std::size_t i, Failure failure, const json::object& more) {
  auto& step = draft.edit(i);
  step.state = StepState::kFailed;
  step.wait_reason = WaitReason::kNone;
  step.completed_at = draft.now;
  auto data = describe(failure);
  data["attempt"] = step.attempt;
  for (const auto& member : more) data[member.key()] = member.value();
  step.failure = std::move(failure);
  draft.step_event(i, "step.failed", data);
  if (draft.spec(i).critical && draft.head().state != RunState::kCancelling) draft.head().stopping = true;
}

void lose(Draft& draft, const StepReport& report) {
  const auto i = report.step;
  auto& step = draft.edit(i);
  const bool poisoned = bears_blame(draft, report);
  const auto& spec = draft.spec(i);
  const auto why = report.failure ? ' ' + report.failure->message : std::string();
  if (poisoned)
    return fail(draft, i,
                host_failure(FailureClass::kUnknownOutcome, "host.poisoned",
                             "Whoever carried out this step died, again and again." + why));
  if (spec.has_verify) {
    step.state = StepState::kUnknown;
    step.op = Op::kVerify;
    step.due_at = draft.now;
    json::object data{{"attempt", step.attempt}};
    if (report.failure) data["failure"] = describe(*report.failure);
    draft.step_event(i, "step.unknown", data);
    return;
  }
  if (spec.repeatable) return make_ready(draft, i, "repeatable");
  fail(draft, i,
       host_failure(FailureClass::kUnknownOutcome, "host.unknown_outcome",
                    "The attempt ended without proof; the step can neither be verified nor safely repeated." + why));
}

void on_report(Draft& draft, const StepReport& report) {
  const auto i = report.step;
  auto& step = draft.edit(i);
  step.in_flight = false;
  draft.change().attempts.push_back(
      {i, step.attempts, draft.head().epoch, step.op, report.outcome, report.failure, step.called_at, draft.now});
  if (step.op == Op::kRun) return on_run(draft, report);
  if (step.op == Op::kUndo) return on_undone(draft, report);
  if (step.state == StepState::kUnknown)
    return draft.head().state == RunState::kCompensating ? on_unproven_verified(draft, report)
                                                         : on_unknown_verified(draft, report);
  on_finished_verified(draft, report);
}

}  // namespace tenantry::model
