#include <atomic>
#include <future>
#include <thread>

#include "store/postgres_database.hpp"
#include "store/wire.hpp"
#include "support/eventually.hpp"

using namespace tenantry;
using namespace tenantry::testing;
using store::RunWrite;
using store::Written;

namespace {

const store::HostLife kSelf{"host", "boot"};
constexpr base::Time kLease{base::Millis{10'000}};

std::string add_tenant(store::Store& store, const std::string& name) {
  const auto made = store.create_tenant(sample_tenant(name, base::AccountId("acc_owner")), {});
  return made.has_value() ? "" : made.error().code;
}

}  // namespace

TEST_CASE("PostgreSQL: while the server is away nothing is changed, and all works again when it is back") {
  test::Postgres server;
  const auto database = server.create_database();
  auto opened = database::open_postgres(server.url(database), postgres_options());
  REQUIRE(opened.has_value());
  auto& store = **opened;
  Bench bench(store, 1);
  auto [run, created] = sample_run("run_1", bench.tenant(0), sample_manifest("engine", 2));
  REQUIRE(bench.create(run, created, kSelf, kLease) == Written::kDone);
  REQUIRE(store.run(run.spec->id).has_value());

  const bool like_a_crash = GENERATE(false, true);
  server.stop(like_a_crash);
  for (int i = 0; i < 3; ++i) {
    CHECK(add_tenant(store, "while-away") == "store.lost");
    const auto read = store.run(run.spec->id);
    REQUIRE(read.has_error());
    CHECK(read.error().code == "store.lost");
    CHECK(read.error().kind == base::ErrorKind::kUnavailable);
    CHECK(store.ping().error().code == "store.lost");
  }
  server.start();
  CHECK(store.ping().has_value());
  CHECK(show(**store.run(run.spec->id)) == show(run));
  CHECK(add_tenant(store, "back").empty());
  CHECK(store.tenants({})->size() == 2);
}

TEST_CASE("PostgreSQL: connections that were lost while nobody used them are noticed by nobody") {
  test::Postgres server;
  const auto database = server.create_database();
  auto opened = database::open_postgres(server.url(database), postgres_options());
  REQUIRE(opened.has_value());
  auto& store = **opened;
  Bench bench(store, 1);
  // Several of the pool have to be open.
  std::vector<std::thread> readers;
  for (int i = 0; i < 8; ++i)
    readers.emplace_back([&] {
      for (int n = 0; n < 20; ++n) static_cast<void>(store.tenants({}));
    });
  for (auto& reader : readers) reader.join();

  server.stop();
  server.start();
  CHECK(add_tenant(store, "first").empty());
  for (int i = 0; i < 8; ++i) CHECK(store.tenants({})->size() == 2);
}

TEST_CASE("PostgreSQL: a commit whose answer was lost is reported as what it was") {
  PostgresDatabase backend;
  auto& server = test::Postgres::shared();
  Bench bench(backend.store(), 1);
  auto [run, created] = sample_run("run_1", bench.tenant(0), sample_manifest("engine", 2));
  REQUIRE(bench.create(run, created, kSelf, kLease) == Written::kDone);

  Wire wire(server.socket());
  auto opened = database::open_postgres(server.url(backend.name(), wire.folder()), postgres_options());
  REQUIRE(opened.has_value());
  auto& store = **opened;
  REQUIRE(store.ping().has_value());
  auto changed = run;
  const auto change = next_event(changed, "step.running");
  const RunWrite write{&changed, &change, 1, false};

  SECTION("the server never saw it") {
    wire.cut_next_commit(Cut::kBefore);
    const auto written = store.write({&write, 1}, kSelf, kLease);
    CHECK(wire.was_cut());
    REQUIRE(written.has_error());
    CHECK(written.error().code == "store.lost");
    CHECK((*backend.store().run(run.spec->id))->head.events == 1);
    CHECK(store.write({&write, 1}, kSelf, kLease)->front() == Written::kDone);
  }
  SECTION("the server has done it") {
    wire.cut_next_commit(Cut::kAfter);
    const auto written = store.write({&write, 1}, kSelf, kLease);
    CHECK(wire.was_cut());
    REQUIRE(written.has_value());
    CHECK(written->front() == Written::kDone);
  }
  SECTION("the server does it after the connection was lost") {
    wire.cut_next_commit(Cut::kLate);
    auto writing = std::async(std::launch::async, [&] { return store.write({&write, 1}, kSelf, kLease); });
    RawPostgres raw(backend.url());
    const bool waits = test::eventually(
        [&] { return raw.text("select count(*) from pg_stat_activity where wait_event_type = 'Lock'") == "1"; });
    CHECK(waits);  // for the transaction that was left behind, before it says anything
    wire.release();
    const auto written = writing.get();
    REQUIRE(written.has_value());
    CHECK(written->front() == Written::kDone);
  }
  CHECK(show(**backend.store().run(run.spec->id)) == show(changed));
  CHECK(backend.store().run_events(run.spec->id, 0, 10)->size() == 2);
  CHECK(add_tenant(store, "afterwards").empty());
}

TEST_CASE("PostgreSQL: who ends waits for the outcome of a commit as long as is said, and writes nothing afterwards") {
  test::Postgres server;
  const auto database = server.create_database();
  auto direct = database::open_postgres(server.url(database), postgres_options());
  REQUIRE(direct.has_value());
  Bench bench(**direct, 1);
  auto [run, created] = sample_run("run_1", bench.tenant(0), sample_manifest("engine", 2));
  REQUIRE(bench.create(run, created, kSelf, kLease) == Written::kDone);
  Wire wire(server.socket());
  auto opened = database::open_postgres(server.url(database, wire.folder()), postgres_options());
  REQUIRE(opened.has_value());
  auto& store = **opened;
  REQUIRE(store.ping().has_value());
  auto changed = run;
  const auto change = next_event(changed, "step.running");
  const RunWrite write{&changed, &change, 1, false};

  wire.cut_next_commit(Cut::kLate);
  auto writing = std::async(std::launch::async, [&] { return store.write({&write, 1}, kSelf, kLease); });
  REQUIRE(test::eventually([&] { return wire.was_cut(); }));
  server.stop(true);
  CHECK(writing.wait_for(std::chrono::milliseconds(300)) == std::future_status::timeout);
  store.end_within(base::Millis{100});
  REQUIRE(writing.wait_for(std::chrono::seconds(10)) == std::future_status::ready);
  const auto written = writing.get();
  REQUIRE(written.has_error());
  CHECK(written.error().code == "store.lost");
  wire.release();
  server.start();
  CHECK(store.write({&write, 1}, kSelf, kLease).error().code == "store.lost");
  CHECK(show(**(*direct)->run(run.spec->id)) == show(run));
}

TEST_CASE("PostgreSQL: when the server crashes under its writers, each write is there if and only if it was reported") {
  test::Postgres server;
  const auto database = server.create_database();
  auto opened = database::open_postgres(server.url(database), postgres_options());
  REQUIRE(opened.has_value());
  auto& store = **opened;
  constexpr int kRuns = 8;
  Bench bench(store, kRuns);
  std::vector<Started> runs;
  for (int i = 0; i < kRuns; ++i) {
    runs.push_back(sample_run("run_" + std::to_string(i), bench.tenant(i), sample_manifest("engine", 2)));
    REQUIRE(bench.create(runs.back().run, runs.back().change, kSelf, kLease) == Written::kDone);
  }
  std::atomic<bool> ended{false};
  std::atomic<int> done{0};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (auto& started : runs)
    threads.emplace_back([&] {
      auto& run = started.run;
      while (!ended) {
        auto next = run;
        const auto change = next_event(next, "changed");
        const RunWrite write{&next, &change, 1, false};
        const auto written = store.write({&write, 1}, kSelf, kLease);
        if (written.has_error()) {
          if (written.error().code != "store.lost") ++wrong;
          continue;
        }
        if (written->front() != Written::kDone) ++wrong;
        run = next;
        ++done;
      }
    });
  for (int crash = 0; crash < 3; ++crash) {
    const int before = done;
    CHECK(test::eventually([&] { return done > before + 50; }));
    server.stop(true);
    server.start();
  }
  const int before = done;
  CHECK(test::eventually([&] { return done > before + 50; }));
  ended = true;
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
  for (const auto& started : runs) {
    CHECK(show(**store.run(started.run.spec->id)) == show(started.run));
    CHECK(static_cast<std::int64_t>(store.run_events(started.run.spec->id, 0, 1'000'000)->size()) ==
          started.run.head.events);
  }
}

TEST_CASE("PostgreSQL: what another transaction holds is waited for, and then refused without harm") {
  PostgresDatabase backend;
  auto options = postgres_options();
  options.lock_wait = base::Millis{50};
  const auto store = backend.open(std::move(options));
  Bench bench(*store, 1);
  auto [run, created] = sample_run("run_1", bench.tenant(0), sample_manifest("engine", 2));
  REQUIRE(bench.create(run, created, kSelf, kLease) == Written::kDone);
  RawPostgres other(backend.url());
  other.run("begin");
  other.run("select * from runs for update");

  const auto before = run;
  auto change = next_event(run, "changed");
  const RunWrite write{&run, &change, 1, false};
  const auto refused = store->write({&write, 1}, kSelf, kLease);
  REQUIRE(refused.has_error());
  CHECK(refused.error().code == "store.locked");
  CHECK(refused.error().kind == base::ErrorKind::kUnavailable);
  CHECK(show(**store->run(run.spec->id)) == show(before));
  // A claim passes it by.
  CHECK(store->claim_runs({"host", "next boot"}, kLease, kLease, 10)->empty());
  other.run("commit");
  CHECK(store->write({&write, 1}, kSelf, kLease)->front() == Written::kDone);
}

TEST_CASE("PostgreSQL: a transaction that had to go because of another is done afterwards") {
  PostgresDatabase backend;
  RawPostgres raw(backend.url());
  RawPostgres other(backend.url());
  raw.run("alter database " + backend.name() + " set deadlock_timeout = '1s'");
  const auto store = backend.open();
  Bench bench(*store, 2);
  std::vector<Started> runs;
  for (int i = 0; i < 2; ++i)
    runs.push_back(sample_run("run_" + std::to_string(i), bench.tenant(i), sample_manifest("engine", 1)));
  std::vector<RunWrite> writes;
  for (const auto& started : runs) writes.push_back({&started.run, &started.change, 1, true});

  other.run("set deadlock_timeout = '1min'");
  other.run("begin");
  other.run("select * from tenants where name = 'tenant-1' for update");
  auto writing = std::async(std::launch::async, [&] { return store->write(writes, kSelf, kLease); });
  REQUIRE(test::eventually(
      [&] { return raw.text("select count(*) from pg_stat_activity where wait_event_type = 'Lock'") == "1"; }));
  // The store holds the first tenant and waits for the second; now the other transaction waits for the first.
  other.run("select * from tenants where name = 'tenant-0' for update");
  CHECK(writing.wait_for(std::chrono::milliseconds(0)) == std::future_status::timeout);
  other.run("commit");
  const auto written = writing.get();
  REQUIRE(written.has_value());
  CHECK(*written == std::vector{Written::kDone, Written::kDone});
}

TEST_CASE("PostgreSQL: an error never tells the values that were written") {
  PostgresDatabase backend;
  auto& store = backend.store();
  Bench bench(store, 1);
  const auto orphan = store.put_secret(base::TenantId("ten_nobody"), {"admin_password", "canary-in-the-values"});
  auto tenant = sample_tenant("canary-in-the-values", base::AccountId("acc_nobody"));
  const auto foreign = store.create_tenant(tenant, {});
  const auto nul = store.put_secret(bench.tenant(0), {std::string("canary-in-the-values\0x", 22), "sealed"});
  for (const auto& result : {orphan, foreign, nul}) {
    REQUIRE(result.has_error());
    CAPTURE(result.error().message);
    CHECK(result.error().code == "store.failed");
    CHECK(result.error().message.find("canary") == std::string::npos);
    CHECK(result.error().message.find("nobody") == std::string::npos);
    CHECK(result.error().message.find('\n') == std::string::npos);
    CHECK(result.error().message.size() < 300);
  }
  CHECK(RawPostgres(backend.url()).text("select count(*) from tenant_secrets") == "0");
}
