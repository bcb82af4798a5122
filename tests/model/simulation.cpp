#include "model/simulation.hpp"

#include <algorithm>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "model/advance.hpp"

namespace tenantry::model::test {
namespace {

class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed) {}

  std::string live() {
    make_run();
    const int chaos = pick(5, 120);
    for (int i = 0; i < chaos && broken_.empty(); ++i) disturb();
    if (broken_.empty()) calm_down();
    if (broken_.empty() && is_terminal(run_.head.state)) resume_calmly();
    return broken_;
  }

 private:
  int pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  bool chance(int percent) { return pick(1, 100) <= percent; }

  void broke(const std::string& promise) {
    if (!broken_.empty()) return;
    broken_ = promise + "; run " + std::string(word(run_.head.state)) + ", steps";
    for (const auto& step : run_.steps) broken_ += " " + std::string(word(step.state));
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
      spec.repeatable = chance(50);
      spec.skippable = chance(30);
      spec.optional = chance(20);
      spec.critical = !spec.optional && chance(60);
      if (chance(40)) spec.output_schema = boost::json::object{{"type", "object"}};
      spec.retry.attempts = pick(1, 3);
      spec.retry.budget = Millis{chance(10) ? 5000 : 0};
      spec.wait_limit = Millis{pick(1'000, 100'000)};
      spec.expected = Millis{pick(0, 5'000)};
      manifest->steps.push_back(std::move(spec));
    }
    auto spec = std::make_shared<RunSpec>();
    spec->id = RunId("run_1");
    spec->tenant = TenantId("ten_1");
    spec->manifest = std::move(manifest);
    auto [run, change] = new_run(std::move(spec), Command{}, now_);
    run_ = std::move(run);
    finished_.assign(run_.steps.size(), false);
    events_ = run_.head.events;
    if (static_cast<std::int64_t>(change.events.size()) != events_) broke("the first events are numbered from 1");
  }

  // Gives the fact; checks what must hold for any fact.
  bool give(const Fact& fact) {
    const Run before = run_;
    auto change = advance(run_, fact, now_);
    if (change.has_error()) return false;
    apply(run_, *change);
    for (const auto& event : change->events)
      if (event.number != ++events_) broke("event numbers have no gaps");
    if (run_.head.events != events_) broke("the head knows the newest event");
    if (run_.head.epoch == before.head.epoch && progress(run_) < progress(before) - 1e-9)
      broke("progress never falls within an epoch");
    for (std::size_t i = 0; i < run_.steps.size(); ++i) check_step(before, i);
    check_run();
    return true;
  }

  void check_step(const Run& before, std::size_t i) {
    const auto& old = before.steps[i];
    const auto& step = run_.steps[i];
    const bool started = step.in_flight && !old.in_flight && step.op == Op::kRun;
    if (started) {
      executed_.insert(i);
      if (finished_[i]) broke("a finished step is never executed again: s" + std::to_string(i));
      if (stopped_) broke("nothing starts after a stop: s" + std::to_string(i));
      for (const auto k : run_.manifest().steps[i].after)
        if (!is_ok(before.steps[k].state))
          broke("no step starts before its predecessors are ok: s" + std::to_string(i));
      if (step.attempt > run_.manifest().steps[i].retry.attempts) broke("attempts are bounded");
    }
    if (step.attempts < old.attempts) broke("attempt numbers only grow");
    if (step.state == StepState::kFailed && !step.failure) broke("a failed step has a reason");
    if (step.state == StepState::kWaiting && step.wait_reason == WaitReason::kNone)
      broke("a waiting step has a reason");
    if (step.state == StepState::kRunning && !step.in_flight) broke("a running step is in flight");
    finished_[i] = step.state == StepState::kCompleted || step.state == StepState::kExists;
  }

  void check_run() {
    stopped_ = run_.head.stopping || run_.head.state == RunState::kCancelling;
    if (!is_terminal(run_.head.state)) {
      if (claimable(run_, now_).empty() && !next_due(run_) && flights().empty()) broke("a run is never stuck");
      return;
    }
    bool all_ok = true;
    for (const auto& step : run_.steps) {
      all_ok = all_ok && is_ok(step.state);
      if (step.in_flight || step.state == StepState::kReady || step.state == StepState::kWaiting ||
          step.state == StepState::kUnknown)
        broke("a finished run has nothing going on");
    }
    if (all_ok != (run_.head.state == RunState::kCompleted)) broke("completed means that every step is ok");
    if ((progress(run_) == 100.0) != (run_.head.state == RunState::kCompleted)) broke("100 % means completed");
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
    if (outcome == Outcome::kDrifted && run_.steps[i].check_due) drifted_.insert(i);
    if (chance(3)) report.attempt -= 1;  // late, from a call that was given up
    give(report);
  }

  void command() {
    Command command;
    command.verb = static_cast<Verb>(pick(1, 4));
    command.actor = "acc";
    command.reason = chance(90) ? "why" : "";
    command.force = chance(50);
    if (command.verb == Verb::kSkipStep || chance(30))
      command.step = "s" + std::to_string(pick(0, static_cast<int>(run_.steps.size())));
    const auto expected = preview(run_, command);
    const auto verbs = allowed_verbs(run_);
    const bool accepted = give(command);
    if (accepted != expected.has_value()) broke("the preview agrees with the deed");
    if (accepted && command.verb != Verb::kSkipStep &&
        std::find(verbs.begin(), verbs.end(), command.verb) == verbs.end() && command.step.empty())
      broke("an accepted verb was among the allowed ones");
  }

  void disturb() {
    const auto can = claimable(run_, now_);
    const auto out = flights();
    const int what = pick(1, 100);
    if (what <= 45 && !can.empty()) {
      give(Claimed{can[static_cast<std::size_t>(pick(0, static_cast<int>(can.size()) - 1))]});
    } else if (what <= 80 && !out.empty()) {
      const auto i = out[static_cast<std::size_t>(pick(0, static_cast<int>(out.size()) - 1))];
      report(i, chance(60) ? Outcome::kDone : static_cast<Outcome>(pick(0, 9)));
    } else if (what <= 84) {
      give(LeaseLost{});
    } else if (what <= 93) {
      if (const auto due = next_due(run_)) now_ = std::max(now_, *due);
      give(Tick{});
    } else {
      command();
    }
  }

  // From here on everything works: the run must come to its end.
  void calm_down() {
    for (int i = 0; i < 500 && broken_.empty() && !is_terminal(run_.head.state); ++i) {
      for (const auto step : claimable(run_, now_)) give(Claimed{step});
      for (const auto step : flights()) {
        StepReport done;
        done.step = step;
        done.attempt = run_.steps[step].attempts;
        done.outcome = Outcome::kDone;
        done.output = "{}";
        give(done);
      }
      if (const auto due = next_due(run_)) now_ = std::max(now_, *due);
      give(Tick{});
    }
    if (!is_terminal(run_.head.state)) broke("a run that nothing disturbs comes to its end");
  }

  // Retry or continue with nothing going wrong runs exactly what its preview said.
  void resume_calmly() {
    Command command;
    command.verb = chance(50) ? Verb::kRetry : Verb::kContinue;
    const auto scope = preview(run_, command);
    if (scope.has_error()) return;
    executed_.clear();
    drifted_.clear();
    give(command);
    calm_down();
    if (executed_ != std::set<std::size_t>(scope->run.begin(), scope->run.end()))
      broke("the scope of " + std::string(word(command.verb)) + " equals its preview");
  }

  std::mt19937_64 random_;
  Run run_;
  Time now_ = base::from_millis(1'800'000'000'000);
  std::int64_t events_ = 0;
  std::vector<bool> finished_;
  std::set<std::size_t> executed_;
  std::set<std::size_t> drifted_;
  bool stopped_ = false;
  std::string broken_;
};

}  // namespace

std::string simulate(std::uint64_t seed) { return World(seed).live(); }

}  // namespace tenantry::model::test
