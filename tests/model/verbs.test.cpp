// rerun-from, pause, kill, rollback, verify, deprovision: each on a small graph.
#include "fixture.hpp"

using namespace tenantry::model;
using namespace tenantry::model::test;
using namespace std::chrono_literals;

namespace {

StepSpec undoable(std::string id, std::vector<std::size_t> after = {}) {
  auto spec = step(std::move(id), std::move(after));
  spec.has_undo = true;
  return spec;
}

StepSpec verifiable(std::string id, std::vector<std::size_t> after = {}) {
  auto spec = undoable(std::move(id), std::move(after));
  spec.has_verify = true;
  return spec;
}

// The names of what is being or may be taken back now.
std::string claims(const Driven& run) {
  std::string names;
  for (const auto i : claimable(run.run, run.now)) names += (names.empty() ? "" : " ") + run.run.manifest().steps[i].id;
  return names;
}

const Event& event(const Driven& run, const std::string& type) {
  for (const auto& one : run.last.events)
    if (one.type == type) return one;
  FAIL("no event " << type);
  return run.last.events.front();
}

Driven completed(std::vector<StepSpec> steps) {
  Driven run(std::move(steps));
  for (std::size_t i = 0; i < run.run.steps.size(); ++i) run.carry_out(i);
  REQUIRE(run.ended() == "completed");
  return run;
}

}  // namespace

TEST_CASE("a rollback takes back what was completed, the last first, and names what stays") {
  // site <- app <- data; exists is of somebody else; note has no UNDO.
  Driven run(
      {undoable("site"), undoable("app", {0}), undoable("data", {1}), undoable("exists", {0}), step("note", {0})});
  run.carry_out(0);
  run.carry_out(1);
  run.carry_out(2);
  run.carry_out(3, Outcome::kAlreadyDone);
  run.carry_out(4);
  REQUIRE(run.ended() == "completed");
  Command asked;
  asked.verb = Verb::kRollback;
  const auto scope = preview(run.run, asked);
  REQUIRE(scope.has_value());
  CHECK(scope->undo == std::vector<std::size_t>{2, 1, 0});
  CHECK(scope->keep == std::vector<std::size_t>{3, 4});
  CHECK(scope->left == std::vector<std::size_t>{4});
  REQUIRE(run.command(Verb::kRollback).has_value());
  CHECK(run.ended() == "compensating");
  CHECK(run.last.operation->scope ==
        R"({"run":[],"verify":[],"undo":["data","app","site"],"keep":["exists","note"],"left_behind":["note"]})");
  CHECK(progress(run.run) == 0.0);
  CHECK(claims(run) == "data");
  run.carry_out(2);
  CHECK(run.run.steps[2].op == Op::kUndo);
  CHECK(run.state(2) == StepState::kCancelled);
  CHECK(run.run.steps[2].message == "Taken back.");
  CHECK(claims(run) == "app");
  run.carry_out(1);
  run.carry_out(0, Outcome::kAlreadyDone);
  CHECK(run.ended() == "compensated");
  CHECK(run.states() == "cancelled cancelled cancelled exists completed");
  CHECK(event(run, "run.compensated").data ==
        R"({"undone":["site","app","data"],"left_behind":["note"],"failed":[],"removed":false,"epoch":2})");
  CHECK(run.command(Verb::kRollback).error().code == "run.illegal_verb");
  CHECK(run.command(Verb::kRetry).error().code == "run.illegal_verb");
}

