#include "fixture.hpp"

using namespace tenantry::model;
using namespace tenantry::model::test;
using namespace std::chrono_literals;

namespace {
// a -> b -> d, a -> c(optional), d needs b and c is a leaf.
std::vector<StepSpec> diamond() {
  auto optional = step("c", {0});
  optional.optional = true;
  optional.critical = false;
  optional.skippable = true;
  return {step("a"), step("b", {0}), optional, step("d", {1})};
}
}  // namespace

TEST_CASE("every state and verb has a word that leads back to it") {
  for (const auto& row : kStepStates) CHECK(step_state(row.word) == row.state);
  for (const auto& row : kRunStates) CHECK(run_state(row.word) == row.state);
  for (std::size_t i = 0; i < kWaitReasons.size(); ++i)
    CHECK(wait_reason(kWaitReasons[i]) == static_cast<WaitReason>(i));
  for (std::size_t i = 0; i < kVerbs.size(); ++i) CHECK(verb(kVerbs[i]) == static_cast<Verb>(i));
  CHECK_FALSE(step_state("done").has_value());
}

TEST_CASE("a fresh run has its roots ready and everything else pending") {
  Driven run(diamond());
  CHECK(run.states() == "ready pending pending pending");
  CHECK(run.ended() == "queued");
  CHECK(progress(run.run) == 0.0);
  CHECK(claimable(run.run, run.now) == std::vector<std::size_t>{0});
}

TEST_CASE("independent steps become ready together and the run completes when all are ok") {
  Driven run(diamond());
  run.carry_out(0);
  CHECK(run.states() == "completed ready ready pending");
  run.carry_out(1, Outcome::kAlreadyDone);
  run.carry_out(2, Outcome::kSkipped);
  CHECK(run.states() == "completed exists skipped ready");
  run.carry_out(3);
  CHECK(run.ended() == "completed");
  CHECK(progress(run.run) == 100.0);
  CHECK(run.run.head.completed_at == run.now);
}

TEST_CASE("how a RUN call ends decides the state of its step") {
  struct Row {
    Outcome outcome;
    StepState state;
    int attempt;
  };
  const auto row =
      GENERATE(Row{Outcome::kDone, StepState::kCompleted, 1}, Row{Outcome::kAlreadyDone, StepState::kExists, 1},
               Row{Outcome::kSkipped, StepState::kFailed, 1}, Row{Outcome::kWait, StepState::kWaiting, 0},
               Row{Outcome::kRetry, StepState::kWaiting, 1}, Row{Outcome::kFailed, StepState::kFailed, 1},
               Row{Outcome::kCancelled, StepState::kWaiting, 1}, Row{Outcome::kDrifted, StepState::kFailed, 1},
               Row{Outcome::kUnsupported, StepState::kFailed, 1}, Row{Outcome::kLost, StepState::kFailed, 1});
  Driven run({step("a")});
  run.carry_out(0, row.outcome);
  CAPTURE(word(row.outcome));
  CHECK(run.state(0) == row.state);
  CHECK(run.run.steps[0].attempt == row.attempt);
  REQUIRE(run.last.attempts.size() == 1);
  CHECK(run.last.attempts[0].outcome == row.outcome);
  if (run.state(0) == StepState::kFailed) {
    REQUIRE(run.run.steps[0].failure.has_value());
    CHECK_FALSE(next_action(*run.run.steps[0].failure).empty());
  }
}

TEST_CASE("retries back off with full jitter and end when the attempts are spent") {
  auto spec = step("a");
  spec.retry = {3, 1000ms, 10s, 0ms};
  Driven run({spec});
  for (int n = 1; n <= 3; ++n) {
    run.claim(0);
    StepReport report;
    report.attempt = run.run.steps[0].attempts;
    report.outcome = Outcome::kRetry;
    report.failure = failure(FailureClass::kTransient);
    report.random = 0.5;
    run.must(report);
    if (n == 3) break;
    CHECK(run.state(0) == StepState::kWaiting);
    CHECK(run.run.steps[0].due_at - run.now == (n == 1 ? 500ms : 1000ms));
    CHECK(next_due(run.run) == run.run.steps[0].due_at);
    run.must(Tick{});
    CHECK(run.state(0) == StepState::kWaiting);
    run.now = run.run.steps[0].due_at;
    run.must(Tick{});
    CHECK(run.state(0) == StepState::kReady);
  }
  CHECK(run.state(0) == StepState::kFailed);
  CHECK(run.last.events.front().data.find("attempts_exhausted") != std::string::npos);
  CHECK(run.ended() == "failed");
}

