#include "service/status.hpp"

#include <algorithm>
#include <cmath>

#include "model/view.hpp"

namespace tenantry::service {
namespace {

namespace json = base::json;
using base::Millis;
using base::Time;
using model::Run;
using model::StepRun;
using model::StepState;

json::value time_or_null(Time time) {
  return time == Time{} ? json::value(nullptr) : json::value(base::format_time(time));
}

double rounded(double percent) { return std::round(percent * 10.0) / 10.0; }

json::array predecessors(const model::Manifest& manifest, std::size_t i) {
  json::array ids;
  for (const auto before : manifest.steps[i].after) ids.emplace_back(manifest.steps[before].id);
  return ids;
}

json::object describe_failure(const model::Failure& failure) {
  return {{"error", failure.message},
          {"code", failure.code},
          {"retriable", model::row(failure.cause).retriable},
          {"next_action", model::next_action(failure)}};
}

json::object describe_step(const Run& run, std::size_t i, Millis expected, Time now) {
  const auto& spec = run.manifest().steps[i];
  const auto& step = run.steps[i];
  const bool over = is_terminal(step.state) && step.completed_at != Time{};
  json::value duration = nullptr;
  if (step.started_at != Time{} && over)
    duration = (step.completed_at - step.started_at).count();
  else if (step.state == StepState::kRunning)
    duration = (now - step.started_at).count();
  json::object answer{
      {"id", spec.id},
      {"title", spec.title},
      {"state", word(step.state)},
      {"critical", spec.critical},
      {"optional", spec.optional},
      {"after", predecessors(run.manifest(), i)},
      {"attempt", step.attempt},
      {"max_attempts", spec.retry.attempts},
      {"expected_ms", expected.count()},
      {"wait_reason",
       step.wait_reason == model::WaitReason::kNone ? json::value(nullptr) : json::value(word(step.wait_reason))},
      {"due_at", step.state == StepState::kWaiting || step.undo == model::Undo::kDue ? time_or_null(step.due_at)
                                                                                     : json::value(nullptr)},
      {"progress", rounded(is_ok(step.state) ? 100.0 : step.progress / 10.0)},
      {"message", step.message},
      {"started_at", time_or_null(step.started_at)},
      {"completed_at", over ? time_or_null(step.completed_at) : json::value(nullptr)},
      {"duration_ms", std::move(duration)}};
  if (step.undo != model::Undo::kNone) answer["undo"] = word(step.undo);
  if (const auto blocker = model::blocked_by(run, i)) answer["blocked_by"] = run.manifest().steps[*blocker].id;
  if (step.failure && !is_ok(step.state)) answer["failure"] = describe_failure(*step.failure);
  return answer;
}

// The longest chain of steps that are still to be done.
Millis remaining(const Run& run, const std::vector<Millis>& expected, Time now) {
  std::vector<Millis> until(run.steps.size(), Millis{0});
  Millis longest{0};
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    for (const auto before : run.manifest().steps[i].after) until[i] = std::max(until[i], until[before]);
    const auto& step = run.steps[i];
    if (is_ok(step.state)) continue;
    auto left = expected[i];
    if (step.state == StepState::kRunning) left = std::max(Millis{0}, left - (now - step.started_at));
    if (step.state == StepState::kWaiting) left += std::max(Millis{0}, step.due_at - now);
    until[i] += left;
    longest = std::max(longest, until[i]);
  }
  return longest;
}

// What the newest verify found to differ, by step.
json::array drift_of(const Run& run) {
  json::array all;
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    if (!run.steps[i].drift) continue;
    const auto found = base::parse_json(*run.steps[i].drift);
    const auto* differences = found.has_value() ? base::find_pointer(*found, "/drift") : nullptr;
    all.push_back(json::object{{"step", run.manifest().steps[i].id},
                               {"differences", differences != nullptr ? *differences : json::value(json::array())}});
  }
  return all;
}

json::array left_behind(const Run& run) {
  json::array all;
  for (std::size_t i = 0; i < run.steps.size(); ++i)
    if (run.steps[i].undo == model::Undo::kLeft) all.emplace_back(run.manifest().steps[i].id);
  return all;
}

json::array errors_of(const Run& run) {
  json::array errors;
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    const auto& step = run.steps[i];
    if (!step.failure || is_ok(step.state)) continue;
    json::object error{{"step", run.manifest().steps[i].id}};
    for (const auto& member : describe_failure(*step.failure)) error[member.key()] = member.value();
    errors.push_back(std::move(error));
  }
  return errors;
}

}  // namespace

