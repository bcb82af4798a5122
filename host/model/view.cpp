#include "model/view.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/clock.hpp"
#include "base/json_text.hpp"

namespace tenantry::model {
namespace {

// Written as text at once: this is done for each event of each step.
class Object {
 public:
  explicit Object(std::string& out) : out_(out) { out_ += '{'; }
  void end() { out_ += '}'; }
  Object& text(std::string_view name, std::string_view value) {
    base::append_quoted(key(name), value);
    return *this;
  }
  Object& text_or_null(std::string_view name, std::string_view value) {
    return value.empty() ? raw(name, "null") : text(name, value);
  }
  template <class Number>
  Object& number(std::string_view name, Number value) {
    if constexpr (std::is_floating_point_v<Number>)
      base::append_number(key(name), value);
    else
      key(name) += std::to_string(value);
    return *this;
  }
  Object& raw(std::string_view name, std::string_view value) {
    key(name) += value;
    return *this;
  }

 private:
  std::string& key(std::string_view name) {
    if (out_.back() != '{') out_ += ',';
    return out_.append(1, '"').append(name).append("\":");
  }
  std::string& out_;
};

void append_view(std::string& out, const StepSpec& spec, const StepRun& step) {
  Object view(out);
  view.text("id", spec.id).text("state", word(step.state)).text_or_null("wait_reason", word(step.wait_reason));
  view.text_or_null("due_at", step.due_at == Time{} ? std::string() : base::format_time(step.due_at));
  view.number("attempt", step.attempt).number("max_attempts", spec.retry.attempts);
  view.number("progress", is_ok(step.state) ? 100.0 : static_cast<double>(step.progress) / 10.0);
  view.text("message", step.message);
  if (step.undo != Undo::kNone) view.text("undo", word(step.undo));
  view.end();
}

void append_view(std::string& out, const Run& run) {
  const auto ok = std::count_if(run.steps.begin(), run.steps.end(), [](const auto& s) { return is_ok(s.state); });
  std::string verbs = "[";
  for (const auto verb : allowed_verbs(run))
    verbs.append(verbs.size() > 1 ? ",\"" : "\"").append(word(verb)).append("\"");
  Object view(out);
  view.text("state", word(run.head.state)).text("status", row(run.head.state).status);
  view.number("progress", shown_progress(run)).number("epoch", run.head.epoch);
  view.number("steps_completed", ok).number("total_steps", run.steps.size());
  view.raw("verifying", run.head.verifying ? "true" : "false").text_or_null("condition", word(run.head.condition));
  view.raw("allowed_verbs", verbs + "]");
  view.end();
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
      if (event.view.back() != '[') event.view += ',';
      append_view(event.view, specs[i], after.steps[i]);
    }
    event.view += run;
  }
}

}  // namespace tenantry::model
