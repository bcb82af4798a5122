#include "database/copy.hpp"

#include "store/postgres_database.hpp"
#include "store/raw_database.hpp"
#include "store/sqlite_file.hpp"

using namespace tenantry;
using namespace tenantry::testing;

namespace {

// A store with anything that a field can hold.
void fill(store::Store& store, int runs) {
  Dice dice(7);
  Bench bench(store, runs);
  const store::HostLife self{"here", "boot"};
  const auto manifest = sample_manifest("engine", 3);
  for (int i = 0; i < runs; ++i) {
    auto [run, created] = sample_run("run_" + std::to_string(i), bench.tenant(i), manifest);
    for (auto& step : run.steps) step = dice.step();
    REQUIRE(bench.create(run, created, self, base::Time{base::Millis{10'000}}) == store::Written::kDone);
    auto change = next_event(run, "it's \"all\" here; \\ % ü");
    change.attempts.push_back(dice.attempt(0, 1));
    change.operation = dice.operation(run);
    REQUIRE(bench.write(run, change, self, base::Time{base::Millis{10'000}}) == store::Written::kDone);
    REQUIRE(store.put_secret(bench.tenant(i), {"key", dice.bytes() + std::string("\0\xff", 2)}).has_value());
  }
}

std::string show_all(store::Store& store, int runs) {
  std::string text;
  for (int i = 0; i < runs; ++i) {
    const base::RunId id("run_" + std::to_string(i));
    const auto run = store.run(id).value();
    text += show(*run);
    for (const auto& attempt : store.attempts(id).value()) text += show(attempt);
    for (const auto& event : store.run_events(id, 0, 100).value()) text += std::to_string(event.id) + show(event.event);
    text += store.secret(run->spec->tenant, "key").value().value_or("none");
  }
  return text;
}

}  // namespace

TEST_CASE("PostgreSQL: a SQLite store is copied row by row, and goes on there") {
  constexpr int kRuns = 12;
  const Folder folder;
  const auto file = folder.file("store.db");
  std::string before;
  {
    const auto source = database::open_sqlite(file, sample_options()).value();
    fill(*source, kRuns);
    before = show_all(*source, kRuns);
  }
  auto& server = test::Postgres::shared();
  const auto name = server.create_database();
  const auto copied = database::copy_store(file, server.url(name), read_sample_manifest);
  if (copied.has_error()) FAIL(copied.error().message);
  std::int64_t rows = 0;
  RawDatabase raw(file);
  for (const auto& table : *copied) {
    CAPTURE(table.name);
    CHECK(std::to_string(table.rows) == raw.text("select count(*) from " + table.name));
    CHECK(table.digest.size() == 32);
    rows += table.rows;
  }
  CHECK(rows > 100);
  {
    const auto target = database::open_postgres(server.url(name), postgres_options()).value();
    CHECK(show_all(*target, kRuns) == before);
    // Numbers go on where they were.
    auto taken = target->claim_runs({"here", "later"}, base::Time{}, base::Time{base::Millis{20'000}}, 1).value();
    REQUIRE(taken.size() == 1);
    const auto change = next_event(taken[0].run, "there");
    const store::RunWrite write{&taken[0].run, &change, taken[0].token, false};
    CHECK(target->write({&write, 1}, {"here", "later"}, base::Time{base::Millis{20'000}})->front() ==
          store::Written::kDone);
    const auto again = database::copy_store(file, server.url(name), read_sample_manifest);
    REQUIRE(again.has_error());
    CHECK(again.error().code == "store.not_empty");
  }
  server.drop_database(name);
}

TEST_CASE("PostgreSQL: a store that is in use, or is none, is not copied") {
  const Folder folder;
  auto& server = test::Postgres::shared();
  const auto name = server.create_database();
  const auto code = [&](const std::string& from, const std::string& to) {
    const auto copied = database::copy_store(from, to, read_sample_manifest);
    return copied.has_error() ? copied.error().code : std::string();
  };
  CHECK(code(folder.file("none.db"), server.url(name)) == "store.missing");
  CHECK_FALSE(std::filesystem::exists(folder.file("none.db")));
  {
    const auto source = database::open_sqlite(folder.file("store.db"), sample_options()).value();
    CHECK(code(folder.file("store.db"), server.url(name)) == "store.in_use");
  }
  CHECK(code(folder.file("store.db"), "postgresql:///nothing?host=/nowhere") == "store.unreachable");
  CHECK(code(folder.file("store.db"), server.url(name)).empty());
  // A table that this version does not know would be left behind.
  RawDatabase(folder.file("store.db")).run("create table later (id text)");
  CHECK(code(folder.file("store.db"), server.url(name)) == "store.failed");
  server.drop_database(name);
}

TEST_CASE("PostgreSQL: what the target does not give back as it was read is not copied") {
  const Folder folder;
  const auto file = folder.file("store.db");
  { fill(*database::open_sqlite(file, sample_options()).value(), 2); }
  auto& server = test::Postgres::shared();
  const auto name = server.create_database();
  { REQUIRE(database::open_postgres(server.url(name), postgres_options()).has_value()); }
  RawPostgres raw(server.url(name));
  raw.run(
      "create function spoil() returns trigger language plpgsql as 'begin new.type := upper(new.type); return new; "
      "end'");
  raw.run("create trigger spoil before insert on events for each row execute function spoil()");
  const auto copied = database::copy_store(file, server.url(name), read_sample_manifest);
  REQUIRE(copied.has_error());
  CHECK(copied.error().code == "store.copy_differs");
  CHECK(raw.text("select count(*) from accounts") == "0");
  server.drop_database(name);
}