json::object status_answer(const Run& run, const std::optional<base::OperationId>& operation,
                           const std::vector<Millis>& expected, Time now) {
  const auto& steps = run.manifest().steps;
  std::int64_t completed = 0;
  json::value current = nullptr;
  json::array currents;
  json::array all;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto state = run.steps[i].state;
    completed += is_ok(state) ? 1 : 0;
    if (current.is_null() && !is_ok(state)) current = json::value(steps[i].id);
    if (run.steps[i].in_flight || state == StepState::kWaiting) currents.emplace_back(steps[i].id);
    all.push_back(describe_step(run, i, expected[i], now));
  }
  const bool over = is_terminal(run.head.state);
  json::array verbs;
  for (const auto verb : model::allowed_verbs(run)) verbs.emplace_back(word(verb));
  return {{"tenant_id", run.spec->tenant.value},
          {"run_id", run.spec->id.value},
          {"epoch", run.head.epoch},
          {"engine", run.manifest().engine.value},
          {"engine_version", run.manifest().version},
          {"operation", operation ? json::value(operation->value) : json::value(nullptr)},
          {"status", model::row(run.head.state).status},
          {"state", word(run.head.state)},
          {"progress", model::shown_progress(run)},
          {"current_step", std::move(current)},
          {"current_steps", std::move(currents)},
          {"steps_completed", completed},
          {"total_steps", static_cast<std::int64_t>(steps.size())},
          {"errors", errors_of(run)},
          {"steps", std::move(all)},
          {"allowed_verbs", std::move(verbs)},
          {"verifying", run.head.verifying},
          {"condition", run.head.condition == model::Condition::kUnknown ? json::value(nullptr)
                                                                         : json::value(word(run.head.condition))},
          {"drift", drift_of(run)},
          {"left_behind", left_behind(run)},
          {"deprovisioning", run.head.removing},
          {"events", run.head.events},
          {"started_at", time_or_null(run.spec->created_at)},
          {"completed_at", over ? time_or_null(run.head.completed_at) : json::value(nullptr)},
          {"estimated_completion",
           over ? json::value(nullptr) : json::value(base::format_time(now + remaining(run, expected, now)))}};
}

json::object not_started_answer(const base::TenantId& tenant, const model::Manifest& manifest,
                                const std::vector<Millis>& expected) {
  json::array all;
  for (std::size_t i = 0; i < manifest.steps.size(); ++i)
    all.push_back(json::object{{"id", manifest.steps[i].id},
                               {"title", manifest.steps[i].title},
                               {"state", word(StepState::kPending)},
                               {"critical", manifest.steps[i].critical},
                               {"optional", manifest.steps[i].optional},
                               {"after", predecessors(manifest, i)},
                               {"attempt", 0},
                               {"max_attempts", manifest.steps[i].retry.attempts},
                               {"expected_ms", expected[i].count()},
                               {"wait_reason", nullptr},
                               {"due_at", nullptr},
                               {"progress", 0.0},
                               {"message", ""},
                               {"started_at", nullptr},
                               {"completed_at", nullptr},
                               {"duration_ms", nullptr}});
  return {{"tenant_id", tenant.value},
          {"run_id", nullptr},
          {"epoch", 0},
          {"engine", manifest.engine.value},
          {"engine_version", manifest.version},
          {"operation", nullptr},
          {"status", "NOT_STARTED"},
          {"state", nullptr},
          {"progress", 0.0},
          {"current_step", manifest.steps.empty() ? json::value(nullptr) : json::value(manifest.steps.front().id)},
          {"current_steps", json::array()},
          {"steps_completed", 0},
          {"total_steps", static_cast<std::int64_t>(manifest.steps.size())},
          {"errors", json::array()},
          {"steps", std::move(all)},
          {"allowed_verbs",
           json::array{word(model::Verb::kStart), word(model::Verb::kPlan), word(model::Verb::kDeprovision)}},
          {"verifying", false},
          {"condition", nullptr},
          {"drift", json::array()},
          {"left_behind", json::array()},
          {"deprovisioning", false},
          {"events", 0},
          {"started_at", nullptr},
          {"completed_at", nullptr},
          {"estimated_completion", nullptr}};
}

