#include "database/sqlite_dialect.hpp"
#include "store/raw_database.hpp"
#include "store/sqlite_file.hpp"
#include "store/statements.hpp"
#include "support/catch.hpp"
#include "support/old_runs.hpp"

using namespace tenantry;
using namespace tenantry::testing;

namespace {

// What a statement may read from end to end: a handful of rows, or the list that was asked for in this order.
bool is_allowed_scan(const std::string& detail) {
  return detail == "SCAN lives" || detail == "SCAN l" || detail == "SCAN schema_version" ||
         detail == "SCAN t USING INDEX tenants_created_at" ||
         detail == "SCAN operations USING INDEX operations_created_at" || detail == "SCAN o" || detail == "SCAN n" ||
         detail == "SCAN CONSTANT ROW" || detail.starts_with("SCAN s VIRTUAL TABLE") ||
         detail.starts_with("SCAN m USING COVERING INDEX sqlite_autoindex_manifests") ||
         detail == "SCAN batches USING INDEX batches_unfinished" ||
         detail.starts_with("SCAN accounts USING COVERING INDEX");
}

}  // namespace

TEST_CASE("no statement of the store reads a whole table to find its rows") {
  const Folder folder;
  { REQUIRE(database::open_sqlite(folder.file("store.db"), sample_options()).has_value()); }
  RawDatabase raw(folder.file("store.db"));
  // Without statistics, as a host leaves its file, and with those that somebody has had made.
  if (GENERATE(false, true)) {
    for (const auto& sql : test::old_runs(10'000)) raw.run(sql);
    raw.run("analyze");
  }
  const auto dialect = database::sqlite_dialect("", sample_options(), true);
  const auto all = statements();
  CHECK(all.size() > 100);
  for (const auto& statement : all) {
    CAPTURE(statement.file, statement.sql);
    for (const auto& detail : raw.texts("explain query plan " + dialect->render(statement.sql), 3)) {
      CAPTURE(detail);
      CHECK((!detail.starts_with("SCAN") || is_allowed_scan(detail)));
      CHECK(detail.find("AUTOMATIC") == std::string::npos);
    }
  }
}

TEST_CASE("the plan test sees a scan when there is one") {
  const Folder folder;
  { REQUIRE(database::open_sqlite(folder.file("store.db"), sample_options()).has_value()); }
  const auto plan =
      RawDatabase(folder.file("store.db")).texts("explain query plan select id from runs where state = 'running'", 3);
  REQUIRE(plan.size() == 1);
  CHECK(plan.front().starts_with("SCAN runs"));
  CHECK_FALSE(is_allowed_scan(plan.front()));
}

TEST_CASE("the marks of a statement become SQLite's words") {
  const auto dialect = database::sqlite_dialect("", sample_options(), true);
  CHECK(dialect->render("set a = to_bytes(:a), b = :b") == "set a = cast(:a as blob), b = :b");
  CHECK(dialect->render("select from_bytes(a), from_bytes(t.b)") == "select cast(a as text), cast(t.b as text)");
  CHECK(dialect->render("x {bytes}, y {identity}){clustered}") == "x blob, y integer primary key) without rowid");
  CHECK(dialect->render("x {key}; select 1{for_update}{skip_locked}") == "x text; select 1");
}
