#include "model/simulation.hpp"

#include <algorithm>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "model/advance.hpp"
#include "model/rules.hpp"

namespace tenantry::model::test {
namespace {

std::set<std::string>& seen() {
  static std::set<std::string> moves;
  return moves;
}

// Every choice of a history, in order: drawn by chance the first time, read again afterwards. Beyond its end a tape
// that is read gives zeros, the plainest choice there is.
class Tape {
 public:
  explicit Tape(std::uint64_t seed) : random_(seed) {}
  explicit Tape(std::vector<std::uint32_t> choices) : given_(true), choices_(std::move(choices)) {}

  // Below `bound`.
  std::uint32_t next(std::uint32_t bound) {
    if (!given_) choices_.push_back(static_cast<std::uint32_t>(random_() % bound));
    return at_ < choices_.size() ? choices_[at_++] % bound : 0;
  }
  [[nodiscard]] const std::vector<std::uint32_t>& choices() const { return choices_; }

 private:
  bool given_ = false;
  std::mt19937_64 random_{};
  std::vector<std::uint32_t> choices_;
  std::size_t at_ = 0;
};

class World {
 public:
  World(Tape& tape, std::string* story, Seen seen = {}) : tape_(tape), story_(story), seen_(std::move(seen)) {}

  std::string live() {
    make_run();
    const int chaos = pick(0, 120);
    for (int i = 0; i < chaos && broken_.empty(); ++i) disturb();
    if (broken_.empty()) calm_down();
    if (broken_.empty() && is_terminal(run_.head.state)) resume_calmly();
    return broken_;
  }

 private:
  int pick(int low, int high) { return low + static_cast<int>(tape_.next(static_cast<std::uint32_t>(high - low + 1))); }
  bool chance(int percent) { return pick(1, 100) > 100 - percent; }
  void tell(const std::string& line) {
    if (story_ != nullptr) *story_ += "  " + line + "\n";
  }

  [[nodiscard]] std::string states() const {
    std::string all = std::string(word(run_.head.state)) + ":";
    for (const auto& step : run_.steps)
      all += " " + std::string(word(step.state)) +
             (step.undo == Undo::kNone ? "" : "/" + std::string(word(step.undo))) + (step.in_flight ? "*" : "");
    return all;
  }
  void broke(const std::string& promise) {
    if (broken_.empty()) broken_ = promise + "; " + states();
  }