std::optional<json::object> log_line(const store::StoredEvent& stored) {
  const auto& event = stored.event;
  static constexpr std::string_view kStep = "step.";
  const auto data = base::parse_json(event.data);
  const auto text = [&](std::string_view name) -> std::string {
    const auto* object = data.has_value() ? data->if_object() : nullptr;
    const auto* member = object != nullptr ? object->if_contains(name) : nullptr;
    const auto* value = member != nullptr ? member->if_string() : nullptr;
    return value != nullptr ? std::string(value->c_str()) : std::string();
  };
  const auto number = [&](std::string_view name) -> json::value {
    const auto* object = data.has_value() ? data->if_object() : nullptr;
    const auto* member = object != nullptr ? object->if_contains(name) : nullptr;
    return member != nullptr && member->is_number() ? *member : json::value(nullptr);
  };
  json::object line{{"step", event.step.empty() ? json::value(nullptr) : json::value(event.step)},
                    {"at", base::format_time(event.at)},
                    {"run_id", stored.run.value},
                    {"number", event.number}};
  std::string status = event.type;
  std::string message = text("message");
  std::string error = text("error");
  if (event.type.rfind(kStep, 0) == 0) {
    status = event.type.substr(kStep.size());
    if (status == "ready") return std::nullopt;
    if (status == "waiting") {
      message = "waits until " + text("due_at") + " (" + text("reason") + ")";
      if (const auto* failure = data.has_value() ? base::find_pointer(*data, "/failure/error") : nullptr)
        if (failure->is_string()) error = failure->get_string().c_str();
    }
    if (status == "skipped") message = text("reason");
    if (status == "failed") message = text("next_action");
    if (status == "log") line["level"] = text("level");
  } else if (event.type == "run.resumed") {
    message = text("verb");
  }
  const bool over = status == "completed" || status == "exists" || status == "skipped" || status == "failed" ||
                    status == "cancelled" || event.step.empty();
  line["status"] = status;
  line["message"] = message;
  line["error"] = error.empty() ? json::value(nullptr) : json::value(error);
  line["completed_at"] = over ? json::value(base::format_time(event.at)) : json::value(nullptr);
  line["duration_ms"] = number("duration_ms");
  line["attempt"] = number("attempt");
  return line;
}

json::object preview_answer(const Run& run, model::Verb verb, const model::Scope& scope) {
  return {{"tenant_id", run.spec->tenant.value},
          {"run_id", run.spec->id.value},
          {"verb", word(verb)},
          {"validate_only", true},
          {"scope", model::describe(run.manifest(), scope)}};
}

json::object plan_answer(const model::RunSpec& spec, const std::vector<std::optional<engine::Answer>>& answers) {
  json::array steps;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const auto& step = spec.manifest->steps[i];
    std::string_view would = "cannot_know";
    std::string reason;
    json::array actions;
    if (!answers[i]) {
      reason = "The engine has no PLAN for this step.";
    } else if (const auto& answer = *answers[i]; answer.outcome == model::Outcome::kAlreadyDone) {
      would = "already_there";
    } else if (answer.outcome != model::Outcome::kDone) {
      reason = answer.failure ? answer.failure->message : std::string(word(answer.outcome));
    } else {
      const auto output = base::parse_json(answer.output.empty() ? "{}" : answer.output);
      const auto* listed = output.has_value() ? base::find_pointer(*output, "/actions") : nullptr;
      if (listed != nullptr && listed->is_array()) actions = listed->get_array();
      const auto some = [&](std::string_view verb) {
        return std::any_of(actions.begin(), actions.end(), [&](const json::value& action) {
          const auto* word = base::find_pointer(action, "/verb");
          return word != nullptr && word->is_string() && word->get_string() == verb;
        });
      };
      would = some("change")    ? "would_change"
              : some("create")  ? "would_create"
              : some("unknown") ? "cannot_know"
                                : "already_there";
    }
    steps.push_back(json::object{{"id", step.id},
                                 {"title", step.title},
                                 {"would", would},
                                 {"reason", reason.empty() ? json::value(nullptr) : json::value(reason)},
                                 {"actions", std::move(actions)}});
  }
  return {{"tenant_id", spec.tenant.value},
          {"verb", word(model::Verb::kPlan)},
          {"engine", spec.manifest->engine.value},
          {"engine_version", spec.manifest->version},
          {"steps", std::move(steps)}};
}

}  // namespace tenantry::service
