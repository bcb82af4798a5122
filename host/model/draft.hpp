// A Change in the making. Private to the model room.
#pragma once
#include <boost/json.hpp>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "model/advance.hpp"

namespace tenantry::model {

class Draft {
 public:
  Draft(const Run& before, Time when) : now(when), run_(before), place_(before.steps.size(), kUntouched) {
    change_.head = before.head;
  }

  [[nodiscard]] const Manifest& manifest() const { return run_.manifest(); }
  [[nodiscard]] const StepSpec& spec(std::size_t i) const { return manifest().steps[i]; }
  [[nodiscard]] std::size_t size() const { return run_.steps.size(); }
  [[nodiscard]] const StepRun& step(std::size_t i) const {
    return place_[i] == kUntouched ? run_.steps[i] : change_.steps[place_[i]].second;
  }
  [[nodiscard]] StepRun& edit(std::size_t i) {
    if (place_[i] == kUntouched) {
      place_[i] = change_.steps.size();
      change_.steps.emplace_back(i, run_.steps[i]);
    }
    return change_.steps[place_[i]].second;
  }
  [[nodiscard]] RunHead& head() { return change_.head; }
  [[nodiscard]] const RunHead& head() const { return change_.head; }
  [[nodiscard]] Change& change() { return change_; }
  [[nodiscard]] Change take() { return std::move(change_); }

  void run_event(std::string_view type, const boost::json::object& data = {}) { append({}, type, data); }
  void step_event(std::size_t i, std::string_view type, const boost::json::object& data = {}) {
    append(spec(i).id, type, data);
  }

  [[nodiscard]] bool predecessors_ok(std::size_t i) const {
    for (const auto before : spec(i).after)
      if (!is_ok(step(before).state)) return false;
    return true;
  }

  const Time now;

 private:
  static constexpr std::size_t kUntouched = static_cast<std::size_t>(-1);

  void append(std::string_view step, std::string_view type, const boost::json::object& data) {
    change_.events.push_back(
        {++change_.head.events, std::string(step), std::string(type), boost::json::serialize(data), now});
  }

  const Run& run_;
  Change change_;
  std::vector<std::size_t> place_;  // of each step in change_.steps
};

// Makes ready what may run, and ends the run if nothing is left to do. The last thing every transition does.
void settle(Draft& draft);

// A call ended without proof: unknown, or at once ready or failed where VERIFY cannot help.
void lose(Draft& draft, const StepReport& report);

void fail(Draft& draft, std::size_t i, Failure failure, const boost::json::object& more = {});

// Does the command move the run to another version?
[[nodiscard]] inline bool is_repin(const Run& run, const Command& command) {
  return command.onto && is_terminal(run.head.state) && command.onto->manifest->digest != run.manifest().digest;
}

// Notes that the run is now another version's; `after` is repinned(`before`).
void repin(Draft& draft, const Run& before, const Run& after);

// The steps of a run after a Repin.
[[nodiscard]] std::vector<StepRun> carried(const std::vector<StepRun>& steps, const Repin& repin);

// The transitions of report.cpp and command.cpp.
void on_report(Draft& draft, const StepReport& report);
[[nodiscard]] base::Result<void> on_command(Draft& draft, const Run& run, const Command& command);

// The steps of a scope as ids: {"run": [...], "verify": [...], "keep": [...]}.
[[nodiscard]] boost::json::object describe(const Manifest& manifest, const Scope& scope);

[[nodiscard]] inline boost::json::object describe(const Failure& failure) {
  return {{"code", failure.code},
          {"class", row(failure.cause).word},
          {"error", failure.message},
          {"next_action", next_action(failure)}};
}

}  // namespace tenantry::model