TEST_CASE("the engine's retry_after is honoured, within the cap") {
  auto spec = step("a");
  spec.retry = {5, 1000ms, 10s, 0ms};
  Driven run({spec});
  run.claim(0);
  run.report(0, Outcome::kRetry, {}, failure(FailureClass::kTransient), 7s);
  CHECK(run.run.steps[0].due_at - run.now == 7s);
  run.now += 7s;
  run.must(Tick{});
  run.claim(0);
  run.report(0, Outcome::kRetry, {}, failure(FailureClass::kTransient), 10min);
  CHECK(run.run.steps[0].due_at - run.now == 10s);
}

TEST_CASE("waiting costs no attempt, but not for ever") {
  auto spec = step("a");
  spec.wait_limit = 65s;
  Driven run({spec});
  for (int n = 0; n < 2; ++n) {
    run.claim(0);
    run.report(0, Outcome::kWait);
    CHECK(run.state(0) == StepState::kWaiting);
    CHECK(run.run.steps[0].wait_reason == WaitReason::kPoll);
    CHECK(run.run.steps[0].attempt == 0);
    run.now += 30s;
    run.must(Tick{});
  }
  run.claim(0);
  run.report(0, Outcome::kWait);
  CHECK(run.state(0) == StepState::kFailed);
  CHECK(run.run.steps[0].failure->code == "host.waited_too_long");
}

TEST_CASE("a server that is down or refuses by rate costs no attempt") {
  const auto cause = GENERATE(FailureClass::kEngineUnavailable, FailureClass::kRateLimited);
  auto spec = step("a");
  spec.retry.attempts = 1;
  Driven run({spec});
  for (int n = 0; n < 20; ++n) {
    run.claim(0);
    run.report(0, Outcome::kRetry, {}, failure(cause));
    REQUIRE(run.state(0) == StepState::kWaiting);
    CHECK(run.run.steps[0].wait_reason ==
          (cause == FailureClass::kRateLimited ? WaitReason::kRateLimit : WaitReason::kEngineUnavailable));
    CHECK(run.run.steps[0].attempt == 0);
    run.now = run.run.steps[0].due_at;
    run.must(Tick{});
  }
}

TEST_CASE("a server that asks for a day is asked again within the cap") {
  const auto cause = GENERATE(FailureClass::kEngineUnavailable, FailureClass::kRateLimited);
  auto spec = step("a");
  spec.retry = {1, 1s, 1min, 0ms};
  Driven run({spec});
  run.claim(0);
  run.report(0, Outcome::kRetry, {}, failure(cause), 30s);
  CHECK(run.run.steps[0].due_at - run.now == 30s + 1ms);
  run.now = run.run.steps[0].due_at;
  run.must(Tick{});
  run.claim(0);
  run.report(0, Outcome::kRetry, {}, failure(cause), 24h);
  CHECK(run.run.steps[0].due_at - run.now == 1min + 1ms);
}

TEST_CASE("the budget of a step does not count what it waited for its server") {
  auto spec = step("a");
  spec.retry = {5, 1s, 1h, 1min};
  Driven run({spec});
  run.claim(0);
  run.report(0, Outcome::kRetry, {}, failure(FailureClass::kEngineUnavailable), 10min);
  run.now = run.run.steps[0].due_at;
  run.must(Tick{});
  run.claim(0);
  run.report(0, Outcome::kRetry, {}, failure(FailureClass::kTransient));
  REQUIRE(run.state(0) == StepState::kWaiting);
  run.now = run.run.steps[0].due_at + 1min;
  run.must(Tick{});
  run.claim(0);
  run.report(0, Outcome::kRetry, {}, failure(FailureClass::kTransient));
  CHECK(run.state(0) == StepState::kFailed);
  CHECK(run.last.events.front().data.find("budget_exhausted") != std::string::npos);
}

