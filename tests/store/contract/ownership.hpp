// Which host may carry a run on: leases, lives of a host, claims.
#pragma once
#include <atomic>
#include <latch>
#include <set>
#include <thread>

#include "store/contract/contract.hpp"

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

STORE_CHECK("runs of the same moment are claimed in the order of their ids' bytes") {
  STORE_BACKEND backend;
  Bench bench(backend.store(), 4);
  const Names ids{"run_B", "run_a", "run_Z_", "run__"};
  for (int i = 0; i < 4; ++i) {
    const auto [run, created] =
        sample_run(ids[static_cast<std::size_t>(i)], bench.tenant(i), sample_manifest("engine", 1));
    REQUIRE(bench.create(run, created, kHere, at(10'000)) == Written::kDone);
  }
  CHECK(ids_of(got(backend.store().claim_runs(kHereLater, at(1'000), at(10'000), 10))) ==
        Names{"run_B", "run_Z_", "run__", "run_a"});
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

STORE_CHECK("the manifests of unfinished runs are known, and those of finished ones are not") {
  STORE_BACKEND backend;
  auto& store = backend.store();
  Bench bench(store, 3);
  auto [first, first_created] = sample_run("run_1", bench.tenant(0), sample_manifest("b", 1));
  auto [second, second_created] = sample_run("run_2", bench.tenant(1), sample_manifest("a", 1));
  auto [third, third_created] = sample_run("run_3", bench.tenant(2), sample_manifest("b", 1));
  CHECK(got(store.pinned_manifests()).empty());
  REQUIRE(bench.create(first, first_created, kHere, at(10'000)) == Written::kDone);
  REQUIRE(bench.create(second, second_created, kHere, at(10'000)) == Written::kDone);
  REQUIRE(bench.create(third, third_created, kHere, at(10'000)) == Written::kDone);
  CHECK(got(store.pinned_manifests()) == Names{"digest-of-a", "digest-of-b"});
  const auto completed = set_state(second, model::RunState::kCompleted);
  REQUIRE(bench.write(second, completed, kHere, at(10'000)) == Written::kDone);
  CHECK(got(store.pinned_manifests()) == Names{"digest-of-b"});
}