TEST_CASE("UNDO is tried again as its policy says, and a rollback that failed can be asked again") {
  auto run = completed({undoable("a"), undoable("b", {0}), undoable("c")});
  REQUIRE(run.command(Verb::kRollback).has_value());
  CHECK(claims(run) == "b c");
  for (int n = 1; n <= 3; ++n) {
    CHECK(run.state(1) == StepState::kCompleted);
    run.claim(1);
    run.report(1, Outcome::kRetry, {}, failure(FailureClass::kTransient));
    if (n == 3) break;
    CHECK(run.run.steps[1].wait_reason == WaitReason::kBackoff);
    CHECK(claims(run) == "c");
    CHECK(next_due(run.run) == run.run.steps[1].due_at);
    run.now = *next_due(run.run);
    run.must(Tick{});
    CHECK_FALSE(next_due(run.run).has_value());
  }
  CHECK(run.state(1) == StepState::kFailed);
  CHECK(run.run.steps[1].failure->next_action == "Wait a moment, then roll back again.");
  CHECK(claims(run) == "c");  // a stays: b is built on it
  run.carry_out(2);
  CHECK(run.ended() == "compensation_failed");
  CHECK(run.states() == "completed failed cancelled");
  CHECK(event(run, "run.compensation_failed").data ==
        R"({"undone":["c"],"left_behind":[],"failed":["b"],"removed":false,"epoch":2})");
  REQUIRE(run.command(Verb::kRollback).has_value());
  CHECK(claims(run) == "b");
  run.carry_out(1);
  run.carry_out(0);
  CHECK(run.ended() == "compensated");
  CHECK(progress(run.run) == 100.0);
}

TEST_CASE("a server that is down costs an UNDO no attempt") {
  auto a = undoable("a");
  a.retry.attempts = 1;
  auto run = completed({a});
  REQUIRE(run.command(Verb::kRollback).has_value());
  for (int n = 0; n < 10; ++n) {
    run.claim(0);
    run.report(0, Outcome::kRetry, {}, failure(FailureClass::kEngineUnavailable));
    REQUIRE(run.ended() == "compensating");
    CHECK(run.run.steps[0].attempt == 0);
    run.now = *next_due(run.run);
    run.must(Tick{});
  }
  run.carry_out(0);
  CHECK(run.ended() == "compensated");
}

TEST_CASE("a host that dies during an UNDO asks it again; one that dies again and again does not") {
  auto run = completed({undoable("a")});
  REQUIRE(run.command(Verb::kRollback).has_value());
  run.claim(0);
  run.must(LeaseLost{});
  CHECK(run.ended() == "compensating");
  CHECK(run.run.steps[0].attempt == 0);
  CHECK(claims(run) == "a");
  SECTION("and it works") {
    run.carry_out(0);
    CHECK(run.ended() == "compensated");
  }
  SECTION("and it kills") {
    run.claim(0);
    run.must(LeaseLost{});
    run.claim(0);
    run.must(LeaseLost{});
    CHECK(run.ended() == "compensation_failed");
    CHECK(run.run.steps[0].failure->code == "host.poisoned");
  }
}

TEST_CASE("what a killed attempt did is looked at before anything is taken back") {
  Driven run({verifiable("a"), undoable("b")});
  run.claim(0);
  run.claim(1);
  REQUIRE(run.command(Verb::kCancel).has_value());
  CHECK(run.command(Verb::kPause).error().allowed_verbs == std::vector<std::string>{"kill", "deprovision"});
  REQUIRE(run.command(Verb::kKill).has_value());
  CHECK(run.ended() == "cancelled");
  CHECK(run.states() == "unknown unknown");
  CHECK(run.last.attempts.size() == 2);
  CHECK(run.run.steps[0].failure->code == "host.killed");
  SECTION("rollback") {
    REQUIRE(run.command(Verb::kRollback).has_value());
    CHECK(run.last.operation->scope == R"({"run":[],"verify":["a"],"undo":[],"keep":["b"],"left_behind":["b"]})");
    CHECK(claims(run) == "a");
    run.claim(0);
    CHECK(run.run.steps[0].op == Op::kVerify);
    SECTION("it had taken effect") {
      run.report(0, Outcome::kDone);
      CHECK(claims(run) == "a");
      run.carry_out(0);
      CHECK(run.ended() == "compensated");
      CHECK(run.states() == "cancelled unknown");
    }
    SECTION("it had not") {
      run.report(0, Outcome::kDrifted);
      CHECK(run.ended() == "compensated");
      CHECK(run.run.steps[0].undo == Undo::kLeft);
    }
    SECTION("it was there before") {
      run.report(0, Outcome::kAlreadyDone);
      CHECK(run.ended() == "compensated");
      CHECK(run.state(0) == StepState::kExists);
    }
  }
  SECTION("retry") {
    REQUIRE(run.command(Verb::kRetry).has_value());
    CHECK(run.last.operation->scope == R"({"run":["b"],"verify":["a"],"undo":[],"keep":[]})");
    CHECK(run.states() == "unknown ready");
    run.carry_out(0);
    CHECK(run.run.steps[0].op == Op::kVerify);
    run.carry_out(1);
    CHECK(run.ended() == "completed");
  }
}

