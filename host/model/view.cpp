#include "model/view.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "base/clock.hpp"
#include "base/json_text.hpp"

namespace tenantry::model {
namespace {

void append_view(std::string& out, const StepSpec& spec, const StepRun& step) {
  base::JsonWriter view(out);
  view.begin_object().key("id").text(spec.id).key("state").text(word(step.state));
  view.key("wait_reason").text_or_null(word(step.wait_reason));
  view.key("due_at").text_or_null(step.due_at == Time{} ? std::string() : base::format_time(step.due_at));
  view.key("attempt").number(step.attempt).key("max_attempts").number(spec.retry.attempts);
  view.key("progress").real(is_ok(step.state) ? 100.0 : static_cast<double>(step.progress) / 10.0);
  view.key("message").text(step.message);
  if (step.undo != Undo::kNone) view.key("undo").text(word(step.undo));
  view.end_object();
}

void append_view(std::string& out, const Run& run) {
  const auto ok = std::count_if(run.steps.begin(), run.steps.end(), [](const auto& s) { return is_ok(s.state); });
  base::JsonWriter view(out);
  view.begin_object().key("state").text(word(run.head.state)).key("status").text(row(run.head.state).status);
  view.key("progress").real(shown_progress(run)).key("epoch").number(run.head.epoch);
  view.key("steps_completed").number(ok).key("total_steps").number(static_cast<std::int64_t>(run.steps.size()));
  view.key("verifying").boolean(run.head.verifying).key("condition").text_or_null(word(run.head.condition));
  view.key("allowed_verbs").begin_array();
  for (const auto verb : allowed_verbs(run)) view.text(word(verb));
  view.end_array().end_object();
}

}  // namespace

double shown_progress(const Run& run) {
  const auto percent = progress(run);
  return std::round(std::min(percent, percent == 100.0 ? 100.0 : 99.9) * 10.0) / 10.0;
}

void add_views(const Run& after, Change& change) {
  if (change.events.empty()) return;
  const bool only_said =
      change.steps.empty() && !change.operation &&
      std::all_of(change.events.begin(), change.events.end(), [](const Event& event) { return !event.step.empty(); });
  if (only_said) return;
  const auto& specs = after.manifest().steps;
  const bool all = change.repin || change.events.front().type == "run.queued";
  std::string run = R"(],"run":)";  // once: it is the same for all of them
  append_view(run, after);
  run += '}';
  for (auto& event : change.events) {
    const bool last = &event == &change.events.back();
    event.view = R"({"steps":[)";
    for (std::size_t i = 0; i < specs.size(); ++i) {
      const bool own = specs[i].id == event.step;
      const bool silent =
          last &&
          (all || std::any_of(change.steps.begin(), change.steps.end(), [&](const auto& s) { return s.first == i; })) &&
          std::none_of(change.events.begin(), change.events.end(),
                       [&](const Event& other) { return other.step == specs[i].id; });
      if (!own && !silent) continue;
      append_view(event.view, specs[i], after.steps[i]);
    }
    event.view += run;
  }
}

}  // namespace tenantry::model
