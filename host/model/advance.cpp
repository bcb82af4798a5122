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

// What a call of the step would be now; nullopt: none is to be made.
std::optional<Op> next_op(const Draft& draft, std::size_t i) {
  const auto& head = draft.head();
  const auto& step = draft.step(i);
  if (step.in_flight || !is_active(head) || head.state == RunState::kPaused) return std::nullopt;
  if (head.verifying) return step.check_due ? std::optional(Op::kVerify) : std::nullopt;
  if (head.state == RunState::kCompensating) {
    if (!free_to_undo(draft)[i]) return std::nullopt;
    return is_unproven(head, step) ? Op::kVerify : Op::kUndo;
  }
  if (step.state == StepState::kUnknown || (step.check_due && head.state != RunState::kCancelling)) return Op::kVerify;
  if (step.state == StepState::kReady && may_start(head)) return Op::kRun;
  return std::nullopt;
}

void on_claimed(Draft& draft, std::size_t i) {
  const auto op = next_op(draft, i);
  if (!op) return;
  auto& step = draft.edit(i);
  step.in_flight = true;
  step.attempts += 1;
  step.called_at = draft.now;
  step.wait_reason = WaitReason::kNone;
  step.op = *op;
  step.due_at = Time{};
  if (op != Op::kVerify) {
    step.attempt += 1;
    step.message.clear();
    if (step.first_started_at == Time{}) step.first_started_at = draft.now;
  }
  if (op == Op::kRun) {
    step.state = StepState::kRunning;
    step.progress = 0;
    step.started_at = draft.now;
  }
  if (draft.head().state == RunState::kQueued) {
    draft.head().state = RunState::kRunning;
    draft.head().started_at = draft.now;
    draft.run_event("run.running");
  }
  draft.step_event(i,
                   op == Op::kVerify ? "step.verifying"
                   : op == Op::kUndo ? "step.undoing"
                                     : "step.running",
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
    if (draft.step(i).due_at == Time{} || draft.step(i).due_at > draft.now) continue;
    auto& step = draft.edit(i);
    step.due_at = Time{};
    step.wait_reason = WaitReason::kNone;
    if (step.state == StepState::kWaiting) step.state = StepState::kReady;
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

void on_server_news(Draft& draft, const ServerNews& news) {
  draft.run_event(news.answers ? "server.available" : "server.unavailable", {{"server", news.server}});
}

void on_server_back(Draft& draft, Millis delay) {
  for (std::size_t i = 0; i < draft.size(); ++i) {
    const auto& old = draft.step(i);
    if (old.wait_reason != WaitReason::kEngineUnavailable || old.due_at <= draft.now + delay) continue;
    auto& step = draft.edit(i);
    step.waited = std::max(Millis{0}, step.waited - (step.due_at - draft.now - delay));
    step.due_at = draft.now + delay;
  }
}

void on_checkpoint(Draft& draft, const CheckpointSaved& saved) {
  if (is_current(draft, saved.step, saved.attempt)) draft.edit(saved.step).checkpoint = saved.bytes;
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

// The end of a verify: what was found is the tenant's condition.
void settle_verify(Draft& draft) {
  json::array drifted;
  for (std::size_t i = 0; i < draft.size(); ++i) {
    if (draft.step(i).check_due || draft.step(i).in_flight) return;
    if (draft.step(i).drift) drifted.emplace_back(draft.spec(i).id);
  }
  draft.head().verifying = false;
  const auto condition = word(draft.head().condition);
  draft.run_event("run.verified", {{"condition", condition.empty() ? json::value(nullptr) : json::value(condition)},
                                   {"drifted", std::move(drifted)}});
}

}  // namespace

void finish(Draft& draft, RunState state, json::object data) {
  for (std::size_t i = 0; i < draft.size(); ++i)
    if (draft.step(i).check_due) draft.edit(i).check_due = false;
  draft.head().state = state;
  draft.head().completed_at = draft.now;
  data["epoch"] = draft.head().epoch;
  draft.run_event("run." + std::string(word(state)), data);
}

void conclude(Draft& draft) {
  if (!draft.head().removing) return finish(draft, verdict(draft));
  roll_back(draft, {{"verb", word(Verb::kDeprovision)}});
  settle(draft);
}

void settle(Draft& draft) {
  auto& head = draft.head();
  if (head.verifying) return settle_verify(draft);
  if (is_terminal(head.state)) return;
  if (head.state == RunState::kCompensating) return settle_undo(draft);
  const bool paused = head.state == RunState::kPaused;
  const bool ending = head.stopping || head.state == RunState::kCancelling;
  const bool starts = !ending && !draft.checks_outstanding();
  bool going_on = false;
  for (std::size_t i = 0; i < draft.size(); ++i) {
    const auto state = draft.step(i).state;
    if (starts && state == StepState::kPending && draft.predecessors_ok(i)) draft.edit(i).state = StepState::kReady;
    if (ending && !draft.step(i).in_flight && (state == StepState::kReady || state == StepState::kWaiting)) {
      // Stopping or cancelling: nothing new starts.
      auto& step = draft.edit(i);
      step.state = head.state == RunState::kCancelling ? StepState::kCancelled : StepState::kPending;
      step.wait_reason = WaitReason::kNone;
      step.due_at = Time{};
      step.failure.reset();
    }
    if (paused && draft.step(i).state == StepState::kReady && draft.step(i).wait_reason != WaitReason::kPaused)
      draft.edit(i).wait_reason = WaitReason::kPaused;
    const auto& step = draft.step(i);
    going_on = going_on || step.in_flight || step.state == StepState::kReady || step.state == StepState::kWaiting ||
               step.state == StepState::kUnknown || (step.check_due && !ending);
  }
  if (!going_on) conclude(draft);
}

std::pair<Run, Change> new_run(std::shared_ptr<const RunSpec> spec, const Command& start, Time now,
                               const Run* earlier) {
  Run run;
  run.spec = std::move(spec);
  run.steps.resize(run.manifest().steps.size());
  for (std::size_t i = 0; earlier != nullptr && i < run.steps.size(); ++i) {
    const auto before = earlier->manifest().find(run.manifest().steps[i].id);
    if (before && earlier->steps[*before].made != Maker::kNobody) run.steps[i].made = Maker::kEarlierRun;
  }
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
                        [&](const CheckpointSaved& saved) { on_checkpoint(draft, saved); },
                        [&](const ServerNews& news) { on_server_news(draft, news); },
                        [&](const ServerBack& back) { on_server_back(draft, back.delay); }},
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
  if (!is_active(run.head) || run.head.state == RunState::kPaused) return found;
  const Draft draft(run, now);
  for (std::size_t i = 0; i < run.steps.size(); ++i)
    if (run.steps[i].due_at <= now && next_op(draft, i)) found.push_back(i);
  return found;
}

std::optional<Time> next_due(const Run& run) {
  std::optional<Time> due;
  if (!is_active(run.head)) return due;
  for (const auto& step : run.steps)
    if (!step.in_flight && step.due_at != Time{} && (!due || step.due_at < *due)) due = step.due_at;
  return due;
}

// Of what is to be taken back, how much is.
static double undone(const Run& run) {
  if (run.head.state == RunState::kCompensated) return 100.0;
  Millis done{0};
  Millis all{0};
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    const auto weight = std::max(run.manifest().steps[i].expected, Millis{1});
    if (run.steps[i].undo == Undo::kNone || run.steps[i].undo == Undo::kLeft) continue;
    all += weight;
    if (run.steps[i].undo == Undo::kDone) done += weight;
  }
  return all.count() == 0 ? 0.0 : 100.0 * static_cast<double>(done.count()) / static_cast<double>(all.count());
}

double progress(const Run& run) {
  const auto state = run.head.state;
  if (state == RunState::kCompleted) return 100.0;
  if (state == RunState::kCompensating || state == RunState::kCompensated || state == RunState::kCompensationFailed)
    return undone(run);
  Millis done{0};
  Millis all{0};
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    const auto weight = std::max(run.manifest().steps[i].expected, Millis{1});
    all += weight;
    const auto& step = run.steps[i];
    const bool in_doubt = (step.check_due && !run.head.verifying) || step.undo == Undo::kDue;
    if (is_ok(step.state) && !in_doubt) done += weight;
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
