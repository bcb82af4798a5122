#include "model/advance.hpp"

#include <algorithm>

#include "model/draft.hpp"

namespace tenantry::model {
namespace {

namespace json = boost::json;

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

bool may_start(const RunHead& head) {
  return !head.stopping && (head.state == RunState::kQueued || head.state == RunState::kRunning);
}

void on_claimed(Draft& draft, std::size_t i) {
  const bool verify = draft.step(i).state == StepState::kUnknown || draft.step(i).check_due;
  const bool run = draft.step(i).state == StepState::kReady && may_start(draft.head());
  if (draft.step(i).in_flight || (!verify && !run)) return;
  auto& step = draft.edit(i);
  step.in_flight = true;
  step.attempts += 1;
  step.called_at = draft.now;
  step.wait_reason = WaitReason::kNone;
  step.op = verify ? Op::kVerify : Op::kRun;
  if (!verify) {
    step.state = StepState::kRunning;
    step.attempt += 1;
    step.progress = 0;
    step.message.clear();
    step.started_at = draft.now;
    if (step.first_started_at == Time{}) step.first_started_at = draft.now;
  }
  if (draft.head().state == RunState::kQueued) {
    draft.head().state = RunState::kRunning;
    draft.head().started_at = draft.now;
    draft.run_event("run.running");
  }
  draft.step_event(i, verify ? "step.verifying" : "step.running",
                   {{"attempt", step.attempt}, {"number", step.attempts}});
}

void on_lease_lost(Draft& draft, std::size_t suspects) {
  for (std::size_t i = 0; i < draft.size(); ++i) {
    if (!draft.step(i).in_flight) continue;
    StepReport lost;
    lost.step = i;
    lost.attempt = draft.step(i).attempts;
    lost.suspects = suspects;
    on_report(draft, lost);
  }
}

void on_tick(Draft& draft) {
  for (std::size_t i = 0; i < draft.size(); ++i) {
    if (draft.step(i).state != StepState::kWaiting || draft.step(i).due_at > draft.now) continue;
    auto& step = draft.edit(i);
    step.state = StepState::kReady;
    step.wait_reason = WaitReason::kNone;
  }
}

bool is_current(const Draft& draft, std::size_t step, std::int64_t attempt) {
  return step < draft.size() && draft.step(step).in_flight && draft.step(step).attempts == attempt;
}

json::object object_or_empty(const std::string& text) {
  json::error_code failure;
  auto value = text.empty() ? json::value() : json::parse(text, failure);
  return !failure && value.is_object() ? std::move(value.get_object()) : json::object();
}

void on_log(Draft& draft, const EngineLog& log) {
  if (!is_current(draft, log.step, log.attempt)) return;
  json::object data{{"level", log.level}, {"message", log.message}, {"number", log.attempt}};
  auto fields = object_or_empty(log.fields);
  if (!fields.empty()) data["fields"] = std::move(fields);
  draft.step_event(log.step, "step.log", data);
}

void on_engine_event(Draft& draft, const EngineEvent& event) {
  if (is_current(draft, event.step, event.attempt))
    draft.step_event(event.step, "engine." + event.type, object_or_empty(event.data));
}

void on_checkpoint(Draft& draft, const CheckpointSaved& saved) {
  if (is_current(draft, saved.step, saved.attempt)) draft.edit(saved.step).checkpoint = saved.bytes;
}

bool checks_outstanding(const Draft& draft) {
  for (std::size_t i = 0; i < draft.size(); ++i)
    if (draft.step(i).check_due) return true;
  return false;
}

// What state a run ends in once nothing is left that could go on by itself.
RunState verdict(const Draft& draft) {
  bool all_ok = true;
  bool failed = false;
  bool critical = draft.head().stopping;
  bool cancelled = false;
  for (std::size_t i = 0; i < draft.size(); ++i) {
    const auto state = draft.step(i).state;
    all_ok = all_ok && is_ok(state);
    cancelled = cancelled || state == StepState::kCancelled;
    if (state != StepState::kFailed) continue;
    failed = true;
    critical = critical || draft.spec(i).critical;
  }
  if (all_ok) return RunState::kCompleted;
  if (draft.head().state == RunState::kCancelling) return RunState::kCancelled;
  if (critical) return RunState::kFailed;
  return cancelled && !failed ? RunState::kCancelled : RunState::kPartial;
}

void finish(Draft& draft, RunState state) {
  for (std::size_t i = 0; i < draft.size(); ++i)
    if (draft.step(i).check_due) draft.edit(i).check_due = false;
  draft.head().state = state;
  draft.head().completed_at = draft.now;
  draft.run_event("run." + std::string(word(state)), {{"epoch", draft.head().epoch}});
}

}  // namespace

void settle(Draft& draft) {
  if (is_terminal(draft.head().state)) return;
  const bool starts = may_start(draft.head()) && !checks_outstanding(draft);
  bool going_on = false;
  for (std::size_t i = 0; i < draft.size(); ++i) {
    if (starts && draft.step(i).state == StepState::kPending && draft.predecessors_ok(i))
      draft.edit(i).state = StepState::kReady;
    if (!may_start(draft.head()) && draft.head().state != RunState::kPaused && !draft.step(i).in_flight &&
        (draft.step(i).state == StepState::kReady || draft.step(i).state == StepState::kWaiting)) {
      // Stopping or cancelling: nothing new starts.
      auto& step = draft.edit(i);
      step.state = draft.head().state == RunState::kCancelling ? StepState::kCancelled : StepState::kPending;
      step.wait_reason = WaitReason::kNone;
      step.failure.reset();
    }
    const auto& step = draft.step(i);
    going_on = going_on || step.in_flight || step.state == StepState::kReady || step.state == StepState::kWaiting ||
               step.state == StepState::kUnknown || (step.check_due && may_start(draft.head()));
  }
  if (!going_on && draft.head().state != RunState::kPaused) finish(draft, verdict(draft));
}

std::pair<Run, Change> new_run(std::shared_ptr<const RunSpec> spec, const Command& start, Time now) {
  Run run;
  run.spec = std::move(spec);
  run.steps.resize(run.manifest().steps.size());
  Draft draft(run, now);
  draft.run_event("run.queued", {{"engine", run.manifest().engine.value}, {"version", run.manifest().version}});
  settle(draft);
  Scope all;
  for (std::size_t i = 0; i < run.steps.size(); ++i) all.run.push_back(i);
  draft.change().operation =
      Operation{start.id, run.spec->tenant, run.spec->id, Verb::kStart,
                {},       start.actor,      start.reason, json::serialize(describe(run.manifest(), all)),
                now};
  auto change = draft.take();
  apply(run, change);
  return {std::move(run), std::move(change)};
}

base::Result<Change> advance(const Run& before, const Fact& fact, Time now) {
  const auto* given = std::get_if<Command>(&fact);
  const bool moves = given != nullptr && is_repin(before, *given);
  auto moved = moves ? repinned(before, given->onto) : base::Result<Run>(Run{});
  if (moved.has_error()) return moved.error();
  const Run& run = moves ? *moved : before;
  Draft draft(run, now);
  if (moves) repin(draft, before, run);
  base::Result<void> result;
  std::visit(Overloaded{[&](const Claimed& claimed) { on_claimed(draft, claimed.step); },
                        [&](const StepReport& report) {
                          if (is_current(draft, report.step, report.attempt)) on_report(draft, report);
                        },
                        [&](const LeaseLost& lost) { on_lease_lost(draft, lost.suspects); },
                        [&](const Tick&) { on_tick(draft); },
                        [&](const Command& command) { result = on_command(draft, run, command); },
                        [&](const EngineLog& log) { on_log(draft, log); },
                        [&](const EngineEvent& event) { on_engine_event(draft, event); },
                        [&](const CheckpointSaved& saved) { on_checkpoint(draft, saved); }},
             fact);
  if (result.has_error()) return result.error();
  settle(draft);
  return draft.take();
}

void apply(Run& run, const Change& change) {
  run.head = change.head;
  if (change.repin) run.steps = carried(run.steps, *change.repin);
  if (change.repin) run.spec = change.repin->spec;
  for (const auto& [index, step] : change.steps) run.steps[index] = step;
}

std::vector<std::size_t> claimable(const Run& run, Time now) {
  std::vector<std::size_t> found;
  const bool cancelling = run.head.state == RunState::kCancelling;
  if (is_terminal(run.head.state) || run.head.state == RunState::kPaused) return found;
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    const auto& step = run.steps[i];
    if (step.in_flight || step.due_at > now) continue;
    const bool verify = step.state == StepState::kUnknown || (step.check_due && !cancelling);
    if (verify || (step.state == StepState::kReady && may_start(run.head))) found.push_back(i);
  }
  return found;
}