  void make_run() {
    auto manifest = std::make_shared<Manifest>();
    const int count = pick(1, 12);
    for (int i = 0; i < count; ++i) {
      StepSpec spec;
      spec.id = "s" + std::to_string(i);
      for (int k = 0; k < i; ++k)
        if (chance(30)) spec.after.push_back(static_cast<std::size_t>(k));
      spec.has_verify = chance(50);
      spec.has_undo = chance(70);
      spec.repeatable = chance(50);
      spec.skippable = chance(30);
      spec.optional = chance(20);
      spec.critical = !spec.optional && chance(60);
      if (chance(40)) spec.output_schema = boost::json::object{{"type", "object"}};
      spec.retry.attempts = pick(1, 3);
      spec.retry.budget = Millis{chance(10) ? 5000 : 0};
      spec.wait_limit = Millis{pick(1'000, 100'000)};
      spec.expected = Millis{pick(0, 5'000)};
      std::string line = spec.id + (spec.has_verify ? " verify" : "") + (spec.has_undo ? " undo" : "") +
                         (spec.repeatable ? " repeatable" : "") + (spec.optional ? " optional" : "") +
                         (spec.critical ? " critical" : "") + " after";
      for (const auto k : spec.after) line += " s" + std::to_string(k);
      tell(line);
      manifest->steps.push_back(std::move(spec));
    }
    auto spec = std::make_shared<RunSpec>();
    spec->id = RunId("run_1");
    spec->tenant = TenantId("ten_1");
    spec->manifest = std::move(manifest);
    auto [run, change] = new_run(spec, Command{}, now_, earlier_run(spec));
    run_ = std::move(run);
    if (seen_) seen_(run_, change);
    completed_.assign(run_.steps.size(), false);
    events_ = run_.head.events;
    if (static_cast<std::int64_t>(change.events.size()) != events_) broke("the first events are numbered from 1");
  }

  // What the tenant's run before this one made, if there was one.
  const Run* earlier_run(const std::shared_ptr<RunSpec>& spec) {
    earlier_.spec = spec;
    earlier_.steps.resize(spec->manifest->steps.size());
    if (chance(30))
      for (auto& step : earlier_.steps)
        if (chance(50)) step.made = Maker::kThisRun;
    return &earlier_;
  }
  // Is it of this tenant's making, and to be taken back now?
  [[nodiscard]] bool is_ours(std::size_t i) const {
    return completed_[i] || (run_.head.removing && earlier_.steps[i].made != Maker::kNobody);
  }

  // Gives the fact; checks what must hold for any fact.
  bool give(const Fact& fact) {
    const Run before = run_;
    auto change = advance(run_, fact, now_);
    if (change.has_error()) return false;
    apply(run_, *change);
    if (seen_) seen_(run_, *change);
    RunState state = before.head.state;
    undone_.clear();
    for (const auto& event : change->events) {
      if (event.number != ++events_) broke("event numbers have no gaps");
      follow(event, state);
    }
    if (state != run_.head.state) broke("events tell every state of the run");
    if (run_.head.events != events_) broke("the head knows the newest event");
    if (run_.head.epoch == before.head.epoch && progress(run_) < progress(before) - 1e-9)
      broke("progress never falls within an epoch");
    const auto* command = std::get_if<Command>(&fact);
    const bool ran_again = command != nullptr && command->verb == Verb::kRerunFrom;
    for (std::size_t i = 0; i < run_.steps.size(); ++i) check_step(before, i, ran_again);
    check_run();
    if (story_ != nullptr) tell("   -> " + states());
    return true;
  }

  // The states a run goes through within one fact, by its events.
  void follow(const Event& event, RunState& state) {
    static constexpr std::string_view kRun = "run.";
    if (event.type == "step.undone") undone_.insert(*run_.manifest().find(event.step));
    if (!event.step.empty() || event.type.rfind(kRun, 0) != 0) return;
    const auto next = event.type == "run.resumed" ? std::optional(RunState::kRunning)
                                                  : run_state(std::string_view(event.type).substr(kRun.size()));
    if (!next || *next == state) return;
    if (std::none_of(kRunMoves.begin(), kRunMoves.end(),
                     [&](const RunMove& move) { return move.from == state && move.to == *next; }))
      broke("no such move of a run: " + std::string(word(state)) + " to " + std::string(word(*next)));
    seen().insert("run " + std::string(word(state)) + ">" + std::string(word(*next)));
    state = *next;
  }

  void check_step(const Run& before, std::size_t i, bool ran_again) {
    const auto& old = before.steps[i];
    const auto& step = run_.steps[i];
    const auto name = "s" + std::to_string(i);
    if (old.state != step.state) {
      if (std::none_of(kStepMoves.begin(), kStepMoves.end(),
                       [&](const StepMove& move) { return move.from == old.state && move.to == step.state; }))
        broke("no such move of a step: " + std::string(word(old.state)) + " to " + std::string(word(step.state)));
      seen().insert("step " + std::string(word(old.state)) + ">" + std::string(word(step.state)));
    }
    const bool started = step.in_flight && !old.in_flight;
    if (started && step.op == Op::kRun) {
      executed_.insert(i);
      if (old.state == StepState::kCompleted || old.state == StepState::kExists)
        broke("a finished step is never executed again: " + name);
      if (before.head.stopping || before.head.state == RunState::kCancelling ||
          before.head.state == RunState::kCompensating || before.head.state == RunState::kPaused)
        broke("nothing starts while the run stops, pauses or is taken back: " + name);
      for (const auto k : run_.manifest().steps[i].after)
        if (!is_ok(before.steps[k].state)) broke("no step starts before its predecessors are ok: " + name);
    }
    if (started && step.op != Op::kVerify && step.attempt > run_.manifest().steps[i].retry.attempts)
      broke("attempts are bounded");
    if (started && step.op == Op::kUndo) check_undo(before, i, name);
    const bool was_finished = old.state == StepState::kCompleted || old.state == StepState::kExists;
    const bool was_drifted = drifted_.count(i) != 0;
    if (was_finished && step.state == StepState::kPending && !ran_again && !was_drifted)
      broke("a finished step is set back by rerun-from or drift only: " + name);
    // What this run made, by what the calls answered and not by what the model says of it.
    if (old.state != StepState::kCompleted && step.state == StepState::kCompleted) completed_[i] = true;
    if (undone_.contains(i)) {
      if (!completed_[i] && earlier_.steps[i].made == Maker::kNobody) broke("nothing is taken back twice: " + name);
      completed_[i] = false;
      earlier_.steps[i].made = Maker::kNobody;
    }
    if (step.attempts < old.attempts) broke("attempt numbers only grow");
    if (step.state == StepState::kFailed && !step.failure) broke("a failed step has a reason");
    if (step.state == StepState::kWaiting && step.wait_reason == WaitReason::kNone)
      broke("a waiting step has a reason");
    if (step.state == StepState::kRunning && !step.in_flight) broke("a running step is in flight");
  }

  void check_undo(const Run& before, std::size_t i, const std::string& name) {
    if (!run_.manifest().steps[i].has_undo) broke("UNDO is asked only of steps that have it: " + name);
    if (!is_ours(i)) broke("only what this run completed is taken back: " + name);
    // Everything built on it, near or far.
    std::vector<bool> built(run_.steps.size(), false);
    built[i] = true;
    for (std::size_t k = i + 1; k < run_.steps.size(); ++k) {
      for (const auto b : run_.manifest().steps[k].after) built[k] = built[k] || built[b];
      if (built[k] && k != i && is_ours(k) && run_.manifest().steps[k].has_undo)
        broke("nothing is taken back under something that stands: " + name);
      if (built[k] && before.steps[k].in_flight) broke("nothing is taken back under something at work: " + name);
    }
  }

  void check_run() {
    if (is_active(run_.head)) {
      if (claimable(run_, now_).empty() && !next_due(run_) && flights().empty() && run_.head.state != RunState::kPaused)
        broke("a run is never stuck");
      if (run_.head.state == RunState::kPaused && !claimable(run_, now_).empty()) broke("a paused run claims nothing");
    }
    if (!is_terminal(run_.head.state)) return;
    const auto end = run_.head.state;
    const bool doubts =
        end == RunState::kCancelled || end == RunState::kCompensated || end == RunState::kCompensationFailed;
    bool all_ok = true;
    for (const auto& step : run_.steps) {
      all_ok = all_ok && is_ok(step.state);
      if ((step.in_flight && !run_.head.verifying) || step.state == StepState::kReady ||
          step.state == StepState::kWaiting || (step.state == StepState::kUnknown && !doubts))
        broke("a finished run has nothing going on");
    }
    const bool taken_back = end == RunState::kCompensated || end == RunState::kCompensationFailed;
    if (!taken_back && all_ok != (end == RunState::kCompleted)) broke("completed means that every step is ok");
    if ((progress(run_) == 100.0) != (end == RunState::kCompleted || end == RunState::kCompensated))
      broke("100 % means that nothing is left to do");
    if (end == RunState::kCompensated)
      for (std::size_t i = 0; i < run_.steps.size(); ++i)
        if (is_ours(i) && run_.manifest().steps[i].has_undo) broke("compensated means that all is taken back");
  }

  std::vector<std::size_t> flights() const {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < run_.steps.size(); ++i)
      if (run_.steps[i].in_flight) found.push_back(i);
    return found;
  }

  void report(std::size_t i, Outcome outcome) {
    StepReport report;
    report.step = i;
    report.attempt = run_.steps[i].attempts;
    report.outcome = outcome;
    report.random = pick(0, 99) / 100.0;
    if (chance(50)) report.output = "{}";
    if (chance(10)) report.retry_after = Millis{pick(0, 20'000)};
    if (chance(5)) report.shutdown = true;
    if (outcome == Outcome::kRetry || outcome == Outcome::kFailed)
      report.failure = Failure{static_cast<FailureClass>(pick(0, 13)), "test.cause", "no", {}, {}};
    drifted_.clear();
    if (outcome == Outcome::kDrifted && run_.steps[i].check_due && !run_.head.verifying) drifted_.insert(i);
    if (chance(3)) report.attempt -= 1;  // late, from a call that was given up
    tell("report s" + std::to_string(i) + " " + std::string(word(run_.steps[i].op)) + " " + std::string(word(outcome)) +
         (report.shutdown ? " shutdown" : ""));
    give(report);
    drifted_.clear();
  }

  void command() {
    Command command;
    command.verb = static_cast<Verb>(pick(1, static_cast<int>(kVerbs.size()) - 1));
    command.downstream = chance(50);
    command.actor = "acc";
    command.reason = chance(90) ? "why" : "";
    command.force = chance(50);
    if (command.verb == Verb::kSkipStep || command.verb == Verb::kRerunFrom || chance(30))
      command.step = "s" + std::to_string(pick(0, static_cast<int>(run_.steps.size())));
    const auto expected = preview(run_, command);
    const auto verbs = allowed_verbs(run_);
    tell(std::string(word(command.verb)) + " " + command.step);
    const bool accepted = give(command);
    if (accepted != expected.has_value()) broke("the preview agrees with the deed");
    if (accepted && command.verb != Verb::kSkipStep && command.step.empty() &&
        std::find(verbs.begin(), verbs.end(), command.verb) == verbs.end())
      broke("an accepted verb was among the allowed ones");
  }

  void disturb() {
    const auto can = claimable(run_, now_);
    const auto out = flights();
    const int what = pick(1, 100);
    if (what <= 45 && !can.empty()) {
      const auto i = can[static_cast<std::size_t>(pick(0, static_cast<int>(can.size()) - 1))];
      tell("claim s" + std::to_string(i));
      give(Claimed{i});
    } else if (what <= 80 && !out.empty()) {
      const auto i = out[static_cast<std::size_t>(pick(0, static_cast<int>(out.size()) - 1))];
      report(i, chance(60) ? Outcome::kDone : static_cast<Outcome>(pick(0, 9)));
    } else if (what > 80 && what <= 83 && !out.empty()) {
      tell("lease lost");
      give(LeaseLost{});
    } else if (what <= 90) {
      if (!next_due(run_)) return;
      if (chance(10)) {
        tell("server back");
        give(ServerBack{Millis{pick(0, 2'000)}});
      }
      tell("tick");
      if (const auto due = next_due(run_)) now_ = std::max(now_, *due);
      give(Tick{});
    } else {
      command();
    }
  }

  // From here on everything works: the run must come to its end.
  void calm_down() {
    if (run_.head.state == RunState::kPaused) {
      Command command;
      command.verb = Verb::kResume;
      tell("resume");
      if (!give(command)) broke("a paused run can be resumed");
    }
    for (int i = 0; i < 500 && broken_.empty() && is_active(run_.head); ++i) {
      for (const auto step : claimable(run_, now_)) {
        tell("claim s" + std::to_string(step));
        give(Claimed{step});
      }
      for (const auto step : flights()) {
        StepReport done;
        done.step = step;
        done.attempt = run_.steps[step].attempts;
        done.outcome = Outcome::kDone;
        done.output = "{}";
        tell("report s" + std::to_string(step) + " done");
        give(done);
      }
      if (const auto due = next_due(run_)) now_ = std::max(now_, *due);
      give(Tick{});
    }
    if (is_active(run_.head)) broke("a run that nothing disturbs comes to its end");
  }

  // A verb with nothing going wrong does exactly what its preview said.
  void resume_calmly() {
    static constexpr Verb kThese[] = {Verb::kRetry,    Verb::kContinue, Verb::kRerunFrom,
                                      Verb::kRollback, Verb::kVerify,   Verb::kDeprovision};
    Command command;
    command.verb = kThese[pick(0, 5)];
    command.downstream = chance(50);
    if (command.verb == Verb::kRerunFrom)
      command.step = "s" + std::to_string(pick(0, static_cast<int>(run_.steps.size()) - 1));
    const auto scope = preview(run_, command);
    if (scope.has_error()) return;
    executed_.clear();
    const auto made = completed_;
    const auto before = run_;
    tell(std::string(word(command.verb)) + " " + command.step + " (calmly)");
    give(command);
    calm_down();
    if (executed_ != std::set<std::size_t>(scope->run.begin(), scope->run.end()))
      broke("the scope of " + std::string(word(command.verb)) + " equals its preview");
    if (command.verb == Verb::kVerify) {
      if (run_.head.condition != Condition::kInSync) broke("what is in sync is called so");
      for (std::size_t i = 0; i < run_.steps.size(); ++i)
        if (run_.steps[i].state != before.steps[i].state) broke("verify changes nothing");
    }
    if (command.verb != Verb::kRollback && command.verb != Verb::kDeprovision) return;
    if (run_.head.state != RunState::kCompensated) broke("a rollback that nothing disturbs succeeds");
    for (const auto i : scope->undo)
      if (is_ours(i) || (command.verb == Verb::kRollback && !made[i] && !before.head.removing))
        broke("the rollback took back what its preview said");
    if (command.verb == Verb::kDeprovision && !allowed_verbs(run_).empty()) broke("what is gone is gone for ever");
  }

  Tape& tape_;
  std::string* story_;
  Seen seen_;
  Run run_;
  Run earlier_;
  Time now_ = base::from_millis(1'800'000'000'000);
  std::int64_t events_ = 0;
  std::vector<bool> completed_;  // and not taken back since
  std::set<std::size_t> executed_;
  std::set<std::size_t> drifted_;
  std::set<std::size_t> undone_;  // by the newest fact
  std::string broken_;
};

std::string replay(const std::vector<std::uint32_t>& choices, std::string* story = nullptr) {
  Tape tape(choices);
  return World(tape, story).live();
}

}  // namespace

std::string moves_missed(bool of_steps) {
  std::string missed;
  const auto look = [&](const std::string& name) {
    if (!seen().contains(name)) missed += name + "; ";
  };
  for (const auto& move : kRunMoves) look("run " + std::string(word(move.from)) + ">" + std::string(word(move.to)));
  if (of_steps)
    for (const auto& move : kStepMoves) look("step " + std::string(word(move.from)) + ">" + std::string(word(move.to)));
  return missed;
}

Shrunk shrink(std::vector<std::uint32_t> choices,
              const std::function<std::string(const std::vector<std::uint32_t>&)>& broken) {
  Shrunk best{broken(choices), std::move(choices)};
  const auto better = [&](std::vector<std::uint32_t> tried) {
    auto promise = broken(tried);
    if (promise.empty()) return false;
    best = {std::move(promise), std::move(tried)};
    return true;
  };
  int tries = 20'000;
  for (bool smaller = true; smaller && tries > 0;) {
    smaller = false;
    for (std::size_t size = std::max<std::size_t>(best.choices.size() / 2, 1); size > 0; size /= 2)
      for (std::size_t at = 0; at + size <= best.choices.size() && --tries > 0;) {
        auto tried = best.choices;
        tried.erase(tried.begin() + static_cast<std::ptrdiff_t>(at),
                    tried.begin() + static_cast<std::ptrdiff_t>(at + size));
        if (better(std::move(tried)))
          smaller = true;
        else
          at += size;
      }
    for (std::size_t at = 0; at < best.choices.size() && --tries > 0; ++at) {
      for (const auto less : {0U, best.choices[at] / 2, best.choices[at] - 1}) {
        if (best.choices[at] == 0 || less >= best.choices[at]) continue;
        auto tried = best.choices;
        tried[at] = less;
        smaller = better(std::move(tried)) || smaller;
      }
    }
  }
  return best;
}

std::string simulate(std::uint64_t seed, const Seen& seen) {
  Tape tape(seed);
  if (World(tape, nullptr, seen).live().empty()) return {};
  const auto least = shrink(tape.choices(), [](const auto& choices) { return replay(choices); });
  std::string story;
  const auto promise = replay(least.choices, &story);
  return promise + "\n" + story;
}

}  // namespace tenantry::model::test
