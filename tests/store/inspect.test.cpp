#include "database/inspect.hpp"

#include <filesystem>

#include "database/postgres_dialect.hpp"
#include "database/sqlite.hpp"
#include "database/sqlite_dialect.hpp"
#include "sql/session.hpp"
#include "store/sample.hpp"
#include "support/catch.hpp"
#include "support/postgres.hpp"
#include "support/temp_dir.hpp"

using namespace tenantry;
using namespace tenantry::database;
using tenantry::sql::Access;
using tenantry::sql::Session;
namespace fs = std::filesystem;

namespace {

std::string code(const base::Result<Inspection>& result) { return result.has_error() ? result.error().code : "none"; }

std::size_t files(const std::string& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("a file is looked at without being made, changed or locked") {
  const test::TempDir folder;
  const std::string path = folder / "a store?.db";
  REQUIRE(inspect_sqlite(path).has_value());
  CHECK_FALSE(inspect_sqlite(path)->there);
  CHECK(inspect_sqlite(folder / "none/store.db").has_value());
  CHECK(files(folder.path()) == 0);

  SqliteOptions options;
  options.read_manifest = testing::read_sample_manifest;
  {
    const auto store = open_sqlite(path, options);
    REQUIRE(store.has_value());
    const auto found = inspect_sqlite(path);
    REQUIRE(found.has_value());
    CHECK(found->there);
    CHECK(found->layout == found->newest);
    CHECK(found->newest > 0);
    CHECK(found->secrets == 0);
    CHECK(found->holder == std::to_string(::getpid()));
    REQUIRE((*store)->create_account(testing::sample_account("ann")).has_value());
    auto tenant = testing::sample_tenant("acme", testing::sample_account("ann").id);
    const std::vector<store::Store::SealedSecret> secrets{{"admin_password", "sealed"}};
    REQUIRE((*store)->create_tenant(tenant, secrets).has_value());
    CHECK(inspect_sqlite(path)->secrets == 1);  // although it is only in the log of writes so far
  }
  const auto before = files(folder.path());
  CHECK(inspect_sqlite(path)->secrets == 1);
  CHECK(inspect_sqlite(path)->holder.empty());
  CHECK(files(folder.path()) == before);

  const auto change = [&](const char* sql) {
    const auto dialect = sqlite_dialect(path, {}, true);
    Session(*dialect, Access::kWrite).soci() << sql;
  };
  change("delete from schema_version where version = (select max(version) from schema_version)");
  CHECK(inspect_sqlite(path)->layout < inspect_sqlite(path)->newest);
  change("insert into schema_version (version) values (4711)");
  CHECK(code(inspect_sqlite(path)) == "store.newer");
  change("drop table schema_version");
  CHECK(code(inspect_sqlite(path)) == "store.foreign");
}

TEST_CASE("PostgreSQL: a database is looked at without anything being made in it") {
  auto& server = test::Postgres::shared();
  const auto url = server.url(server.create_database());
  PostgresOptions options;
  options.read_manifest = testing::read_sample_manifest;
  for (int i = 0; i < 2; ++i) {
    const auto found = inspect_postgres(url, options);
    REQUIRE(found.has_value());
    CHECK_FALSE(found->there);
    CHECK(found->name.rfind("postgresql://", 0) == 0);
  }
  REQUIRE(open_postgres(url, options).has_value());
  const auto found = inspect_postgres(url, options);
  REQUIRE(found.has_value());
  CHECK(found->there);
  CHECK(found->layout == found->newest);
  const auto change = [&](const char* sql) {
    const auto dialect = postgres_dialect(*parse_address(url, options), base::Millis{1'000});
    Session(*dialect, Access::kWrite).soci() << sql;
  };
  change("insert into schema_version (version) values (4711)");
  CHECK(code(inspect_postgres(url, options)) == "store.newer");
  change("drop table schema_version");
  CHECK(code(inspect_postgres(url, options)) == "store.foreign");
  CHECK(code(inspect_postgres("postgresql://127.0.0.1:1/none", options)) == "store.unreachable");
}
