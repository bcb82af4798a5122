// Commands that one host leaves for another.
#pragma once
#include "store/contract/contract.hpp"

STORE_CHECK(
    "a command for another host's run reaches its owner, in order and whole, and is answered by its operation") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  Bench bench(store, 2);
  auto [run, created] = sample_run("run_1", bench.tenant(0), sample_manifest("engine", 1));
  auto [other, other_created] = sample_run("run_2", bench.tenant(1), sample_manifest("engine", 1));
  REQUIRE(bench.create(run, created, kHere, at(10'000)) == Written::kDone);
  REQUIRE(bench.create(other, other_created, kThere, at(10'000)) == Written::kDone);
  const auto command = [](const std::string& id, model::Verb verb) {
    model::Command made;
    made.id = base::OperationId(id);
    made.verb = verb;
    made.step = "a step";
    made.actor = "acc_1";
    made.reason = "it's \"because\" ü";
    made.force = true;
    made.downstream = true;
    return made;
  };
  using State = store::Handed::State;
  CHECK(got(store.handed(base::OperationId("op_b"), at(1'000))).state == State::kUnknown);
  done(store.hand_over({run.spec->id, command("op_b", model::Verb::kPause)}, at(2'000), at(0)));
  done(store.hand_over({run.spec->id, command("op_a", model::Verb::kSkipStep)}, at(1'000), at(0)));
  CHECK(got(store.handed(base::OperationId("op_b"), at(2'000))).state == State::kWaiting);
  CHECK(got(store.handed(base::OperationId("op_b"), at(10'000))).state == State::kOwnerless);

  CHECK(got(store.take_handed(kThere, at(0))).empty());
  CHECK(got(store.take_handed(kHereLater, at(0))).empty());
  CHECK(got(store.take_handed(kHere, at(2'001))).empty());
  CHECK(got(store.take_handed(kHere, at(2'000))).size() == 1);
  const auto taken = got(store.take_handed(kHere, at(1'000)));
  REQUIRE(taken.size() == 2);
  CHECK(taken[0].run == run.spec->id);
  CHECK(taken[0].command.id.value == "op_a");
  CHECK(taken[0].command.verb == model::Verb::kSkipStep);
  CHECK(taken[0].command.step == "a step");
  CHECK(taken[0].command.actor == "acc_1");
  CHECK(taken[0].command.reason == "it's \"because\" ü");
  CHECK(taken[0].command.force);
  CHECK(taken[0].command.downstream);
  CHECK(taken[1].command.id.value == "op_b");

  SECTION("accepted: with the write of the operation") {
    auto change = next_event(run, "run.paused");
    change.operation = Dice(1).operation(run);
    change.operation->id = base::OperationId("op_b");
    REQUIRE(bench.write(run, change, kHere, at(10'000), 7) == Written::kLost);
    CHECK(got(store.handed(base::OperationId("op_b"), at(2'000))).state == State::kWaiting);
    REQUIRE(bench.write(run, change, kHere, at(10'000)) == Written::kDone);
    CHECK(got(store.handed(base::OperationId("op_b"), at(2'000))).state == State::kDone);
    CHECK(got(store.take_handed(kHere, at(0))).size() == 1);
  }
  SECTION("refused: with the whole error") {
    const base::Error error{
        base::ErrorKind::kConflict, "a.code", "It's \"so\".", "Do that.", {{"/x", "y"}}, {"cancel"}};
    done(store.refuse_handed(base::OperationId("op_a"), error));
    const auto answer = got(store.handed(base::OperationId("op_a"), at(2'000)));
    CHECK(answer.state == State::kRefused);
    CHECK(answer.refusal.kind == error.kind);
    CHECK(answer.refusal.code == error.code);
    CHECK(answer.refusal.message == error.message);
    CHECK(answer.refusal.next_action == error.next_action);
    CHECK(answer.refusal.problems == error.problems);
    CHECK(answer.refusal.allowed_verbs == error.allowed_verbs);
    CHECK(got(store.take_handed(kHere, at(0))).size() == 1);
    CHECK(got(store.take_back(base::OperationId("op_a"))));
    CHECK(got(store.handed(base::OperationId("op_a"), at(2'000))).state == State::kUnknown);
  }
  SECTION("taken back: only before its owner has it") {
    CHECK_FALSE(got(store.take_back(base::OperationId("op_a"))));
    done(store.hand_over({run.spec->id, command("op_c", model::Verb::kPause)}, at(3'000), at(0)));
    CHECK(got(store.take_back(base::OperationId("op_c"))));
    CHECK_FALSE(got(store.take_back(base::OperationId("op_c"))));
    CHECK(got(store.take_handed(kHere, at(3'000))).empty());
  }
  SECTION("its owner dies: the next one gets it") {
    REQUIRE(got(store.claim_runs(kThere, at(10'000), at(20'000), 10)).size() == 1);
    CHECK(got(store.take_handed(kHere, at(0))).empty());
    CHECK(got(store.take_handed(kThere, at(0))).size() == 2);
    CHECK(got(store.handed(base::OperationId("op_b"), at(10'000))).state == State::kWaiting);
  }
  SECTION("its run ends: nobody gets it") {
    REQUIRE(bench.write(run, set_state(run, model::RunState::kCompleted), kHere, at(10'000)) == Written::kDone);
    CHECK(got(store.take_handed(kHere, at(0))).empty());
    CHECK(got(store.handed(base::OperationId("op_b"), at(2'000))).state == State::kOwnerless);
  }
  SECTION("after a time it is forgotten") {
    done(store.hand_over({run.spec->id, command("op_c", model::Verb::kPause)}, at(9'000), at(2'000)));
    CHECK(got(store.handed(base::OperationId("op_a"), at(2'000))).state == State::kUnknown);
    CHECK(got(store.handed(base::OperationId("op_b"), at(2'000))).state == State::kWaiting);
  }
}

STORE_CHECK("the calls that were out when a life ended are counted once, whoever takes how many of its runs over") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  Bench bench(store, 4);
  const auto manifest = sample_manifest("engine", 3);
  for (int i = 0; i < 4; ++i) {
    auto [run, created] = sample_run("run_" + std::to_string(i), bench.tenant(i), manifest);
    run.steps[0].in_flight = true;
    run.steps[2].in_flight = i == 3;
    REQUIRE(bench.create(run, created, kHere, at(10'000)) == Written::kDone);
  }
  SECTION("it died") {
    CHECK(got(store.claim_runs(kThere, at(10'000), at(20'000), 2)).front().suspects == 5);
    CHECK(got(store.claim_run(base::RunId("run_2"), {"host-c", "boot"}, at(10'000), at(20'000))).suspects == 5);
    CHECK(got(store.claim_runs(kHereLater, at(10'000), at(20'000), 2)).front().suspects == 5);
  }
  SECTION("it ended in order: nothing is to blame") {
    done(store.release_runs(kHere));
    CHECK(got(store.claim_runs(kThere, at(1'000), at(20'000), 1)).front().suspects >= 1'000);
  }
}
