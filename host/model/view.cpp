#include "model/view.hpp"

#include <algorithm>
#include <cmath>

#include "base/clock.hpp"
#include "base/json_text.hpp"

namespace tenantry::model {
namespace {

namespace json = boost::json;

json::value word_or_null(std::string_view word) { return word.empty() ? json::value(nullptr) : json::value(word); }

json::object view_of(const StepSpec& spec, const StepRun& step) {
  json::object view{
      {"id", spec.id},
      {"state", word(step.state)},
      {"wait_reason", word_or_null(word(step.wait_reason))},
      {"due_at", step.due_at == Time{} ? json::value(nullptr) : json::value(base::format_time(step.due_at))},
      {"attempt", step.attempt},
      {"max_attempts", spec.retry.attempts},
      {"progress", is_ok(step.state) ? 100.0 : static_cast<double>(step.progress) / 10.0},
      {"message", step.message}};
  if (step.undo != Undo::kNone) view["undo"] = word(step.undo);
  return view;
}

json::object view_of(const Run& run) {
  const auto ok = std::count_if(run.steps.begin(), run.steps.end(), [](const auto& s) { return is_ok(s.state); });
  json::array verbs;
  for (const auto verb : allowed_verbs(run)) verbs.emplace_back(word(verb));
  return {{"state", word(run.head.state)},
          {"status", row(run.head.state).status},
          {"progress", shown_progress(run)},
          {"epoch", run.head.epoch},
          {"steps_completed", ok},
          {"total_steps", run.steps.size()},
          {"verifying", run.head.verifying},
          {"condition", word_or_null(word(run.head.condition))},
          {"allowed_verbs", std::move(verbs)}};
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
  const auto run = base::to_text(view_of(after));  // once: it is the same for all of them
  for (auto& event : change.events) {
    const bool last = &event == &change.events.back();
    json::array steps;
    for (std::size_t i = 0; i < specs.size(); ++i) {
      const bool own = specs[i].id == event.step;
      const bool silent =
          last &&
          (all || std::any_of(change.steps.begin(), change.steps.end(), [&](const auto& s) { return s.first == i; })) &&
          std::none_of(change.events.begin(), change.events.end(),
                       [&](const Event& other) { return other.step == specs[i].id; });
      if (own || silent) steps.push_back(view_of(specs[i], after.steps[i]));
    }
    event.view = R"({"steps":)" + base::to_text(steps) + R"(,"run":)" + run + "}";
  }
}

}  // namespace tenantry::model
