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

STORE_CHECK("events are read on from any id: of one run, of a tenant, of an account's tenants, of all") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  Bench bench(store, 3);
  const auto guest = sample_account("guest");
  done(store.create_account(guest));
  const auto theirs = sample_tenant("theirs", guest.id);
  done(store.create_tenant(theirs, {}));
  const auto manifest = sample_manifest("engine", 1);
  std::vector<model::Run> runs;
  for (int i = 0; i < 4; ++i) {
    auto [run, created] = sample_run("run_" + std::to_string(i), i < 3 ? bench.tenant(i) : theirs.id, manifest, at(i));
    REQUIRE(bench.create(run, created, kHere, at(10'000)) == Written::kDone);
    runs.push_back(std::move(run));
  }
  const auto before = got(store.event_range());
  CHECK(before.oldest >= 1);
  CHECK(before.newest - before.oldest == 3);
  for (int round = 0; round < 20; ++round)
    for (auto& run : runs) {
      auto change = next_event(run, "round." + std::to_string(round));
      change.events.back().view = R"({"run":{"progress":33.3}})";
      REQUIRE(bench.write(run, change, kHere, at(10'000)) == Written::kDone);
    }
  const auto newest = got(store.event_range()).newest;
  CHECK(newest == before.newest + 80);

  // Page by page, and the same as in one go.
  const auto read = [&](const store::EventTopic& topic, std::int64_t after, std::int64_t upto, std::size_t limit) {
    std::string shown;
    while (after < upto) {
      const auto page = got(store.events(topic, after, upto, limit));
      REQUIRE(page.covered > after);
      REQUIRE(page.covered <= upto);
      for (const auto& event : page.events) {
        REQUIRE(event.id > after);
        REQUIRE(event.id <= page.covered);
        after = event.id;
        shown += event.run.value + "/" + std::to_string(event.event.number) + " ";
      }
      after = page.covered;
    }
    return shown;
  };
  const store::EventTopic everybody;
  const auto all = read(everybody, 0, newest, 1'000);
  CHECK(all.substr(0, 48) == "run_0/1 run_1/1 run_2/1 run_3/1 run_0/2 run_1/2 ");
  CHECK(read(everybody, 0, newest, 7) == all);
  const store::EventTopic one_run{base::RunId("run_1"), {}, {}};
  CHECK(read(one_run, 0, newest, 1'000).substr(0, 16) == "run_1/1 run_1/2 ");
  CHECK(read(one_run, 0, newest, 3) == read(one_run, 0, newest, 1'000));
  CHECK(read(one_run, before.newest + 40, newest, 4) == read(one_run, before.newest + 40, newest, 1'000));
  CHECK(read({{}, bench.tenant(1), {}}, 0, newest, 4) == read(one_run, 0, newest, 1'000));
  CHECK(read({{}, {}, guest.id}, 0, newest, 4) == read({base::RunId("run_3"), {}, {}}, 0, newest, 1'000));
  CHECK(read({{}, {}, sample_account("owner").id}, 0, newest, 4).find("run_3") == std::string::npos);
  CHECK(read(everybody, newest - 2, newest, 10) == "run_2/21 run_3/21 ");
  CHECK(read(everybody, before.newest, before.newest + 1, 10) == "run_0/2 ");

  const auto look = got(store.look_at_events(newest - 3, 2));
  REQUIRE(look.events.size() == 2);
  CHECK(look.events.front().id == newest - 2);
  CHECK(look.events.front().tenant == bench.tenant(1));
  CHECK(look.events.front().event.view == R"({"run":{"progress":33.3}})");
  CHECK((look.writers.next == 0 || look.writers.oldest <= look.writers.next));
  CHECK(got(store.look_at_events(newest, 10)).events.empty());
}
