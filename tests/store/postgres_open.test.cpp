#include "database/migrate.hpp"
#include "database/postgres_address.hpp"
#include "database/postgres_dialect.hpp"
#include "store/postgres_database.hpp"

using namespace tenantry;
using namespace tenantry::testing;

namespace {

base::Error refused(const std::string& url, database::PostgresOptions options = postgres_options()) {
  const auto opened = database::open_postgres(url, std::move(options));
  REQUIRE(opened.has_error());
  const auto& error = opened.error();
  CAPTURE(error.code, error.message, error.next_action);
  CHECK(error.message.ends_with("."));
  CHECK(error.message.find('\n') == std::string::npos);
  CHECK_FALSE(error.next_action.empty());
  for (const auto& text : {error.message, error.next_action}) CHECK(text.find("canary") == std::string::npos);
  return error;
}

}  // namespace

TEST_CASE("PostgreSQL: what keeps a store from being opened is one sentence, and never holds the password") {
  auto& server = test::Postgres::shared();
  // Passwords that should have been encoded.
  for (const std::string url : {"postgresql://u:x@canary@localhost/x", "postgresql://u:x/canary@localhost/x",
                                "postgresql://u:canary", "postgresql://u:canary/x"})
    CHECK(refused(url).code == "store.cannot_open");
  CHECK(refused("postgresql://u:canary%zz@localhost/x").code == "store.cannot_open");
  CHECK(refused("dbname=canary").code == "store.cannot_open");
  {
    const test::TempDir nobody;
    const auto error = refused("postgresql://u:canary@/x?host=" + nobody.path().string());
    CHECK(error.code == "store.unreachable");
    CHECK(error.kind == base::ErrorKind::kUnavailable);
    CHECK(error.message.find(nobody.path().string()) != std::string::npos);
  }
  CHECK(refused("postgresql://u:canary@127.0.0.1:1/x").code == "store.unreachable");
  CHECK(refused(server.url_of_locked("postgres", "canary-wrong")).code == "store.denied");
  CHECK(refused(server.url_of_locked("postgres", "")).code == "store.denied");
  const auto missing = refused(server.url("no_such"));
  CHECK(missing.code == "store.no_database");
  CHECK(missing.message.starts_with("There is no database no_such on the server of postgresql://tenantry@/no_such"));
  auto unknown = server.url("postgres");
  unknown.replace(unknown.find("user=tenantry"), 13, "user=nobody_here");
  CHECK(refused(unknown).code == "store.denied");
}

TEST_CASE("PostgreSQL: a password may come in the URL or beside it") {
  auto& server = test::Postgres::shared();
  const auto name = server.create_database();
  RawPostgres(server.url(name)).run("grant all on schema public to locked");
  CHECK(database::open_postgres(server.url_of_locked(name, "canary-password"), postgres_options()).has_value());
  auto options = postgres_options();
  options.password = "canary-password";
  CHECK(database::open_postgres(server.url_of_locked(name, ""), options).has_value());
  CHECK(database::open_postgres(server.url_of_locked(name, "canary-wrong"), options).has_value());
  server.drop_database(name);
}

TEST_CASE("PostgreSQL: a database that cannot hold a store is refused and left as it is") {
  auto& server = test::Postgres::shared();
  const auto name = server.create_database();
  RawPostgres raw(server.url(name));
  SECTION("another program's") {
    raw.run("create table songs (title text)");
    CHECK(refused(server.url(name)).code == "store.foreign");
    CHECK(raw.text("select count(*) from information_schema.tables where table_schema = 'public'") == "1");
    // In a schema of its own there is room beside it.
    raw.run("create schema tenantry");
    CHECK(database::open_postgres(server.url(name) + "&options=-csearch_path%3Dtenantry", postgres_options())
              .has_value());
  }
  SECTION("a newer version's") {
    REQUIRE(database::open_postgres(server.url(name), postgres_options()).has_value());
    raw.run("insert into schema_version (version) values (999)");
    const auto error = refused(server.url(name));
    CHECK(error.code == "store.newer");
    CHECK(error.message.find("999") != std::string::npos);
  }
  SECTION("read-only") {
    raw.run("alter database " + name + " set default_transaction_read_only = on");
    CHECK(refused(server.url(name)).code == "store.read_only");
  }
  SECTION("without the right to make tables") {
    raw.run("revoke all on schema public from public");
    const auto error = refused(server.url_of_locked(name, "canary-password"));
    CHECK(error.code == "store.read_only");
    CHECK(error.next_action.find("owner") != std::string::npos);
  }
  SECTION("closed to the user") {
    raw.run("revoke connect on database " + name + " from public");
    CHECK(refused(server.url_of_locked(name, "canary-password")).code == "store.denied");
  }
  SECTION("in another encoding") {
    raw.run("create database " + name + "_latin template template0 encoding 'LATIN1' locale 'C'");
    const auto error = refused(server.url(name + "_latin"));
    CHECK(error.code == "store.cannot_open");
    CHECK(error.message.find("LATIN1") != std::string::npos);
    server.drop_database(name + "_latin");
  }
  server.drop_database(name);
}

