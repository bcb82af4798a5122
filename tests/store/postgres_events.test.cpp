// Ids show in another order than they are given: what a reader by id must not fall for.
#include "store/postgres_database.hpp"

using namespace tenantry;
using namespace tenantry::testing;
using store::Written;

namespace {

constexpr store::HostLife kHere{"host-a", "boot-1"};

std::vector<std::int64_t> ids_of(const store::EventLook& look) {
  std::vector<std::int64_t> ids;
  for (const auto& event : look.events) ids.push_back(event.id);
  return ids;
}

}  // namespace

TEST_CASE(
    "PostgreSQL: an event of a transaction that is still open is waited for, and one that is rolled back is not") {
  PostgresDatabase database;
  auto& store = database.store();
  Bench bench(store, 2);
  const auto manifest = sample_manifest("engine", 1);
  auto [slow, slow_created] = sample_run("run_slow", bench.tenant(0), manifest);
  auto [quick, quick_created] = sample_run("run_quick", bench.tenant(1), manifest);
  const base::Time lease{base::Millis{10'000}};
  REQUIRE(bench.create(slow, slow_created, kHere, lease) == Written::kDone);
  REQUIRE(bench.create(quick, quick_created, kHere, lease) == Written::kDone);

  store::Frontier frontier;
  for (bool begun = false; !begun;) {
    const auto range = store.event_range();
    REQUIRE(range.has_value());
    begun = frontier.begin(range->newest, range->writers, {});
  }
  const auto settle = [&] {
    const auto look = store.look_at_events(frontier.settled(), 100);
    REQUIRE(look.has_value());
    return frontier.advance(ids_of(*look), look->writers, {});
  };

  // As a host writes: its mark first, then the event.
  RawPostgres other(database.url());
  other.run("begin");
  other.run("insert into commit_marks (writer, number) values ('other', 1)");
  other.run("insert into events (run, number, step, type, data, at) values ('run_slow', 2, '', 'late', '{}', 0)");
  auto change = next_event(quick, "early");
  REQUIRE(bench.write(quick, change, kHere, lease) == Written::kDone);
  const auto gap = store.look_at_events(frontier.settled(), 100);
  REQUIRE(gap.has_value());
  REQUIRE(gap->events.size() == 1);
  REQUIRE(gap->events.front().id == frontier.settled() + 2);  // what following by id would go beyond
  CHECK(settle() == 0);
  CHECK(settle() == 0);

  SECTION("committed: both, in order") {
    other.run("commit");
    CHECK(settle() == 2);
  }
  SECTION("rolled back: the other one") {
    other.run("rollback");
    CHECK(settle() == 1);
    CHECK_FALSE(frontier.in_doubt());
  }
  SECTION("rolled back while a third one, which began later, writes on") {
    RawPostgres third(database.url());
    third.run("begin");
    third.run("insert into commit_marks (writer, number) values ('third', 1)");
    CHECK(settle() == 0);
    other.run("rollback");
    CHECK(settle() == 1);
  }
}
