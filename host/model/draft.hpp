// A Change in the making. Private to the model room.
#pragma once
#include <boost/json.hpp>
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

  // Finished steps that are to be looked at before anything starts.
  [[nodiscard]] bool checks_outstanding() const {
    for (std::size_t i = 0; i < size(); ++i)
      if (step(i).check_due) return true;
    return false;
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

// ---- undo.cpp ----

// Begins the rollback: from here on the run only takes back.
void roll_back(Draft& draft, const boost::json::object& why);
[[nodiscard]] Scope rollback_scope(const Draft& draft);
// Steps whose UNDO (or the VERIFY that has to come first) may start: everything built on them is gone.
[[nodiscard]] std::vector<bool> free_to_undo(const Draft& draft);
// A rollback takes back what its run made, the end of a tenant what any run of it made.
[[nodiscard]] inline bool is_ours(const RunHead& head, const StepRun& step) {
  return step.made == Maker::kThisRun || (head.removing && step.made == Maker::kEarlierRun);
}
// Nobody knows yet whether it is.
[[nodiscard]] inline bool is_unproven(const RunHead& head, const StepRun& step) {
  return step.state == StepState::kUnknown && !is_ours(head, step);
}
void on_undone(Draft& draft, const StepReport& report);
void on_unproven_verified(Draft& draft, const StepReport& report);
void fail_undo(Draft& draft, std::size_t i, Failure failure, const boost::json::object& more = {});
void settle_undo(Draft& draft);

// ---- What report.cpp and undo.cpp share ----

[[nodiscard]] Failure host_failure(FailureClass cause, std::string code, std::string message);
[[nodiscard]] Failure failure_of(const StepReport& report, FailureClass cause, std::string_view code,
                                 std::string_view message);
// Tries again as the retry policy says, or gives up. Of UNDO as of RUN.
void try_again(Draft& draft, const StepReport& report, Failure failure);
// The engine asked to be asked again.
void poll(Draft& draft, const StepReport& report);
// VERIFY could not look: later again; false: too often.
[[nodiscard]] bool look_again(Draft& draft, const StepReport& report, int most);
// Adds the step's share of the death of whoever carried out its call; true: the step is taken to kill.
[[nodiscard]] bool bears_blame(Draft& draft, const StepReport& report);
void succeed(Draft& draft, std::size_t i, StepState state, const std::string& output);
constexpr int kMaxBlindChecks = 10;  // VERIFY calls on an unknown step that could not look

// Ends a run that has nothing left to do in its present state; one that is being removed begins its rollback.
void conclude(Draft& draft);
void finish(Draft& draft, RunState state, boost::json::object data = {});

// ---- The transitions of report.cpp and command.cpp ----

void on_report(Draft& draft, const StepReport& report);
[[nodiscard]] base::Result<void> on_command(Draft& draft, const Run& run, const Command& command);

[[nodiscard]] inline boost::json::object describe(const Failure& failure) {
  return {{"code", failure.code},
          {"class", row(failure.cause).word},
          {"error", failure.message},
          {"next_action", next_action(failure)}};
}

}  // namespace tenantry::model