TEST_CASE("PostgreSQL: what an address leaves out is left to libpq, and what it says is quoted") {
  const auto address = database::parse_address("postgresql://amina:it%27s%5C@/erp", postgres_options());
  REQUIRE(address.has_value());
  for (const std::string absent : {"host=", "port=", "service=", "sslmode="})
    CHECK(address->conninfo.find(absent) == std::string::npos);
  CHECK(address->conninfo.find(R"(password='it\'s\\' )") != std::string::npos);
  CHECK(address->conninfo.find("connect_timeout='5'") != std::string::npos);
  CHECK(address->name == "postgresql://amina@/erp");
}

TEST_CASE("PostgreSQL: a server that is too old is refused") {
  const auto address = database::parse_address("postgresql://amina@db.example:6000/erp", postgres_options());
  REQUIRE(address.has_value());
  const auto error = database::judge({120'015, "UTF8", false}, *address);
  REQUIRE(error.has_value());
  CHECK(error->code == "store.too_old");
  CHECK(error->message ==
        "The server of postgresql://amina@db.example:6000/erp is PostgreSQL 12; the store needs 13 or newer.");
  CHECK_FALSE(database::judge({130'000, "UTF8", false}, *address).has_value());
}

TEST_CASE("PostgreSQL: connections commit for good, keep bytes as bytes and readers from writing") {
  PostgresDatabase database;
  RawPostgres raw(database.url());
  raw.run("alter database " + database.name() + " set synchronous_commit = off");
  raw.run("alter database " + database.name() + " set bytea_output = 'escape'");
  const auto dialect = database::postgres_dialect(database::parse_address(database.url(), postgres_options()).value(),
                                                  base::Millis{1'000});
  const auto shown = [](soci::session& session, const std::string& name) {
    std::string value;
    session << "show " + name, soci::into(value);
    return value;
  };
  const auto writing = dialect->connect(sql::Access::kWrite);
  CHECK(shown(*writing, "synchronous_commit") == "on");
  CHECK(shown(*writing, "bytea_output") == "hex");
  CHECK(shown(*writing, "lock_timeout") == "1s");
  CHECK(shown(*writing, "idle_in_transaction_session_timeout") == "3s");
  CHECK(shown(*dialect->connect(sql::Access::kRead), "default_transaction_read_only") == "on");

  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  CHECK((dialect->unpack(dialect->pack(bytes)) == bytes));
  CHECK(dialect->pack("\x0f\xa0") == "\\x0fa0");
}

TEST_CASE("PostgreSQL: the marks of a statement become PostgreSQL's words") {
  const auto dialect = database::postgres_dialect({}, {});
  CHECK(dialect->render("set a = to_bytes(:a), b = :b") == "set a = cast(:a as bytea), b = :b");
  CHECK(dialect->render("select from_bytes(a), from_bytes(t.b)") == "select a, t.b");
  CHECK(dialect->render("x {bytes}, y {identity}, z {key}){clustered}") ==
        "x bytea, y bigint generated always as identity primary key, z text collate \"C\")");
  CHECK(dialect->render("select 1 {for_update}; select 1 {skip_locked}") ==
        "select 1 for update; select 1 for update skip locked");
}

TEST_CASE("PostgreSQL: the layout is the newest, and foreign keys hold") {
  PostgresDatabase database;
  CHECK(RawPostgres(database.url()).text("select max(version) from schema_version") ==
        std::to_string(database::migrations().back().version));
  const auto orphan = database.store().create_tenant(sample_tenant("shop", base::AccountId("acc_nobody")), {});
  REQUIRE(orphan.has_error());
  CHECK(orphan.error().kind == base::ErrorKind::kInternal);
}