TEST_CASE("a rollback that is cancelled leaves a run that can be retried") {
  auto run = completed({verifiable("a"), verifiable("b", {0}), undoable("c", {1})});
  REQUIRE(run.command(Verb::kRollback).has_value());
  run.carry_out(2);
  run.claim(1);
  REQUIRE(run.command(Verb::kCancel).has_value());
  CHECK(run.last.cancel == std::vector<std::size_t>{1});
  run.report(1, Outcome::kCancelled);
  CHECK(run.states() == "completed unknown cancelled");  // how much is gone only VERIFY knows
  run.carry_out(1);
  CHECK(run.ended() == "cancelled");
  CHECK(run.states() == "completed completed cancelled");
  REQUIRE(run.command(Verb::kRetry).has_value());
  CHECK(run.states() == "completed completed ready");
}

TEST_CASE("rerun-from runs the step again, with what is reachable from it if asked, and nothing else") {
  auto run = completed({step("a"), step("b", {0}), step("c", {0}), step("d", {1})});
  Command again;
  again.verb = Verb::kRerunFrom;
  CHECK(run.give(again).error().code == "step.missing");
  again.step = "b";
  SECTION("alone") {
    run.must(again);
    CHECK(run.states() == "completed ready completed completed");
    run.carry_out(1, Outcome::kAlreadyDone);
    CHECK(run.states() == "completed completed completed completed");  // it is still this run's work
  }
  SECTION("with what is built on it") {
    again.downstream = true;
    run.must(again);
    CHECK(run.states() == "completed ready completed pending");
    CHECK(run.last.operation->scope == R"({"run":["b","d"],"verify":[],"undo":[],"keep":["a","c"]})");
    run.carry_out(1);
    run.carry_out(3);
  }
  CHECK(run.ended() == "completed");
  REQUIRE(run.command(Verb::kRollback).has_value());
  CHECK(run.ended() == "compensated");  // none of these has an UNDO
  REQUIRE(run.run.steps[0].undo == Undo::kLeft);
}

TEST_CASE("rerun-from refuses a step whose predecessor is not ok") {
  auto run = completed({undoable("a"), undoable("b", {0})});
  REQUIRE(run.command(Verb::kRollback).has_value());
  run.carry_out(1);
  run.carry_out(0);
  CHECK(run.command(Verb::kRerunFrom, "b").error().code == "step.blocked");
  REQUIRE(run.command(Verb::kRerunFrom, "a").has_value());
  run.carry_out(0);
  CHECK(run.states() == "completed cancelled");
  CHECK(run.ended() == "cancelled");
}

TEST_CASE("a paused run claims nothing, lets what runs finish, and goes on") {
  Driven run({step("a"), step("b"), step("c", {0})});
  run.claim(0);
  REQUIRE(run.command(Verb::kPause).has_value());
  CHECK(run.ended() == "paused");
  CHECK(run.run.steps[1].wait_reason == WaitReason::kPaused);
  CHECK(claims(run).empty());
  run.report(0, Outcome::kDone);
  CHECK(run.states() == "completed ready ready");
  CHECK(run.run.steps[2].wait_reason == WaitReason::kPaused);
  CHECK(claims(run).empty());
  REQUIRE(run.command(Verb::kResume).has_value());
  CHECK(run.run.steps[1].wait_reason == WaitReason::kNone);
  CHECK(claims(run) == "b c");
}

TEST_CASE("a step of a paused run that waited for its time waits for the run when that has come") {
  Driven run({step("a")});
  run.claim(0);
  run.report(0, Outcome::kRetry, {}, failure(FailureClass::kTransient));
  REQUIRE(run.command(Verb::kPause).has_value());
  CHECK(run.run.steps[0].wait_reason == WaitReason::kBackoff);
  run.now = *next_due(run.run);
  run.must(Tick{});
  CHECK(run.state(0) == StepState::kReady);
  CHECK(run.run.steps[0].wait_reason == WaitReason::kPaused);
  CHECK_FALSE(next_due(run.run).has_value());
  CHECK(claims(run).empty());
  REQUIRE(run.command(Verb::kResume).has_value());
  CHECK(claims(run) == "a");
}

