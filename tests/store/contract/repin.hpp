// A run that goes on with another version of its engine.
#pragma once
#include "store/contract/contract.hpp"

STORE_CHECK("a run gets another manifest in one change: steps, attempts and parameters follow it") {
  STORE_BACKEND backend;
  Bench bench(backend.store(), 1);
  Dice dice(31);
  auto [run, created] = sample_run("run_1", bench.tenant(0), sample_manifest("old", 3));
  for (auto& step : run.steps) step = dice.step();
  created.attempts = {dice.attempt(0, 1), dice.attempt(1, 1), dice.attempt(1, 2), dice.attempt(2, 1)};
  REQUIRE(bench.create(run, created, kHere, at(10'000)) == Written::kDone);

  // The step that was last is now first, the first is last, the one between is no more, and one is new.
  auto moved = run;
  auto spec = std::make_shared<model::RunSpec>(*run.spec);
  spec->manifest = sample_manifest("new", 3);
  spec->request = R"({"more":1})";
  moved.spec = spec;
  auto change = next_event(moved, "run.repinned");
  change.repin = model::Repin{spec, {2, std::nullopt, 0}};
  moved.head.epoch = 2;
  change.head = moved.head;
  moved.steps = {run.steps[2], model::StepRun{}, run.steps[0]};
  change.attempts = {dice.attempt(0, 2)};
  REQUIRE(bench.write(moved, change, kHere, at(10'000)) == Written::kDone);

  for (const bool restarted : {false, true}) {
    CAPTURE(restarted);
    if (restarted) backend.reopen();
    auto& store = backend.store();
    CHECK(show(*got(store.run(run.spec->id))) == show(moved));
    const auto attempts = got(store.attempts(run.spec->id));
    REQUIRE(attempts.size() == 3);
    CHECK(attempts[0].step == 0);
    CHECK(attempts[0].started_at == created.attempts[3].started_at);
    CHECK(show(attempts[1]) == show(change.attempts[0]));
    CHECK(attempts[2].step == 2);
    CHECK(attempts[2].started_at == created.attempts[0].started_at);
  }
}

STORE_CHECK("a run may change its manifest more than once, and back again") {
  STORE_BACKEND backend;
  Bench bench(backend.store(), 1);
  Dice dice(32);
  auto [run, created] = sample_run("run_1", bench.tenant(0), sample_manifest("old", 2));
  created.attempts = {dice.attempt(0, 1), dice.attempt(1, 1)};
  REQUIRE(bench.create(run, created, kHere, at(10'000)) == Written::kDone);
  for (const auto* name : {"new", "old", "new"}) {
    auto spec = std::make_shared<model::RunSpec>(*run.spec);
    spec->manifest = sample_manifest(name, 2);
    run.spec = spec;
    run.head.epoch += 1;
    auto change = next_event(run, "run.repinned");
    change.repin = model::Repin{spec, {1, 0}};
    std::swap(run.steps[0], run.steps[1]);
    REQUIRE(bench.write(run, change, kHere, at(10'000)) == Written::kDone);
    CHECK(show(*got(backend.store().run(run.spec->id))) == show(run));
  }
  const auto attempts = got(backend.store().attempts(run.spec->id));
  REQUIRE(attempts.size() == 2);
  CHECK(attempts[0].started_at == created.attempts[1].started_at);  // three turns: where it was not
  CHECK(attempts[1].started_at == created.attempts[0].started_at);
}