TEST_CASE("when the server is back, what waited for it is due soon, and nothing else is") {
  auto spec = step("a");
  spec.retry = {1, 1min, 1h, 0ms};
  Driven run({spec, spec, spec});
  for (std::size_t i = 0; i < 3; ++i) run.claim(i);
  run.report(0, Outcome::kRetry, {}, failure(FailureClass::kEngineUnavailable));
  run.report(1, Outcome::kRetry, {}, failure(FailureClass::kRateLimited));
  run.report(2, Outcome::kWait, {}, {}, 1min);
  const auto before = run.run.steps;
  run.must(ServerBack{700ms});
  CHECK(run.run.steps[0].due_at == run.now + 700ms);
  CHECK(run.run.steps[0].waited == 700ms);
  CHECK(run.run.steps[1].due_at == before[1].due_at);
  CHECK(run.run.steps[2].due_at == before[2].due_at);
  run.must(ServerBack{900ms});  // sooner already
  CHECK(run.run.steps[0].due_at == run.now + 700ms);
  CHECK(run.last.empty());
}

TEST_CASE("what a run finds out about its server is an event of the run, also when it has just ended") {
  Driven run({step("a")});
  run.claim(0);
  run.report(0, Outcome::kFailed, {}, failure(FailureClass::kEngineUnavailable));
  CHECK(run.ended() == "failed");
  run.must(ServerNews{"erp-1", false});
  REQUIRE(run.last.events.size() == 1);
  CHECK(run.last.events[0].type == "server.unavailable");
  CHECK(run.last.events[0].data == R"({"server":"erp-1"})");
  run.must(ServerNews{"erp-1", true});
  CHECK(run.last.events[0].type == "server.available");
  CHECK(run.ended() == "failed");
}

TEST_CASE("a failed critical step stops the run and keeps everything") {
  Driven run(diamond());
  run.carry_out(0);
  run.claim(2);
  run.carry_out(1, Outcome::kFailed);
  CHECK(run.ended() == "running");  // what runs may finish
  CHECK(run.run.head.stopping);
  run.report(2, Outcome::kDone);
  CHECK(run.ended() == "failed");
  CHECK(run.states() == "completed failed completed pending");
  CHECK(blocked_by(run.run, 3) == std::size_t{1});
}

TEST_CASE("a failed step that is not critical lets the others go on and ends partial") {
  auto steps = diamond();
  Driven run(steps);
  run.carry_out(0);
  run.carry_out(2, Outcome::kFailed);
  CHECK(run.ended() == "running");
  run.carry_out(1);
  run.carry_out(3);
  CHECK(run.ended() == "partial");
  CHECK(progress(run.run) < 100.0);
}

TEST_CASE("a stale report changes nothing") {
  Driven run({step("a")});
  run.claim(0);
  StepReport late;
  late.attempt = 0;
  late.outcome = Outcome::kDone;
  run.must(late);
  CHECK(run.last.empty());
  CHECK(run.state(0) == StepState::kRunning);
  run.report(0, Outcome::kDone);
  late.attempt = 1;
  late.outcome = Outcome::kFailed;
  run.must(late);
  CHECK(run.last.empty());
  CHECK(run.ended() == "completed");
}