TEST_CASE("verify says what has drifted and changes nothing else") {
  auto run = completed({verifiable("a"), verifiable("b"), undoable("c")});
  REQUIRE(run.command(Verb::kVerify).has_value());
  CHECK(run.ended() == "completed");
  CHECK(is_active(run.run.head));
  CHECK(run.command(Verb::kStart).error().allowed_verbs == std::vector<std::string>{"cancel", "deprovision"});
  CHECK(claims(run) == "a b");
  run.carry_out(0);
  SECTION("all as it was left") {
    run.carry_out(1);
    CHECK(run.run.head.condition == Condition::kInSync);
    CHECK(event(run, "run.verified").data == R"({"condition":"InSync","drifted":[]})");
  }
  SECTION("something differs") {
    run.claim(1);
    run.report(1, Outcome::kDrifted, R"({"drift":[{"what":"x","expected":1,"found":2}]})");
    CHECK(run.run.head.condition == Condition::kDrifted);
    REQUIRE(run.run.steps[1].drift);
    CHECK(*run.run.steps[1].drift == R"({"drift":[{"what":"x","expected":1,"found":2}]})");
    CHECK(event(run, "run.verified").data == R"({"condition":"Drifted","drifted":["b"]})");
  }
  SECTION("nobody can look") {
    for (int n = 0; n < 3; ++n) {
      run.claim(1);
      run.report(1, Outcome::kRetry, {}, failure(FailureClass::kTransient));
      run.now += 1h;
    }
    CHECK(run.run.head.condition == Condition::kUnknown);
  }
  SECTION("it is stopped") {
    run.claim(1);
    REQUIRE(run.command(Verb::kCancel).has_value());
    CHECK(run.last.cancel == std::vector<std::size_t>{1});
    run.report(1, Outcome::kCancelled);
    CHECK(run.run.head.condition == Condition::kUnknown);
  }
  CHECK(run.ended() == "completed");
  CHECK(run.states() == "completed completed completed");
  CHECK_FALSE(is_active(run.run.head));
  CHECK(run.run.head.epoch == 1);
}

TEST_CASE("deprovision ends what runs, takes back what any run made, and closes the run") {
  Run earlier = completed({undoable("a"), undoable("b", {0})}).run;
  Driven run({undoable("a"), undoable("b", {0}), undoable("c", {1})});
  run.run = new_run(run.run.spec, Command{}, kStart, &earlier).first;
  run.carry_out(0, Outcome::kAlreadyDone);
  run.carry_out(1, Outcome::kAlreadyDone);
  SECTION("a rollback alone leaves what an earlier run made") {
    run.carry_out(2);
    REQUIRE(run.command(Verb::kRollback).has_value());
    run.carry_out(2);
    CHECK(run.states() == "exists exists cancelled");
    CHECK(run.ended() == "compensated");
    REQUIRE(run.command(Verb::kDeprovision).has_value());
  }
  SECTION("while a step runs") {
    run.claim(2);
    REQUIRE(run.command(Verb::kDeprovision).has_value());
    CHECK(run.ended() == "cancelling");
    CHECK(run.last.cancel == std::vector<std::size_t>{2});
    CHECK(run.command(Verb::kRetry).has_error());
    run.report(2, Outcome::kCancelled);
    CHECK(run.states() == "exists exists cancelled");
  }
  CHECK(run.ended() == "compensating");
  run.carry_out(1);
  run.carry_out(0);
  CHECK(run.ended() == "compensated");
  CHECK(is_removed(run.run.head));
  CHECK(event(run, "run.compensated").data.find("\"removed\":true") != std::string::npos);
  CHECK(allowed_verbs(run.run).empty());
}

TEST_CASE("a deprovision whose UNDO failed is asked again") {
  auto run = completed({undoable("a")});
  REQUIRE(run.command(Verb::kDeprovision).has_value());
  run.carry_out(0, Outcome::kFailed);
  CHECK(run.ended() == "compensation_failed");
  CHECK_FALSE(is_removed(run.run.head));
  REQUIRE(run.command(Verb::kDeprovision).has_value());
  run.carry_out(0);
  CHECK(is_removed(run.run.head));
}
