// What every store promises, as checks that any backend must pass. Include it once per backend, from a .test.cpp that
// defines
//   STORE_BACKEND        a class: default-constructed with an empty database; `Store& store()`; `void reopen()` ends
//                        the store as an orderly stop does and opens it again; `void reopen(ManifestReader)`
//   STORE_BACKEND_NAME   a literal that begins the name of each check
#pragma once
#include <algorithm>
#include <atomic>
#include <latch>
#include <set>
#include <thread>

#include "store/sample.hpp"
#include "support/catch.hpp"

#define STORE_CHECK(sentence) TEST_CASE(STORE_BACKEND_NAME ": " sentence, "[contract]")

namespace {

using namespace tenantry;
using namespace tenantry::testing;
using store::HostLife;
using store::RunWrite;
using store::Written;

constexpr base::Time at(std::int64_t millis) { return base::Time{base::Millis{millis}}; }

const HostLife kHere{"host-a", "boot-1"};
const HostLife kHereLater{"host-a", "boot-2"};
const HostLife kThere{"host-b", "boot-1"};

// The value of a Result that has to have one.
template <class T>
T got(base::Result<T>&& result) {
  if (!result.has_value()) FAIL(result.error().code << ": " << result.error().message);
  return std::move(result).value();
}
inline void done(const base::Result<void>& result) {
  if (!result.has_value()) FAIL(result.error().code << ": " << result.error().message);
}

std::vector<std::string> ids_of(const std::vector<store::OwnedRun>& runs) {
  std::vector<std::string> ids;
  for (const auto& owned : runs) ids.push_back(owned.run.spec->id.value);
  return ids;
}

std::vector<std::string> names_of(const std::vector<model::TenantSummary>& tenants) {
  std::vector<std::string> names;
  for (const auto& summary : tenants) names.push_back(summary.tenant.name);
  return names;
}

using Names = std::vector<std::string>;

// Everything a run has left in the store, to see that nothing has changed.
std::string everything(store::Store& store, const base::RunId& id) {
  std::string text = show(*got(store.run(id)));
  for (const auto& attempt : got(store.attempts(id))) text += show(attempt) + "\n";
  for (const auto& event : got(store.run_events(id, 0, 1'000))) text += show(event.event) + "\n";
  return text;
}

}  // namespace

STORE_CHECK("a run is read back with every field, at once and after a restart") {
  STORE_BACKEND backend;
  Bench bench(backend.store(), 1);
  Dice dice(GENERATE(1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U, 9U, 10U));
  const auto manifest = sample_manifest("engine", 5);
  auto [run, change] = sample_run("run_1", bench.tenant(0), manifest, dice.time());
  auto spec = std::make_shared<model::RunSpec>(*run.spec);
  spec->server = base::ServerId(dice.text());
  spec->request = dice.text();
  spec->tenant_document = dice.text();
  spec->server_document = dice.text();
  run.spec = spec;
  run.head = {static_cast<model::RunState>(dice.number(0, 10)),
              static_cast<int>(dice.number(1, 99)),
              dice.coin(),
              3,
              dice.time(),
              dice.time()};
  for (auto& step : run.steps) step = dice.step();
  change.head = run.head;
  change.events = {dice.event(1), dice.event(2), dice.event(3)};
  change.attempts = {dice.attempt(0, 1), dice.attempt(0, 2), dice.attempt(4, 1)};
  change.operation = dice.operation(run);
  REQUIRE(bench.create(run, change, kHere, at(10'000)) == Written::kDone);

  for (const bool restarted : {false, true}) {
    CAPTURE(restarted);
    if (restarted) backend.reopen();
    auto& store = backend.store();
    CHECK(show(*got(store.run(run.spec->id))) == show(run));
    const auto attempts = got(store.attempts(run.spec->id));
    REQUIRE(attempts.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) CHECK(show(attempts[i]) == show(change.attempts[i]));
    const auto events = got(store.run_events(run.spec->id, 0, 10));
    REQUIRE(events.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(show(events[i].event) == show(change.events[i]));
      CHECK(events[i].run == run.spec->id);
      CHECK(events[i].tenant == run.spec->tenant);
    }
    CHECK(show(*got(store.operation(change.operation->id))) == show(*change.operation));
  }
}

STORE_CHECK("a change replaces the head and the steps it names, and no other step") {
  STORE_BACKEND backend;
  Bench bench(backend.store(), 1);
  Dice dice(GENERATE(11U, 12U, 13U, 14U, 15U));
  auto [run, created] = sample_run("run_1", bench.tenant(0), sample_manifest("engine", 6));
  for (auto& step : run.steps) step = dice.step();
  REQUIRE(bench.create(run, created, kHere, at(10'000)) == Written::kDone);

  for (int round = 0; round < 5; ++round) {
    auto change = next_event(run, "step.changed");
    run.head.epoch = static_cast<int>(dice.number(1, 9));
    run.head.stopping = dice.coin();
    run.head.state = dice.coin() ? model::RunState::kRunning : model::RunState::kPaused;
    run.head.started_at = dice.time();
    run.head.completed_at = dice.time();
    change.head = run.head;
    for (const std::size_t index : {1U, 4U}) {
      run.steps[index] = dice.step();
      change.steps.emplace_back(index, run.steps[index]);
    }
    change.attempts.push_back(dice.attempt(1, round + 1));
    REQUIRE(bench.write(run, change, kHere, at(10'000)) == Written::kDone);
    CHECK(show(*got(backend.store().run(run.spec->id))) == show(run));
  }
  backend.reopen();
  CHECK(show(*got(backend.store().run(run.spec->id))) == show(run));
  CHECK(got(backend.store().attempts(run.spec->id)).size() == 5);
}

STORE_CHECK("large values and arbitrary bytes come back unchanged") {
  STORE_BACKEND backend;
  Bench bench(backend.store(), 1);
  auto [run, created] = sample_run("run_1", bench.tenant(0), sample_manifest("engine", 2));
  std::string output = "\"";
  while (output.size() < (1U << 20U)) output += "Größe 漢字 🙂 ";
  output += "\"";
  std::string checkpoint;
  for (std::size_t i = 0; i < (1U << 18U); ++i) checkpoint += static_cast<char>(i * 7U % 256U);
  run.steps[0].output = std::make_shared<const std::string>(output);
  run.steps[1].checkpoint = std::make_shared<const std::string>(checkpoint);
  REQUIRE(bench.create(run, created, kHere, at(10'000)) == Written::kDone);

  std::string sealed;
  for (int i = 0; i < 1'000; ++i) sealed += static_cast<char>(i % 256);
  done(backend.store().put_secret(bench.tenant(0), {"admin_password", sealed}));

  backend.reopen();
  const auto read = *got(backend.store().run(run.spec->id));
  CHECK((*read.steps[0].output == output));
  CHECK((*read.steps[1].checkpoint == checkpoint));
  CHECK((got(backend.store().secret(bench.tenant(0), "admin_password")) == sealed));
}

STORE_CHECK("an empty text is not the same as none") {
  STORE_BACKEND backend;
  Bench bench(backend.store(), 1);
  auto [run, created] = sample_run("run_1", bench.tenant(0), sample_manifest("engine", 2));
  run.steps[0].output = std::make_shared<const std::string>();
  run.steps[1].checkpoint = std::make_shared<const std::string>();
  REQUIRE(bench.create(run, created, kHere, at(10'000)) == Written::kDone);
  auto read = *got(backend.store().run(run.spec->id));
  CHECK(read.steps[0].output != nullptr);
  CHECK(read.steps[0].checkpoint == nullptr);
  CHECK(read.steps[1].output == nullptr);
  CHECK(read.steps[1].checkpoint != nullptr);

  run.steps[0].output = nullptr;
  auto change = next_event(run, "cleared");
  change.steps.emplace_back(0, run.steps[0]);
  REQUIRE(bench.write(run, change, kHere, at(10'000)) == Written::kDone);
  read = *got(backend.store().run(run.spec->id));
  CHECK(read.steps[0].output == nullptr);
}

STORE_CHECK("what is not there is nothing, not an error") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  CHECK_FALSE(got(store.run(base::RunId("run_x"))).has_value());
  CHECK_FALSE(got(store.newest_run(base::TenantId("ten_x"))).has_value());
  CHECK_FALSE(got(store.operation(base::OperationId("op_x"))).has_value());
  CHECK_FALSE(got(store.tenant(base::TenantId("ten_x"))).has_value());
  CHECK_FALSE(got(store.account(base::AccountId("acc_x"))).has_value());
  CHECK_FALSE(got(store.account_by_email("x@example.org")).has_value());
  CHECK_FALSE(got(store.token("hash", at(0))).has_value());
  CHECK_FALSE(got(store.secret(base::TenantId("ten_x"), "name")).has_value());
  CHECK_FALSE(got(store.role(base::TenantId("ten_x"), base::AccountId("acc_x"))).has_value());
  CHECK(got(store.attempts(base::RunId("run_x"))).empty());
  CHECK(got(store.run_events(base::RunId("run_x"), 0, 10)).empty());
  CHECK(got(store.tenant_events(base::TenantId("ten_x"), 10)).empty());
  CHECK(got(store.tenants({})).empty());
  CHECK(got(store.tenants_on(base::ServerId("server-x"))) == 0);
  CHECK(got(store.claim_runs(kHere, at(1'000), at(2'000), 10)).empty());
  CHECK(got(store.write({}, kHere, at(1'000))).empty());
  done(store.delete_token("hash"));
  done(store.release_runs(kHere));
  done(store.ping());
}

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

STORE_CHECK("a new life of a host takes its runs over at once, another host only when the lease has run out") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  Bench bench(store, 2);
  const auto manifest = sample_manifest("engine", 2);
  for (int i = 0; i < 2; ++i) {
    const auto [run, created] = sample_run("run_" + std::to_string(i), bench.tenant(i), manifest);
    REQUIRE(bench.create(run, created, kHere, at(10'000)) == Written::kDone);
  }
  CHECK(got(store.claim_runs(kHere, at(9'000), at(10'000), 10)).empty());
  CHECK(got(store.claim_runs(kThere, at(9'999), at(20'000), 10)).empty());

  SECTION("the same host, the next life") {
    const auto owned = got(store.claim_runs(kHereLater, at(1'000), at(10'000), 10));
    CHECK(ids_of(owned) == Names{"run_0", "run_1"});
    for (const auto& one : owned) {
      CHECK(one.token == 2);
      CHECK(show(one.run) == show(*got(store.run(one.run.spec->id))));
    }
    CHECK(got(store.claim_runs(kHereLater, at(1'000), at(10'000), 10)).empty());
  }
  SECTION("another host, after the lease") {
    const auto owned = got(store.claim_runs(kThere, at(10'000), at(20'000), 10));
    CHECK(ids_of(owned) == Names{"run_0", "run_1"});
    CHECK(got(store.claim_runs(kHereLater, at(11'000), at(20'000), 10)).empty());
    CHECK(ids_of(got(store.claim_runs(kHereLater, at(20'000), at(30'000), 10))) == Names{"run_0", "run_1"});
  }
  SECTION("a renewed lease holds") {
    done(store.renew_leases(kHere, at(15'000)));
    CHECK(got(store.claim_runs(kThere, at(14'999), at(20'000), 10)).empty());
    CHECK(got(store.claim_runs(kThere, at(15'000), at(20'000), 10)).size() == 2);
  }
  SECTION("every write renews, too") {
    auto run = *got(store.run(base::RunId("run_0")));
    const auto change = next_event(run, "step.running");
    REQUIRE(bench.write(run, change, kHere, at(18'000)) == Written::kDone);
    CHECK(got(store.claim_runs(kThere, at(17'999), at(30'000), 10)).empty());
  }
  SECTION("released runs may be taken at once") {
    done(store.release_runs(kHere));
    CHECK(ids_of(got(store.claim_runs(kThere, at(1'000), at(20'000), 10))) == Names{"run_0", "run_1"});
  }
  SECTION("after a restart as before") {
    backend.reopen();
    CHECK(got(backend.store().claim_runs(kThere, at(9'999), at(20'000), 10)).empty());
    CHECK(got(backend.store().claim_runs(kHereLater, at(9'999), at(20'000), 10)).size() == 2);
  }
}

STORE_CHECK("claims are the oldest first, at most as many as asked for, and never finished runs") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  Bench bench(store, 6);
  const auto manifest = sample_manifest("engine", 1);
  const std::vector<std::int64_t> ages{500, 100, 300, 200, 400, 50};
  for (int i = 0; i < 6; ++i) {
    auto [run, created] =
        sample_run("run_" + std::to_string(i), bench.tenant(i), manifest, at(ages[static_cast<std::size_t>(i)]));
    if (i == 5) run.head.state = model::RunState::kCompleted;
    REQUIRE(bench.create(run, created, kHere, at(10'000)) == Written::kDone);
  }
  CHECK(ids_of(got(store.claim_runs(kHereLater, at(1'000), at(10'000), 2))) == Names{"run_1", "run_3"});
  CHECK(ids_of(got(store.claim_runs(kHereLater, at(1'000), at(10'000), 2))) == Names{"run_2", "run_4"});
  CHECK(ids_of(got(store.claim_runs(kHereLater, at(1'000), at(10'000), 2))) == Names{"run_0"});
  CHECK(got(store.claim_runs(kHereLater, at(1'000), at(10'000), 2)).empty());
}

STORE_CHECK("two hosts that claim at the same moment never get the same run") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  Bench bench(store, 40);
  const auto manifest = sample_manifest("engine", 1);
  for (int i = 0; i < 40; ++i) {
    const auto [run, created] = sample_run("run_" + std::to_string(i), bench.tenant(i), manifest);
    REQUIRE(bench.create(run, created, kHere, at(1'000)) == Written::kDone);
  }
  constexpr int kHosts = 4;
  std::vector<std::vector<std::string>> owned(kHosts);
  std::atomic<int> failures{0};
  std::latch ready(kHosts);
  std::vector<std::thread> hosts;
  for (int h = 0; h < kHosts; ++h)
    hosts.emplace_back([&, h] {
      const HostLife self{"other-" + std::to_string(h), "boot"};
      ready.arrive_and_wait();
      for (;;) {
        const auto claimed = store.claim_runs(self, at(2'000), at(9'000), 3);
        if (!claimed.has_value()) ++failures;
        if (!claimed.has_value() || claimed->empty()) return;
        for (const auto& one : *claimed) owned[static_cast<std::size_t>(h)].push_back(one.run.spec->id.value);
      }
    });
  for (auto& host : hosts) host.join();
  CHECK(failures == 0);
  std::set<std::string> all;
  std::size_t count = 0;
  for (const auto& some : owned) {
    all.insert(some.begin(), some.end());
    count += some.size();
  }
  CHECK(all.size() == 40);
  CHECK(count == 40);
}

STORE_CHECK("a named run is claimed from the dead and the finished, not from another living host") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  Bench bench(store, 1);
  auto [run, created] = sample_run("run_1", bench.tenant(0), sample_manifest("engine", 1));
  REQUIRE(bench.create(run, created, kHere, at(10'000)) == Written::kDone);
  const auto id = run.spec->id;

  const auto missing = store.claim_run(base::RunId("run_x"), kHere, at(1'000), at(2'000));
  REQUIRE(missing.has_error());
  CHECK(missing.error().kind == base::ErrorKind::kNotFound);
  const auto refused = store.claim_run(id, kThere, at(9'999), at(20'000));
  REQUIRE(refused.has_error());
  CHECK(refused.error().kind == base::ErrorKind::kConflict);
  CHECK(refused.error().code == "store.owned_elsewhere");

  CHECK(got(store.claim_run(id, kHere, at(1'000), at(10'000))).token == 2);
  {
    // Also within one life: only the newest token counts.
    auto older = run;
    const auto change = next_event(older, "late");
    CHECK(bench.write(older, change, kHere, at(10'000), 1) == Written::kLost);
  }
  CHECK(got(store.claim_run(id, kHereLater, at(1'000), at(10'000))).token == 3);
  CHECK(got(store.claim_run(id, kThere, at(10'000), at(20'000))).token == 4);

  const auto finished = set_state(run, model::RunState::kFailed);
  REQUIRE(bench.write(run, finished, kThere, at(20'000), 4) == Written::kDone);
  CHECK(got(store.claim_run(id, kHere, at(11'000), at(20'000))).token == 5);
  CHECK(got(store.claim_run(id, kThere, at(11'000), at(20'000))).token == 6);
  // Neither keeps the other away by asking, and nobody has to carry a finished run on.
  CHECK(got(store.claim_runs({"host-c", "boot"}, at(90'000), at(99'000), 10)).empty());
  const auto again = set_state(run, model::RunState::kRunning);
  CHECK(bench.write(run, again, kHere, at(20'000), 5) == Written::kLost);
  CHECK(bench.write(run, again, kThere, at(20'000), 6) == Written::kDone);
  CHECK(store.claim_run(id, kHere, at(12'000), at(20'000)).has_error());
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

STORE_CHECK("runs of one manifest share it, also after a restart") {
  STORE_BACKEND backend;
  Bench bench(backend.store(), 3);
  for (int i = 0; i < 3; ++i) {
    const auto manifest = sample_manifest(i == 2 ? "other" : "engine", i == 2 ? 4 : 2);
    const auto [run, created] = sample_run("run_" + std::to_string(i), bench.tenant(i), manifest);
    REQUIRE(bench.create(run, created, kHere, at(10'000)) == Written::kDone);
  }
  backend.reopen();
  const auto first = *got(backend.store().run(base::RunId("run_0")));
  const auto second = *got(backend.store().run(base::RunId("run_1")));
  const auto third = *got(backend.store().run(base::RunId("run_2")));
  CHECK(first.spec->manifest == second.spec->manifest);
  CHECK(first.spec->manifest != third.spec->manifest);
  CHECK(third.steps.size() == 4);
}

STORE_CHECK("a run whose manifest cannot be read does not keep the others from being recovered") {
  STORE_BACKEND backend;
  Bench bench(backend.store(), 2);
  for (int i = 0; i < 2; ++i) {
    const auto manifest = sample_manifest(i == 0 ? "broken" : "engine", 2);
    const auto [run, created] = sample_run("run_" + std::to_string(i), bench.tenant(i), manifest, at(100 + i));
    REQUIRE(bench.create(run, created, kHere, at(10'000)) == Written::kDone);
  }
  backend.reopen([](const std::string& text) -> base::Result<model::ManifestPtr> {
    if (text.starts_with("broken")) return base::invalid("manifest.invalid", "no longer understood");
    return read_sample_manifest(text);
  });
  auto& store = backend.store();
  CHECK(ids_of(got(store.claim_runs(kHereLater, at(1'000), at(10'000), 10))) == Names{"run_1"});
  const auto read = store.run(base::RunId("run_0"));
  REQUIRE(read.has_error());
  CHECK(read.error().code == "store.corrupt");
  CHECK(read.error().message.find("no longer understood") != std::string::npos);
  CHECK(got(store.run(base::RunId("run_1"))).has_value());
  done(store.ping());
}

STORE_CHECK("an account is made once per email and read by id and by email") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  CHECK_FALSE(got(store.has_accounts()));
  auto account = sample_account("amina");
  account.role = model::AccountRole::kAdmin;
  done(store.create_account(account));
  CHECK(got(store.has_accounts()));
  auto same_email = sample_account("other");
  same_email.email = account.email;
  const auto refused = store.create_account(same_email);
  REQUIRE(refused.has_error());
  CHECK(refused.error().kind == base::ErrorKind::kConflict);
  CHECK(refused.error().code == "account.exists");
  done(store.create_account(sample_account("bo")));

  backend.reopen();
  CHECK(show(*got(backend.store().account(account.id))) == show(account));
  CHECK(show(*got(backend.store().account_by_email(account.email))) == show(account));
  CHECK(got(backend.store().account_by_email("bo@example.org"))->role == model::AccountRole::kUser);
  CHECK_FALSE(got(backend.store().account(same_email.id)).has_value());
}

STORE_CHECK("a token is found until it expires or is deleted") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  const auto account = sample_account("amina");
  done(store.create_account(account));
  done(store.create_token({"hash-1", account.id, at(100), at(1'000)}));
  done(store.create_token({"hash-2", account.id, at(200), at(5'000)}));
  backend.reopen();
  auto& again = backend.store();
  const auto found = *got(again.token("hash-1", at(999)));
  CHECK(found.hash == "hash-1");
  CHECK(found.account == account.id);
  CHECK(found.created_at == at(100));
  CHECK(found.expires_at == at(1'000));
  CHECK_FALSE(got(again.token("hash-1", at(1'000))).has_value());
  CHECK(got(again.token("hash-2", at(1'000))).has_value());
  done(again.delete_token("hash-2"));
  CHECK_FALSE(got(again.token("hash-2", at(1'000))).has_value());
  // What has expired makes room when the next one is made.
  done(again.create_token({"hash-3", account.id, at(2'000), at(9'000)}));
  CHECK_FALSE(got(again.token("hash-1", at(0))).has_value());
  CHECK(got(again.token("hash-3", at(2'000))).has_value());
}

STORE_CHECK("a tenant is made once per owner and name, with its secrets, and its owner belongs to it") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  const auto amina = sample_account("amina");
  const auto bo = sample_account("bo");
  done(store.create_account(amina));
  done(store.create_account(bo));
  const auto tenant = sample_tenant("shop", amina.id);
  const std::vector<store::Store::SealedSecret> secrets{{"admin_password", std::string("\x00\xff\x01 sealed", 10)},
                                                        {"api_key", ""}};
  done(store.create_tenant(tenant, secrets));
  auto twin = sample_tenant("shop", amina.id);
  twin.id = base::TenantId("ten_twin");
  const auto refused = store.create_tenant(twin, secrets);
  REQUIRE(refused.has_error());
  CHECK(refused.error().kind == base::ErrorKind::kConflict);
  CHECK(refused.error().code == "tenant.exists");
  CHECK_FALSE(got(store.secret(twin.id, "admin_password")).has_value());
  auto elsewhere = sample_tenant("shop", bo.id);
  elsewhere.id = base::TenantId("ten_bo");
  done(store.create_tenant(elsewhere, {}));

  backend.reopen();
  auto& again = backend.store();
  const auto read = *got(again.tenant(tenant.id));
  CHECK(show(read.tenant) == show(tenant));
  CHECK_FALSE(read.run.has_value());
  CHECK_FALSE(read.state.has_value());
  CHECK((got(again.secret(tenant.id, "admin_password")) == secrets[0].sealed));
  CHECK((got(again.secret(tenant.id, "api_key")) == std::string()));
  done(again.put_secret(tenant.id, {"api_key", "second"}));
  CHECK(got(again.secret(tenant.id, "api_key")) == "second");
  CHECK_FALSE(got(again.secret(elsewhere.id, "api_key")).has_value());
  CHECK(got(again.role(tenant.id, amina.id)) == model::TenantRole::kOwner);
  CHECK_FALSE(got(again.role(tenant.id, bo.id)).has_value());
  CHECK(got(again.tenants_on(base::ServerId("server-1"))) == 2);
}

STORE_CHECK("tenants are listed newest first, by member, status, engine and part of the name, page by page") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  const auto amina = sample_account("amina");
  const auto bo = sample_account("bo");
  done(store.create_account(amina));
  done(store.create_account(bo));
  const Names names{"alpha", "Beta 100%", "gamma_x", "delta", "gammaX"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    auto tenant = sample_tenant(names[i], i < 4 ? amina.id : bo.id);
    tenant.id = base::TenantId("ten_" + std::to_string(i));
    tenant.created_at = at(100 * static_cast<std::int64_t>(i + 1));
    tenant.engine = base::EngineId(i % 2 == 0 ? "erpnext" : "odoo");
    done(store.create_tenant(tenant, {}));
  }
  const auto start = [&](int tenant, model::RunState state, std::int64_t created_at) {
    auto [run, created] =
        sample_run("run_" + std::to_string(tenant) + "_" + std::to_string(created_at),
                   base::TenantId("ten_" + std::to_string(tenant)), sample_manifest("engine", 1), at(created_at));
    run.head.state = state;
    const RunWrite write{&run, &created, 1, true};
    CHECK(got(store.write({&write, 1}, kHere, at(9'000))).front() == Written::kDone);
  };
  start(0, model::RunState::kCompleted, 100);
  start(0, model::RunState::kFailed, 200);  // the newest run counts
  start(1, model::RunState::kRunning, 100);
  start(2, model::RunState::kCompensationFailed, 100);
  start(3, model::RunState::kCompleted, 100);

  const auto list = [&](const model::TenantQuery& query) { return names_of(got(store.tenants(query))); };
  model::TenantQuery query;
  CHECK(list(query) == Names{"gammaX", "delta", "gamma_x", "Beta 100%", "alpha"});
  query.member = amina.id;
  CHECK(list(query) == Names{"delta", "gamma_x", "Beta 100%", "alpha"});
  query.limit = 2;
  CHECK(list(query) == Names{"delta", "gamma_x"});
  query.skip = 2;
  CHECK(list(query) == Names{"Beta 100%", "alpha"});
  query.skip = 4;
  CHECK(list(query).empty());

  query = {};
  query.limit = 1;
  query.skip = 1;
  CHECK(list(query) == Names{"delta"});
  query = {};
  query.status = "FAILED";
  CHECK(list(query) == Names{"gamma_x", "alpha"});
  query.status = "COMPLETED";
  CHECK(list(query) == Names{"delta"});
  query.status = "IN_PROGRESS";
  CHECK(list(query) == Names{"Beta 100%"});
  query.status = "NOT_STARTED";
  CHECK(list(query) == Names{"gammaX"});
  query.status = "CANCELLED";
  CHECK(list(query).empty());
  query.status = "no such status";
  CHECK(list(query).empty());
  query = {};
  query.engine = base::EngineId("odoo");
  CHECK(list(query) == Names{"delta", "Beta 100%"});
  query.status = "COMPLETED";
  query.member = amina.id;
  CHECK(list(query) == Names{"delta"});
  query = {};
  query.text = "GAMMA";
  CHECK(list(query) == Names{"gammaX", "gamma_x"});
  query.text = "a_x";
  CHECK(list(query) == Names{"gamma_x"});
  query.text = "0%";
  CHECK(list(query) == Names{"Beta 100%"});
  query.text = "'";
  CHECK(list(query).empty());

  const auto summary = got(store.tenant(base::TenantId("ten_0")));
  CHECK(summary->run == base::RunId("run_0_200"));
  CHECK(summary->state == model::RunState::kFailed);
}

STORE_CHECK("an idempotency key is reserved once, keeps its answer, and is forgotten when it is old") {
  STORE_BACKEND backend;
  const base::AccountId amina("acc_amina");
  const base::AccountId bo("acc_bo");
  {
    auto& store = backend.store();
    CHECK_FALSE(got(store.reserve_key(amina, "key", "hash-1", at(1'000), at(0))).has_value());
    const auto pending = *got(store.reserve_key(amina, "key", "hash-2", at(1'001), at(0)));
    CHECK(pending.status == 0);
    CHECK(pending.body_hash == "hash-1");
    CHECK_FALSE(got(store.reserve_key(bo, "key", "hash-1", at(1'002), at(0))).has_value());
    done(store.complete_key(amina, "key", {"hash-1", 202, R"({"operation":"op_1"})", "/api/operations/op_1"}));
  }
  backend.reopen();
  auto& store = backend.store();
  const auto answer = *got(store.reserve_key(amina, "key", "hash-1", at(1'003), at(0)));
  CHECK(answer.status == 202);
  CHECK(answer.body_hash == "hash-1");
  CHECK(answer.body == R"({"operation":"op_1"})");
  CHECK(answer.location == "/api/operations/op_1");
  CHECK(got(store.reserve_key(bo, "key", "hash-1", at(1'004), at(0)))->status == 0);
  done(store.release_key(bo, "key"));
  CHECK_FALSE(got(store.reserve_key(bo, "key", "hash-3", at(1'005), at(0))).has_value());
  CHECK_FALSE(got(store.reserve_key(amina, "key", "hash-4", at(90'000), at(1'001))).has_value());
  CHECK(got(store.reserve_key(bo, "key", "hash-3", at(90'000), at(1'001))).has_value());
}

STORE_CHECK("of many equal requests with one key exactly one is carried out") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  std::atomic<int> reserved{0};
  std::atomic<int> waiting{0};
  std::latch ready(16);
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t)
    threads.emplace_back([&] {
      ready.arrive_and_wait();
      const auto stored = store.reserve_key(base::AccountId("acc"), "key", "hash", at(1'000), at(0));
      if (stored.has_value()) ++(stored->has_value() ? waiting : reserved);
    });
  for (auto& thread : threads) thread.join();
  CHECK(reserved == 1);
  CHECK(waiting == 15);
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

#include "repin_contract.hpp"