TEST_CASE("an attempt without proof is resolved by VERIFY") {
  auto spec = step("a");
  spec.has_verify = true;
  Driven run({spec});
  run.claim(0);
  run.must(LeaseLost{});
  CHECK(run.state(0) == StepState::kUnknown);
  CHECK(claimable(run.run, run.now) == std::vector<std::size_t>{0});
  run.claim(0);
  CHECK(run.run.steps[0].op == Op::kVerify);
  CHECK(run.state(0) == StepState::kUnknown);
  SECTION("in sync: completed, and never run again") {
    run.report(0, Outcome::kDone);
    CHECK(run.ended() == "completed");
  }
  SECTION("not in effect: run again, the attempt is not spent") {
    run.report(0, Outcome::kDrifted);
    CHECK(run.state(0) == StepState::kReady);
    CHECK(run.run.steps[0].attempt == 0);
  }
  SECTION("could not look: asked again later") {
    run.report(0, Outcome::kRetry, {}, failure(FailureClass::kTransient));
    CHECK(run.state(0) == StepState::kUnknown);
    CHECK(next_due(run.run).has_value());
  }
  SECTION("one of many that were out when hosts died: not condemned") {
    for (int n = 0; n < 20; ++n) {
      run.must(LeaseLost{50});
      CHECK(run.state(0) == StepState::kUnknown);
      run.claim(0);
    }
  }
  SECTION("in a process that was ended because of another call, again and again: not condemned") {
    const int before = run.run.steps[0].blame;
    for (int n = 0; n < 100; ++n) {
      StepReport lost;
      lost.suspects = 1'000'000;
      if (n == 0) run.claim(0);
      lost.attempt = run.run.steps[0].attempts;
      run.must(lost);
      CHECK(run.state(0) == StepState::kUnknown);
      run.claim(0);
      if (n % 2 == 0) continue;
      run.report(0, Outcome::kDrifted);
      run.claim(0);
    }
    CHECK(run.run.steps[0].blame - before <= 100);
  }
  SECTION("why its process ended is said") {
    run.claim(0);
    for (int n = 0; run.state(0) == StepState::kUnknown; ++n) {
      REQUIRE(n < 20);
      run.report(0, Outcome::kLost, {}, failure(FailureClass::kUnknownOutcome));
      if (run.state(0) == StepState::kUnknown) run.claim(0);
    }
    CHECK(run.run.steps[0].failure->code == "host.poisoned");
    CHECK(run.run.steps[0].failure->message.ends_with(failure(FailureClass::kUnknownOutcome).message));
  }
  SECTION("alone when hosts died, again and again: poisoned") {
    int lives = 1;
    for (run.must(LeaseLost{}); run.state(0) == StepState::kUnknown && lives < 20; ++lives) {
      run.claim(0);
      run.report(0, Outcome::kDrifted);
      run.claim(0);
      run.must(LeaseLost{});
    }
    CHECK(lives == 3);
    CHECK(run.state(0) == StepState::kFailed);
    CHECK(run.run.steps[0].failure->code == "host.poisoned");
  }
}

TEST_CASE("in sync but without the output that dependants read, RUN is asked again") {
  auto spec = step("a");
  spec.has_verify = true;
  spec.output_schema = boost::json::object{{"type", "object"}};
  Driven run({spec});
  run.claim(0);
  run.must(LeaseLost{});
  run.claim(0);
  SECTION("no output") {
    run.report(0, Outcome::kDone);
    CHECK(run.state(0) == StepState::kReady);
  }
  SECTION("VERIFY told the output") {
    run.report(0, Outcome::kDone, R"({"x":1})");
    CHECK(run.state(0) == StepState::kCompleted);
    CHECK(*run.run.steps[0].output == R"({"x":1})");
  }
}

TEST_CASE("without VERIFY an unknown step is repeated only if it says that is safe") {
  auto spec = step("a");
  spec.repeatable = GENERATE(true, false);
  Driven run({spec});
  run.claim(0);
  run.must(LeaseLost{});
  CHECK(run.state(0) == (spec.repeatable ? StepState::kReady : StepState::kFailed));
  if (!spec.repeatable) CHECK(run.run.steps[0].failure->cause == FailureClass::kUnknownOutcome);
}

TEST_CASE("a call that ends because the host is ending is not an attempt") {
  Driven run({step("a")});
  run.claim(0);
  StepReport report;
  report.attempt = 1;
  report.outcome = Outcome::kCancelled;
  report.shutdown = true;
  run.must(report);
  CHECK(run.state(0) == StepState::kReady);
  CHECK(run.run.steps[0].attempt == 0);
}

