// What a write may change and when: all of it or nothing, by the current owner, one active run of a tenant.
#pragma once
#include <atomic>
#include <latch>
#include <thread>

#include "store/contract/contract.hpp"

STORE_CHECK("a write with a stale token changes nothing and does not disturb its neighbours") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  Bench bench(store, 3);
  const auto manifest = sample_manifest("engine", 2);
  std::vector<Started> runs;
  for (int i = 0; i < 3; ++i) {
    runs.push_back(sample_run("run_" + std::to_string(i), bench.tenant(i), manifest));
    REQUIRE(bench.create(runs.back().run, runs.back().change, kHere, at(10'000)) == Written::kDone);
  }
  const auto taken = got(store.claim_run(base::RunId("run_1"), kHereLater, at(1'000), at(10'000)));
  REQUIRE(taken.token > 1);
  const auto before = everything(store, base::RunId("run_1"));

  Dice dice(3);
  std::vector<model::Change> changes;
  std::vector<RunWrite> writes;
  for (auto& started : runs) {
    auto& change = changes.emplace_back(next_event(started.run, "late"));
    started.run.steps[0] = dice.step();
    change.steps.emplace_back(0, started.run.steps[0]);
    change.attempts.push_back(dice.attempt(0, 1));
    change.operation = dice.operation(started.run);
  }
  for (std::size_t i = 0; i < 3; ++i) writes.push_back({&runs[i].run, &changes[i], 1, false});
  const auto written = got(store.write(writes, kHere, at(10'000)));
  CHECK(written == std::vector{Written::kDone, Written::kLost, Written::kDone});
  CHECK(everything(store, base::RunId("run_1")) == before);
  CHECK_FALSE(got(store.operation(changes[1].operation->id)).has_value());
  for (const std::size_t i : {0U, 2U}) {
    CHECK(show(*got(store.run(runs[i].run.spec->id))) == show(runs[i].run));
    CHECK(got(store.operation(changes[i].operation->id)).has_value());
  }
  // The new owner goes on.
  auto mine = taken.run;
  const auto change = next_event(mine, "mine");
  CHECK(bench.write(mine, change, kHereLater, at(10'000), taken.token) == Written::kDone);
}

STORE_CHECK("a run that is not there is lost, and an id is created once") {
  STORE_BACKEND backend;
  Bench bench(backend.store(), 2);
  auto [run, created] = sample_run("run_1", bench.tenant(0), sample_manifest("engine", 1));
  CHECK(bench.write(run, created, kHere, at(10'000)) == Written::kLost);
  CHECK(bench.create(run, created, kHere, at(10'000)) == Written::kDone);
  const auto before = everything(backend.store(), run.spec->id);
  auto [twin, twin_created] = sample_run("run_1", bench.tenant(1), sample_manifest("engine", 1));
  CHECK(bench.create(twin, twin_created, kHere, at(10'000)) == Written::kLost);
  CHECK(everything(backend.store(), run.spec->id) == before);
}

STORE_CHECK("many new runs in one write are each made or not by themselves, beside the changes of others") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  Bench bench(store, 5);
  const auto manifest = sample_manifest("engine", 3);
  Started going = sample_run("run_going", bench.tenant(0), manifest);
  const Started active = sample_run("run_active", bench.tenant(1), manifest);
  for (const Started* one : {static_cast<const Started*>(&going), &active})
    REQUIRE(bench.create(one->run, one->change, kHere, at(10'000)) == Written::kDone);
  const auto before = everything(store, active.run.spec->id);

  Dice dice(5);
  std::vector<Started> fresh;
  for (const auto& [id, tenant] : {std::pair{"run_a", 2}, {"run_b", 1}, {"run_c", 3}, {"run_d", 3}, {"run_active", 4}})
    fresh.push_back(sample_run(id, bench.tenant(tenant), tenant == 3 ? sample_manifest("other", 2) : manifest));
  for (auto& one : fresh) {
    for (auto& step : one.run.steps) step = dice.step();
    one.change.attempts.push_back(dice.attempt(1, 1));
    one.change.operation = dice.operation(one.run);
  }
  auto changed = next_event(going.run, "late");
  going.run.steps[2] = dice.step();
  changed.steps.emplace_back(2, going.run.steps[2]);
  std::vector<RunWrite> writes;
  for (const auto& one : fresh) writes.push_back({&one.run, &one.change, 1, true});
  writes.push_back({&going.run, &changed, 1, false});

  CHECK(got(store.write(writes, kHere, at(10'000))) == std::vector{Written::kDone, Written::kTenantBusy, Written::kDone,
                                                                   Written::kTenantBusy, Written::kLost,
                                                                   Written::kDone});
  CHECK(show(*got(store.run(going.run.spec->id))) == show(going.run));
  CHECK(everything(store, active.run.spec->id) == before);
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    const auto& [run, change] = fresh[i];
    const bool made = i == 0 || i == 2;
    CHECK(got(store.operation(change.operation->id)).has_value() == made);
    if (i == 4) continue;
    const auto stored = got(store.run(run.spec->id));
    REQUIRE(stored.has_value() == made);
    if (!made) continue;
    CHECK(show(*stored) == show(run));
    CHECK(show(got(store.attempts(run.spec->id)).at(0)) == show(change.attempts[0]));
    CHECK(got(store.run_events(run.spec->id, 0, 10)).size() == change.events.size());
  }
  // Who was refused may be made later.
  REQUIRE(bench.write(fresh[2].run, set_state(fresh[2].run, model::RunState::kCompleted), kHere, at(10'000)) ==
          Written::kDone);
  CHECK(bench.create(fresh[3].run, fresh[3].change, kHere, at(10'000)) == Written::kDone);
}

STORE_CHECK("of 100 starts of one tenant from 16 threads exactly one is done") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  Bench bench(store, 1);
  const auto manifest = sample_manifest("engine", 3);
  std::atomic<int> next{0};
  std::atomic<int> created{0};
  std::atomic<int> busy{0};
  std::atomic<int> other{0};
  std::latch ready(16);
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t)
    threads.emplace_back([&] {
      ready.arrive_and_wait();
      for (int i = next++; i < 100; i = next++) {
        const auto [run, change] = sample_run("run_" + std::to_string(i), bench.tenant(0), manifest);
        const RunWrite write{&run, &change, 1, true};
        const auto written = store.write({&write, 1}, kHere, at(10'000));
        if (!written.has_value())
          ++other;
        else if (written->front() == Written::kDone)
          ++created;
        else if (written->front() == Written::kTenantBusy)
          ++busy;
        else
          ++other;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(created == 1);
  CHECK(busy == 99);
  CHECK(other == 0);
  CHECK(got(store.tenant_events(bench.tenant(0), 1'000)).size() == 1);
}

STORE_CHECK("a finished run makes room for the next, and may be woken only while no other is active") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  Bench bench(store, 1);
  const auto manifest = sample_manifest("engine", 2);
  auto [first, first_created] = sample_run("run_1", bench.tenant(0), manifest, at(100));
  auto [second, second_created] = sample_run("run_2", bench.tenant(0), manifest, at(200));
  REQUIRE(bench.create(first, first_created, kHere, at(10'000)) == Written::kDone);
  CHECK(bench.create(second, second_created, kHere, at(10'000)) == Written::kTenantBusy);
  CHECK_FALSE(got(store.run(second.spec->id)).has_value());
  CHECK(got(store.newest_run(bench.tenant(0)))->spec->id == first.spec->id);

  const auto failed = set_state(first, model::RunState::kFailed);
  REQUIRE(bench.write(first, failed, kHere, at(10'000)) == Written::kDone);
  CHECK(bench.create(second, second_created, kHere, at(10'000)) == Written::kDone);
  CHECK(got(store.newest_run(bench.tenant(0)))->spec->id == second.spec->id);

  const auto before = everything(store, first.spec->id);
  auto woken = first;
  auto retry = set_state(woken, model::RunState::kRunning);
  woken.steps[0].attempt = 7;
  retry.steps.emplace_back(0, woken.steps[0]);
  CHECK(bench.write(woken, retry, kHere, at(10'000)) == Written::kTenantBusy);
  CHECK(everything(store, first.spec->id) == before);

  // A finished run may still be written to as long as it stays finished.
  const auto noted = next_event(first, "run.verified");
  CHECK(bench.write(first, noted, kHere, at(10'000)) == Written::kDone);
  woken = first;
  retry = set_state(woken, model::RunState::kRunning);

  const auto completed = set_state(second, model::RunState::kCompleted);
  REQUIRE(bench.write(second, completed, kHere, at(10'000)) == Written::kDone);
  CHECK(bench.write(woken, retry, kHere, at(10'000)) == Written::kDone);
  CHECK(show(*got(store.run(first.spec->id))) == show(woken));
  CHECK(got(store.newest_run(bench.tenant(0)))->spec->id == second.spec->id);
}

STORE_CHECK("threads write different runs while readers see only whole changes") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  constexpr int kWriters = 8;
  constexpr int kChanges = 40;
  Bench bench(store, kWriters);
  const auto manifest = sample_manifest("engine", 3);
  std::vector<Started> runs;
  for (int i = 0; i < kWriters; ++i) {
    runs.push_back(sample_run("run_" + std::to_string(i), bench.tenant(i), manifest));
    REQUIRE(bench.create(runs.back().run, runs.back().change, kHere, at(10'000)) == Written::kDone);
  }
  std::atomic<int> running{kWriters};
  std::atomic<int> failures{0};
  std::atomic<int> torn{0};
  std::atomic<int> stale{0};
  std::vector<std::thread> threads;
  for (auto& started : runs)
    threads.emplace_back([&] {
      auto& run = started.run;
      for (int n = 1; n <= kChanges; ++n) {
        auto change = next_event(run, "changed");
        for (std::size_t s = 0; s < run.steps.size(); ++s) {
          run.steps[s].attempts = run.head.events;
          change.steps.emplace_back(s, run.steps[s]);
        }
        const RunWrite write{&run, &change, 1, false};
        const auto written = store.write({&write, 1}, kHere, at(10'000));
        if (!written.has_value() || written->front() != Written::kDone) ++failures;
        const auto read = store.run(run.spec->id);
        if (!read.has_value() || (*read)->head.events != run.head.events) ++stale;  // own writes are seen at once
      }
      --running;
    });
  for (int r = 0; r < 3; ++r)
    threads.emplace_back([&, r] {
      Dice dice(static_cast<unsigned>(r));
      while (running > 0) {
        const base::RunId id("run_" + std::to_string(dice.number(0, kWriters - 1)));
        const auto read = store.run(id);
        if (!read.has_value()) {
          ++failures;
          continue;
        }
        const auto& run = **read;
        for (const auto& step : run.steps)
          if (step.attempts != (run.head.events == 1 ? 0 : run.head.events)) ++torn;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(failures == 0);
  CHECK(torn == 0);
  CHECK(stale == 0);
  for (const auto& started : runs) {
    CHECK(show(*got(store.run(started.run.spec->id))) == show(started.run));
    CHECK(got(store.run_events(started.run.spec->id, 0, 1'000)).size() == kChanges + 1);
  }
}

STORE_CHECK("a write that breaks a rule of the store fails alone") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  constexpr int kGood = 12;
  Bench bench(store, kGood);
  const auto manifest = sample_manifest("engine", 2);
  std::vector<Started> runs;
  for (int i = 0; i < kGood; ++i) {
    runs.push_back(sample_run("run_" + std::to_string(i), bench.tenant(i), manifest));
    REQUIRE(bench.create(runs.back().run, runs.back().change, kHere, at(10'000)) == Written::kDone);
  }
  // Event number 1 is taken; nothing of these may stay behind, and nothing of the good ones may be missing.
  std::atomic<int> good{0};
  std::atomic<int> refused{0};
  std::latch ready(2 * kGood);
  std::vector<std::thread> threads;
  for (int i = 0; i < kGood; ++i) {
    threads.emplace_back([&, i] {
      auto& run = runs[static_cast<std::size_t>(i)].run;
      auto change = next_event(run, "good");
      const RunWrite write{&run, &change, 1, false};
      ready.arrive_and_wait();
      const auto written = store.write({&write, 1}, kHere, at(10'000));
      if (written.has_value() && written->front() == Written::kDone) ++good;
    });
    threads.emplace_back([&, i] {
      auto run = *store.run(base::RunId("run_" + std::to_string(i))).value();
      model::Change change;
      change.head = run.head;
      run.steps[0].message = "must not stay";
      change.steps.emplace_back(0, run.steps[0]);
      change.events.push_back({1, "", "bad", "{}", at(0)});
      const RunWrite write{&run, &change, 1, false};
      ready.arrive_and_wait();
      const auto written = store.write({&write, 1}, kHere, at(10'000));
      if (written.has_error() && written.error().kind == base::ErrorKind::kInternal) ++refused;
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(good == kGood);
  CHECK(refused == kGood);
  for (const auto& started : runs) {
    const auto read = *got(store.run(started.run.spec->id));
    CHECK(read.steps[0].message.empty());
    CHECK(got(store.run_events(started.run.spec->id, 0, 10)).size() == 2);
  }
}
