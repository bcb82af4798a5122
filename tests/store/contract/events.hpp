// The events of a run and of a tenant, as they are read back.
#pragma once
#include "store/contract/contract.hpp"

STORE_CHECK("events of a run are read in order, without gaps, from any number on") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  Bench bench(store, 1);
  auto [run, created] = sample_run("run_1", bench.tenant(0), sample_manifest("engine", 1));
  REQUIRE(bench.create(run, created, kHere, at(10'000)) == Written::kDone);
  for (int i = 0; i < 50; ++i) {
    auto change = next_event(run, "a");
    change.events.push_back({++run.head.events, "step_0", "b", R"({"n":1})", at(i)});
    change.head = run.head;
    REQUIRE(bench.write(run, change, kHere, at(10'000)) == Written::kDone);
  }
  backend.reopen();
  const auto all = got(backend.store().run_events(run.spec->id, 0, 1'000));
  REQUIRE(all.size() == 101);
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(all[i].event.number == static_cast<std::int64_t>(i) + 1);
    if (i > 0) CHECK(all[i].id > all[i - 1].id);
  }
  const auto some = got(backend.store().run_events(run.spec->id, 40, 7));
  REQUIRE(some.size() == 7);
  CHECK(some.front().event.number == 41);
  CHECK(some.back().event.number == 47);
  CHECK(got(backend.store().run_events(run.spec->id, 101, 7)).empty());
}

STORE_CHECK("a tenant's newest events come from all of its runs, oldest first") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  Bench bench(store, 2);
  const auto manifest = sample_manifest("engine", 1);
  auto [first, first_created] = sample_run("run_1", bench.tenant(0), manifest, at(100));
  auto [second, second_created] = sample_run("run_2", bench.tenant(0), manifest, at(200));
  auto [foreign, foreign_created] = sample_run("run_3", bench.tenant(1), manifest, at(300));
  REQUIRE(bench.create(first, first_created, kHere, at(10'000)) == Written::kDone);
  REQUIRE(bench.create(foreign, foreign_created, kHere, at(10'000)) == Written::kDone);
  auto change = set_state(first, model::RunState::kFailed);
  REQUIRE(bench.write(first, change, kHere, at(10'000)) == Written::kDone);
  REQUIRE(bench.create(second, second_created, kHere, at(10'000)) == Written::kDone);
  change = set_state(second, model::RunState::kCompleted);
  REQUIRE(bench.write(second, change, kHere, at(10'000)) == Written::kDone);
  change = next_event(first, "run.verified");
  REQUIRE(bench.write(first, change, kHere, at(10'000)) == Written::kDone);

  const auto text = [&](std::size_t limit) {
    std::string shown;
    for (const auto& e : got(store.tenant_events(bench.tenant(0), limit)))
      shown += e.run.value + "/" + std::to_string(e.event.number) + " ";
    return shown;
  };
  CHECK(text(100) == "run_1/1 run_1/2 run_2/1 run_2/2 run_1/3 ");
  CHECK(text(3) == "run_2/1 run_2/2 run_1/3 ");
  CHECK(text(1) == "run_1/3 ");
}