TEST_CASE("retry re-attempts every failed step, continue only the first and what it blocks") {
  // a -> b(fails) -> d; a -> c(not critical, fails) -> e; f is optional, fails, blocks nothing.
  const auto make = [] {
    auto b = step("b", {0});
    auto c = step("c", {0});
    b.critical = c.critical = false;
    auto f = step("f", {0});
    f.optional = true;
    f.critical = false;
    Driven run({step("a"), b, c, f, step("d", {1}), step("e", {2})});
    run.carry_out(0);
    for (const std::size_t i : {1U, 2U, 3U}) run.carry_out(i, Outcome::kFailed);
    REQUIRE(run.ended() == "partial");
    return run;
  };
  auto retried = make();
  REQUIRE(retried.command(Verb::kRetry).has_value());
  CHECK(retried.states() == "completed ready ready ready pending pending");
  CHECK(retried.run.head.epoch == 2);
  REQUIRE(retried.last.operation.has_value());
  CHECK(retried.last.operation->scope == R"({"run":["b","c","f","d","e"],"verify":[],"undo":[],"keep":["a"]})");

  auto continued = make();
  REQUIRE(continued.command(Verb::kContinue).has_value());
  CHECK(continued.states() == "completed ready failed failed pending pending");
  CHECK(continued.last.operation->scope == R"({"run":["b","d"],"verify":[],"undo":[],"keep":["a","c","f","e"]})");
  continued.carry_out(1);
  continued.carry_out(4);
  CHECK(continued.ended() == "partial");
  REQUIRE(continued.command(Verb::kContinue).has_value());
  continued.carry_out(2);
  continued.carry_out(5);
  CHECK(continued.states() == "completed completed completed failed completed completed");
  const auto nothing = continued.command(Verb::kContinue);
  REQUIRE(nothing.has_error());
  CHECK(nothing.error().code == "run.nothing_to_resume");
  CHECK(nothing.error().allowed_verbs ==
        std::vector<std::string>{"start", "retry", "skip-step", "rerun-from", "rollback", "plan", "deprovision"});

  auto named = make();
  REQUIRE(named.command(Verb::kRetry, "c").has_value());
  CHECK(named.states() == "completed failed ready failed pending pending");
}

TEST_CASE("continue looks at finished steps first and runs again what has drifted") {
  auto a = step("a");
  a.has_verify = true;
  Driven run({a, step("b", {0}), step("c", {1})});
  run.carry_out(0);
  run.carry_out(1, Outcome::kFailed);
  REQUIRE(run.ended() == "failed");
  REQUIRE(run.command(Verb::kContinue).has_value());
  CHECK(run.states() == "completed pending pending");
  CHECK(claimable(run.run, run.now) == std::vector<std::size_t>{0});
  run.claim(0);
  CHECK(run.run.steps[0].op == Op::kVerify);
  CHECK(run.state(0) == StepState::kCompleted);
  SECTION("in sync") {
    run.report(0, Outcome::kDone);
    CHECK(run.states() == "completed ready pending");
  }
  SECTION("drifted") {
    run.report(0, Outcome::kDrifted, R"({"drift":[]})");
    CHECK(run.states() == "ready pending pending");
    run.carry_out(0);
    CHECK(run.states() == "completed ready pending");
  }
  SECTION("cannot look, three times: goes on without") {
    for (int n = 0; n < 3; ++n) {
      if (n > 0) run.claim(0);
      run.report(0, Outcome::kRetry, {}, failure(FailureClass::kTransient));
      run.now += 1h;
    }
    CHECK(run.states() == "completed ready pending");
  }
}

