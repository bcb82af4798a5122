#include <atomic>
#include <future>
#include <latch>
#include <set>
#include <thread>

#include "store/postgres_database.hpp"
#include "support/eventually.hpp"

// Several hosts, each with a store of its own, on one database.

using namespace tenantry;
using namespace tenantry::testing;
using store::RunWrite;
using store::Written;

namespace {

constexpr int kHosts = 4;
constexpr base::Time kLease{base::Millis{10'000}};

store::HostLife host(int number) { return {"host-" + std::to_string(number), "boot"}; }

class Hosts {
 public:
  explicit Hosts(const PostgresDatabase& database) {
    for (int i = 0; i < kHosts; ++i) stores_.push_back(database.open());
  }
  [[nodiscard]] store::Store& operator[](int number) const { return *stores_[static_cast<std::size_t>(number)]; }
  // act(number) on a thread of each host, all beginning at the same moment.
  template <class Act>
  void at_once(Act act) const {
    std::latch ready(kHosts);
    std::vector<std::thread> threads;
    for (int i = 0; i < kHosts; ++i)
      threads.emplace_back([&, i] {
        ready.arrive_and_wait();
        act(i);
      });
    for (auto& thread : threads) thread.join();
  }

 private:
  std::vector<std::unique_ptr<store::Store>> stores_;
};

}  // namespace

TEST_CASE("PostgreSQL: hosts that open an empty database at the same moment all find it ready") {
  auto& server = test::Postgres::shared();
  const auto name = server.create_database();
  std::atomic<int> opened{0};
  std::latch ready(kHosts);
  std::vector<std::thread> threads;
  for (int i = 0; i < kHosts; ++i)
    threads.emplace_back([&] {
      ready.arrive_and_wait();
      const auto store = database::open_postgres(server.url(name), postgres_options());
      if (store.has_value() && (*store)->ping().has_value()) ++opened;
    });
  for (auto& thread : threads) thread.join();
  CHECK(opened == kHosts);
  server.drop_database(name);
}

TEST_CASE("PostgreSQL: hosts that claim at the same moment share the runs, each run once") {
  PostgresDatabase database;
  const Hosts hosts(database);
  constexpr int kRuns = 120;
  Bench bench(database.store(), kRuns);
  const auto manifest = sample_manifest("engine", 1);
  for (int i = 0; i < kRuns; ++i) {
    const auto [run, created] = sample_run("run_" + std::to_string(i), bench.tenant(i), manifest);
    REQUIRE(bench.create(run, created, {"dead", "boot"}, base::Time{base::Millis{1}}) == Written::kDone);
  }
  std::vector<std::vector<store::OwnedRun>> owned(kHosts);
  std::atomic<int> failures{0};
  hosts.at_once([&](int i) {
    for (int empty = 0; empty < 3;) {
      auto claimed = hosts[i].claim_runs(host(i), base::Time{base::Millis{2}}, kLease, 3);
      if (!claimed.has_value()) ++failures;
      if (!claimed.has_value() || claimed->empty()) {
        ++empty;
        continue;
      }
      for (auto& one : *claimed) owned[static_cast<std::size_t>(i)].push_back(std::move(one));
    }
  });
  CHECK(failures == 0);
  std::set<std::string> all;
  std::size_t count = 0;
  for (std::size_t i = 0; i < kHosts; ++i) {
    count += owned[i].size();
    for (auto& one : owned[i]) {
      all.insert(one.run.spec->id.value);
      // Each may write what it has got, and only that.
      const auto change = next_event(one.run, "mine");
      const RunWrite write{&one.run, &change, one.token, false};
      CHECK(hosts[static_cast<int>(i)].write({&write, 1}, host(static_cast<int>(i)), kLease)->front() ==
            Written::kDone);
    }
  }
  CHECK(all.size() == kRuns);
  CHECK(count == kRuns);
  CHECK(RawPostgres(database.url()).text("select count(*) from lives where host = 'dead'") == "0");
}

TEST_CASE("PostgreSQL: of the starts of one tenant on several hosts one is done, and the others hear that it is busy") {
  PostgresDatabase database;
  const Hosts hosts(database);
  constexpr int kTenants = 30;
  Bench bench(database.store(), kTenants);
  const auto manifest = sample_manifest("engine", 2);
  std::atomic<int> done{0};
  std::atomic<int> busy{0};
  hosts.at_once([&](int i) {
    for (int t = 0; t < kTenants; ++t) {
      // Half of the hosts go the other way round, two tenants in a transaction: they meet, and may block each other.
      const int first = i % 2 == 0 ? t : kTenants - 1 - t;
      const int second = (first + (i % 2 == 0 ? 1 : kTenants - 1)) % kTenants;
      std::vector<Started> runs;
      for (const int tenant : {first, second})
        runs.push_back(sample_run("run_" + std::to_string(i) + "_" + std::to_string(t) + "_" + std::to_string(tenant),
                                  bench.tenant(tenant), manifest));
      std::vector<RunWrite> writes;
      for (const auto& started : runs) writes.push_back({&started.run, &started.change, 1, true});
      const auto written = hosts[i].write(writes, host(i), kLease);
      if (!written.has_value()) continue;
      for (const auto one : *written) ++(one == Written::kDone ? done : busy);
    }
  });
  CHECK(done == kTenants);
  CHECK(busy == 2 * kHosts * kTenants - kTenants);
}

TEST_CASE("PostgreSQL: finished runs of one tenant that several hosts wake at once: one wakes") {
  PostgresDatabase database;
  const Hosts hosts(database);
  Bench bench(database.store(), 1);
  const auto manifest = sample_manifest("engine", 1);
  for (int round = 0; round < 10; ++round) {
    std::vector<store::OwnedRun> finished(kHosts);
    for (int i = 0; i < kHosts; ++i) {
      auto [run, created] =
          sample_run("run_" + std::to_string(round) + "_" + std::to_string(i), bench.tenant(0), manifest);
      run.head.state = model::RunState::kFailed;
      REQUIRE(bench.create(run, created, host(i), kLease) == Written::kDone);
      finished[static_cast<std::size_t>(i)] =
          std::move(hosts[i].claim_run(run.spec->id, host(i), base::Time{}, kLease).value());
    }
    std::atomic<int> woken{0};
    std::atomic<int> busy{0};
    hosts.at_once([&](int i) {
      auto& one = finished[static_cast<std::size_t>(i)];
      const auto retry = set_state(one.run, model::RunState::kRunning);
      const RunWrite write{&one.run, &retry, one.token, false};
      const auto written = hosts[i].write({&write, 1}, host(i), kLease);
      if (!written.has_value()) return;
      if (written->front() == Written::kDone) {
        ++woken;
        const auto end = set_state(one.run, model::RunState::kCompleted);
        const RunWrite last{&one.run, &end, one.token, false};
        // Later, so that it is in the others' way.
        if (!hosts[i].ping().has_value()) return;
        static_cast<void>(hosts[i].write({&last, 1}, host(i), kLease));
      }
      if (written->front() == Written::kTenantBusy) ++busy;
    });
    CHECK(woken >= 1);
    CHECK(woken + busy == kHosts);
  }
}

TEST_CASE("PostgreSQL: a host whose runs were taken over can write them no more") {
  PostgresDatabase database;
  const Hosts hosts(database);
  Bench bench(database.store(), 1);
  auto [run, created] = sample_run("run_1", bench.tenant(0), sample_manifest("engine", 1));
  const RunWrite create{&run, &created, 1, true};
  REQUIRE(hosts[0].write({&create, 1}, host(0), kLease)->front() == Written::kDone);
  CHECK(hosts[1].claim_run(run.spec->id, host(1), base::Time{}, kLease).error().code == "store.owned_elsewhere");
  const auto taken = hosts[1].claim_runs(host(1), kLease, base::Time{base::Millis{20'000}}, 10);
  REQUIRE(taken.has_value());
  REQUIRE(taken->size() == 1);
  const auto change = next_event(run, "late");
  const RunWrite late{&run, &change, 1, false};
  CHECK(hosts[0].write({&late, 1}, host(0), kLease)->front() == Written::kLost);
  CHECK((*hosts[0].run(run.spec->id))->head.events == 1);
}

TEST_CASE("PostgreSQL: a host hears that another has released its runs, also after the connection was lost") {
  PostgresDatabase database;
  const Hosts hosts(database);
  std::atomic<int> heard{0};
  hosts[0].on_told([&](store::Told what) { heard += what == store::Told::kReleased ? 1 : 0; });
  CHECK(test::eventually([&] { return heard == 1; }));  // it listens
  REQUIRE(hosts[1].release_runs(host(1)).has_value());
  CHECK(test::eventually([&] { return heard == 2; }));

  RawPostgres raw(database.url());
  raw.run("select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen%'");
  CHECK(test::eventually([&] { return heard == 3; }));  // listens again, and may have missed something
  REQUIRE(hosts[2].release_runs(host(2)).has_value());
  CHECK(test::eventually([&] { return heard == 4; }));

  hosts[0].on_told(nullptr);
  REQUIRE(hosts[2].release_runs(host(2)).has_value());
  hosts[0].on_told([&](store::Told what) { heard += what == store::Told::kReleased ? 100 : 0; });
  REQUIRE(hosts[2].release_runs(host(2)).has_value());
  CHECK(test::eventually([&] { return heard >= 104; }));
  CHECK(heard < 1'000);
}