std::optional<Time> next_due(const Run& run) {
  std::optional<Time> due;
  if (is_terminal(run.head.state) || run.head.state == RunState::kPaused) return due;
  for (const auto& step : run.steps) {
    const bool waits =
        step.state == StepState::kWaiting || (!step.in_flight && (step.state == StepState::kUnknown || step.check_due));
    if (waits && (!due || step.due_at < *due)) due = step.due_at;
  }
  return due;
}

double progress(const Run& run) {
  if (run.head.state == RunState::kCompleted) return 100.0;
  Millis done{0};
  Millis all{0};
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    const auto weight = std::max(run.manifest().steps[i].expected, Millis{1});
    all += weight;
    if (is_ok(run.steps[i].state) && !run.steps[i].check_due) done += weight;
  }
  return all.count() == 0 ? 0.0 : 100.0 * static_cast<double>(done.count()) / static_cast<double>(all.count());
}

std::optional<std::size_t> blocked_by(const Run& run, std::size_t step) {
  if (run.steps[step].state != StepState::kPending) return std::nullopt;
  for (const auto before : run.manifest().steps[step].after) {
    const auto state = run.steps[before].state;
    if (state == StepState::kFailed || state == StepState::kCancelled) return before;
    if (const auto deeper = blocked_by(run, before)) return deeper;
  }
  return std::nullopt;
}

}  // namespace tenantry::model
