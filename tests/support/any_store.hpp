// The store that a test runs on: a SQLite file or, with TENANTRY_TEST_STORE=postgresql in the environment, a database
// of its own on a server of this program's own.
#pragma once
#include <cstdlib>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "database/postgres.hpp"
#include "database/sqlite.hpp"
#include "support/postgres.hpp"

namespace tenantry::test {

// The same file gives the same database again.
inline std::unique_ptr<store::Store> open_any_store(const std::string& file, store::ManifestReader read_manifest) {
  const char* wanted = std::getenv("TENANTRY_TEST_STORE");  // NOLINT(concurrency-mt-unsafe): nothing changes it
  if (wanted == nullptr || std::string_view(wanted) != "postgresql") {
    database::SqliteOptions options;
    options.read_manifest = std::move(read_manifest);
    auto opened = database::open_sqlite(file, std::move(options));
    if (opened.has_error()) throw std::runtime_error(opened.error().message);
    return std::move(*opened);
  }
  static std::map<std::string, std::string> databases;
  auto& database = databases[file];
  if (database.empty()) database = Postgres::shared().create_database();
  database::PostgresOptions options;
  options.read_manifest = std::move(read_manifest);
  auto opened = database::open_postgres(Postgres::shared().url(database), std::move(options));
  if (opened.has_error()) throw std::runtime_error(opened.error().message);
  return std::move(*opened);
}

}  // namespace tenantry::test
