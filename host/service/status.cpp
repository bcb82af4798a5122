#include "service/status.hpp"

#include <algorithm>
#include <cmath>

#include "base/json_text.hpp"
#include "model/view.hpp"

namespace tenantry::service {
namespace {

namespace json = base::json;
using base::JsonWriter;
using base::Millis;
using base::Time;
using model::Run;
using model::StepRun;
using model::StepState;

std::string time_text(Time time) { return time == Time{} ? std::string() : base::format_time(time); }

double rounded(double percent) { return std::round(percent * 10.0) / 10.0; }

json::array predecessors(const model::Manifest& manifest, std::size_t i) {
  json::array ids;
  for (const auto before : manifest.steps[i].after) ids.emplace_back(manifest.steps[before].id);
  return ids;
}

void write_failure(JsonWriter& out, const model::Failure& failure) {
  out.key("error").text(failure.message).key("code").text(failure.code);
  out.key("retriable").boolean(model::row(failure.cause).retriable);
  out.key("next_action").text(model::next_action(failure));
}

void write_step(JsonWriter& out, const Run& run, std::size_t i, Millis expected, Time now) {
  const auto& spec = run.manifest().steps[i];
  const auto& step = run.steps[i];
  const bool over = is_terminal(step.state) && step.completed_at != Time{};
  const bool due = step.state == StepState::kWaiting || step.undo == model::Undo::kDue;
  out.begin_object().key("id").text(spec.id).key("title").text(spec.title).key("state").text(word(step.state));
  out.key("critical").boolean(spec.critical).key("optional").boolean(spec.optional);
  out.key("after").begin_array();
  for (const auto before : spec.after) out.text(run.manifest().steps[before].id);
  out.end_array().key("attempt").number(step.attempt).key("max_attempts").number(spec.retry.attempts);
  out.key("expected_ms").number(expected.count()).key("wait_reason").text_or_null(word(step.wait_reason));
  out.key("due_at").text_or_null(due ? time_text(step.due_at) : std::string());
  out.key("progress").real(rounded(is_ok(step.state) ? 100.0 : step.progress / 10.0));
  out.key("message").text(step.message).key("started_at").text_or_null(time_text(step.started_at));
  out.key("completed_at").text_or_null(over ? time_text(step.completed_at) : std::string()).key("duration_ms");
  if (step.started_at != Time{} && over)
    out.number((step.completed_at - step.started_at).count());
  else if (step.state == StepState::kRunning)
    out.number((now - step.started_at).count());
  else
    out.null();
  if (step.undo != model::Undo::kNone) out.key("undo").text(word(step.undo));
  if (const auto blocker = model::blocked_by(run, i)) out.key("blocked_by").text(run.manifest().steps[*blocker].id);
  if (step.failure && !is_ok(step.state)) {
    write_failure(out.key("failure").begin_object(), *step.failure);
    out.end_object();
  }
  out.end_object();
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
void write_drift(JsonWriter& out, const Run& run) {
  out.begin_array();
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    if (!run.steps[i].drift) continue;
    const auto found = base::parse_json(*run.steps[i].drift);
    const auto* differences = found.has_value() ? base::find_pointer(*found, "/drift") : nullptr;
    out.begin_object().key("step").text(run.manifest().steps[i].id).key("differences");
    out.tree(differences != nullptr ? *differences : json::value(json::array())).end_object();
  }
  out.end_array();
}

void write_left_behind(JsonWriter& out, const Run& run) {
  out.begin_array();
  for (std::size_t i = 0; i < run.steps.size(); ++i)
    if (run.steps[i].undo == model::Undo::kLeft) out.text(run.manifest().steps[i].id);
  out.end_array();
}

void write_errors(JsonWriter& out, const Run& run) {
  out.begin_array();
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    const auto& step = run.steps[i];
    if (!step.failure || is_ok(step.state)) continue;
    write_failure(out.begin_object().key("step").text(run.manifest().steps[i].id), *step.failure);
    out.end_object();
  }
  out.end_array();
}

// Where the run is: the first step that is not finished, and those that are being worked at.
void write_position(JsonWriter& out, const Run& run) {
  const auto& steps = run.manifest().steps;
  const auto current =
      std::find_if(run.steps.begin(), run.steps.end(), [](const StepRun& step) { return !is_ok(step.state); });
  out.key("current_step");
  if (current == run.steps.end())
    out.null();
  else
    out.text(steps[static_cast<std::size_t>(current - run.steps.begin())].id);
  out.key("current_steps").begin_array();
  for (std::size_t i = 0; i < steps.size(); ++i)
    if (run.steps[i].in_flight || run.steps[i].state == StepState::kWaiting) out.text(steps[i].id);
  out.end_array();
  out.key("steps_completed").number(std::count_if(run.steps.begin(), run.steps.end(), [](const StepRun& step) {
    return is_ok(step.state);
  }));
  out.key("total_steps").number(static_cast<std::int64_t>(steps.size()));
}

}  // namespace

std::string status_answer(const Run& run, const std::optional<base::OperationId>& operation,
                          const std::vector<Millis>& expected, Time now) {
  const bool over = is_terminal(run.head.state);
  std::string text;
  text.reserve(1'024 + 512 * run.steps.size());
  JsonWriter out(text);
  out.begin_object().key("tenant_id").text(run.spec->tenant.value).key("run_id").text(run.spec->id.value);
  out.key("epoch").number(run.head.epoch).key("engine").text(run.manifest().engine.value);
  out.key("engine_version").text(run.manifest().version);
  out.key("operation").text_or_null(operation ? std::string_view(operation->value) : std::string_view());
  out.key("status").text(model::row(run.head.state).status).key("state").text(word(run.head.state));
  out.key("progress").real(model::shown_progress(run));
  write_position(out, run);
  write_errors(out.key("errors"), run);
  out.key("steps").begin_array();
  for (std::size_t i = 0; i < run.steps.size(); ++i) write_step(out, run, i, expected[i], now);
  out.end_array().key("allowed_verbs").begin_array();
  for (const auto verb : model::allowed_verbs(run)) out.text(word(verb));
  out.end_array().key("verifying").boolean(run.head.verifying);
  out.key("condition").text_or_null(word(run.head.condition));
  write_drift(out.key("drift"), run);
  write_left_behind(out.key("left_behind"), run);
  out.key("deprovisioning").boolean(run.head.removing).key("events").number(run.head.events);
  out.key("started_at").text_or_null(time_text(run.spec->created_at));
  out.key("completed_at").text_or_null(over ? time_text(run.head.completed_at) : std::string());
  out.key("estimated_completion")
      .text_or_null(over ? std::string() : base::format_time(now + remaining(run, expected, now)));
  out.end_object();
  return text;
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