TEST_CASE("a step is skipped with a reason, if it is optional or forced") {
  Driven run(diamond());
  run.carry_out(0);
  CHECK(run.command(Verb::kSkipStep, "c").error().code == "skip.no_reason");
  CHECK(run.command(Verb::kSkipStep, "x", "why").error().code == "step.unknown");
  CHECK(run.command(Verb::kSkipStep, "b", "why").error().code == "step.not_optional");
  CHECK(run.command(Verb::kSkipStep, "a", "why").error().code == "step.not_skippable");
  REQUIRE(run.command(Verb::kSkipStep, "c", "no demo data").has_value());
  CHECK(run.states() == "completed ready skipped pending");
  run.claim(1);
  CHECK(run.command(Verb::kSkipStep, "b", "why", true).error().code == "step.not_skippable");
  run.report(1, Outcome::kFailed);
  REQUIRE(run.ended() == "failed");
  REQUIRE(run.command(Verb::kSkipStep, "b", "made by hand", true).has_value());
  CHECK(run.ended() == "failed");  // skipping does not resume
  REQUIRE(run.command(Verb::kContinue).has_value());
  CHECK(run.states() == "completed skipped skipped ready");
  run.carry_out(3);
  CHECK(run.ended() == "completed");
}

TEST_CASE("skipping the last failed step completes a partial run") {
  Driven run(diamond());
  run.carry_out(0);
  run.carry_out(1);
  run.carry_out(2, Outcome::kFailed);
  run.carry_out(3);
  REQUIRE(run.ended() == "partial");
  REQUIRE(run.command(Verb::kSkipStep, "c", "not wanted").has_value());
  CHECK(run.ended() == "completed");
}

TEST_CASE("cancel tells what runs and never begins what has not") {
  Driven run(diamond());
  run.carry_out(0);
  run.claim(1);
  REQUIRE(run.command(Verb::kCancel).has_value());
  CHECK(run.last.cancel == std::vector<std::size_t>{1});
  CHECK(run.ended() == "cancelling");
  CHECK(run.states() == "completed running cancelled cancelled");
  CHECK(run.command(Verb::kCancel).error().kind == tenantry::base::ErrorKind::kConflict);
  SECTION("it stops") {
    run.report(1, Outcome::kCancelled);
    CHECK(run.ended() == "cancelled");
    CHECK(run.states() == "completed cancelled cancelled cancelled");
    REQUIRE(run.command(Verb::kContinue).has_value());
    CHECK(run.states() == "completed ready ready pending");
  }
  SECTION("it had finished all the same") {
    run.report(1, Outcome::kDone);
    CHECK(run.ended() == "cancelled");
    CHECK(run.states() == "completed completed cancelled cancelled");
  }
}

TEST_CASE("each verb is legal in its states only, and a refusal names what is legal") {
  Driven run(diamond());
  CHECK(run.command(Verb::kRetry).error().allowed_verbs ==
        std::vector<std::string>{"skip-step", "cancel", "deprovision"});
  CHECK(run.command(Verb::kContinue).error().code == "run.illegal_verb");
  for (const std::size_t i : {0U, 1U, 2U, 3U}) run.carry_out(i);
  REQUIRE(run.ended() == "completed");
  for (const auto verb : {Verb::kRetry, Verb::kContinue, Verb::kSkipStep, Verb::kCancel}) {
    const auto refused = run.command(verb, "c", "why");
    REQUIRE(refused.has_error());
    CHECK(refused.error().allowed_verbs ==
          std::vector<std::string>{"start", "rerun-from", "rollback", "plan", "deprovision"});
  }
}

TEST_CASE("a checkpoint survives the attempt and goes when the step succeeds") {
  Driven run({step("a")});
  run.claim(0);
  run.must(CheckpointSaved{0, 1, std::make_shared<const std::string>("half")});
  run.report(0, Outcome::kRetry);
  REQUIRE(run.run.steps[0].checkpoint);
  CHECK(*run.run.steps[0].checkpoint == "half");
  run.must(CheckpointSaved{0, 1, std::make_shared<const std::string>("late")});
  CHECK(*run.run.steps[0].checkpoint == "half");
  run.now += 1h;
  run.must(Tick{});
  run.carry_out(0);
  CHECK_FALSE(run.run.steps[0].checkpoint);
}
