#include "database/migrate.hpp"

#include <string>
#include <string_view>

#include "database/inspect.hpp"
#include "sql/dialect.hpp"
#include "sql/session.hpp"

namespace tenantry::database {
namespace {

// One statement ends where a line ends with a semicolon.
void run_script(soci::session& session, const std::string& script) {
  std::size_t start = 0;
  for (auto end = script.find(";\n"); end != std::string::npos; end = script.find(";\n", start)) {
    session << script.substr(start, end - start);
    start = end + 2;
  }
}

base::Error refused(std::string code, std::string message, std::string next_action) {
  return {base::ErrorKind::kInvalid, std::move(code), std::move(message), std::move(next_action), {}, {}};
}

base::Error foreign(const std::string& name) {
  return refused("store.foreign", name + " is a database of another program.",
                 "Name another file, or an empty database, for the store.");
}

base::Error newer(const std::string& name, long long version) {
  return refused("store.newer",
                 name + " was written by a newer version of tenantry (layout " + std::to_string(version) +
                     "; this version knows " + std::to_string(migrations().back().version) + ").",
                 "Run the newer version, or restore a backup from before the upgrade.");
}

long long newest_version(sql::Session& db) {
  long long version = 0;
  db.select<long long>("select coalesce(max(version), 0) from schema_version", sql::with(),
                       [&](long long newest) { version = newest; });
  return version;
}

}  // namespace

base::Result<void> look_into(const sql::Dialect& dialect, const std::string& name, Inspection& found) {
  sql::Session db(dialect, sql::Access::kRead);
  long long tables = 0;
  long long ours = 0;
  db.select<long long, long long>(dialect.count_tables(), sql::with(), [&](long long all, long long versions) {
    tables = all;
    ours = versions;
  });
  found.newest = migrations().back().version;
  found.there = tables > 0;
  if (tables > 0 && ours == 0) return foreign(name);
  if (tables == 0) return {};
  found.layout = static_cast<int>(newest_version(db));
  if (found.layout > found.newest) return newer(name, found.layout);
  if (found.layout > 0)
    db.select<long long>("select count(*) from tenant_secrets", sql::with(),
                         [&](long long count) { found.secrets = count; });
  return {};
}

base::Result<void> check_layout(const sql::Dialect& dialect, const std::string& name) {
  sql::Session db(dialect, sql::Access::kWrite);
  const auto version = newest_version(db);
  const auto ours = migrations().back().version;
  if (version == ours) return {};
  return refused("store.other_layout",
                 name + " is in use by another version of tenantry (layout " + std::to_string(version) +
                     "; this version's is " + std::to_string(ours) + ").",
                 "Use the version that the host runs.");
}

base::Result<void> migrate(const sql::Dialect& dialect, const std::string& name) {
  sql::Session db(dialect, sql::Access::kWrite);
  if (const char* lock = dialect.lock_migrations(); lock != nullptr) db.soci() << lock;
  long long tables = 0;
  long long ours = 0;
  db.select<long long, long long>(dialect.count_tables(), sql::with(), [&](long long all, long long versions) {
    tables = all;
    ours = versions;
  });
  if (tables > 0 && ours == 0) return foreign(name);
  db.soci() << dialect.begin_write();
  if (ours == 0) db.soci() << "create table schema_version (version bigint not null primary key)";
  const auto version = newest_version(db);
  db.soci() << "commit";

  const auto& all = migrations();
  if (version > all.back().version) return newer(name, version);
  for (const auto& migration : all) {
    if (migration.version <= version) continue;
    db.soci() << dialect.begin_write();
    run_script(db.soci(), dialect.render(migration.sql));
    db.run("insert into schema_version (version) values (:version)", migration.version);
    db.soci() << "commit";
  }
  return {};
}

}  // namespace tenantry::database
