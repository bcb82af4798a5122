// A store seen from outside: whether it can be opened and what is in it, without making, migrating or locking anything.
#pragma once
#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "database/postgres.hpp"

namespace tenantry::database {

struct Inspection {
  std::string name;          // the file, or the database without its password
  bool there = false;        // false: no file, or nothing in the database yet
  int layout = 0;            // as it was left
  int newest = 0;            // that this version brings it to
  std::int64_t secrets = 0;  // sealed ones of tenants
  std::string holder;        // pid of the process that has the file open; "?": one that cannot be told; empty: none
};

// Errors are those of open_sqlite and open_postgres, but for store.in_use.
[[nodiscard]] base::Result<Inspection> inspect_sqlite(const std::string& path);
[[nodiscard]] base::Result<Inspection> inspect_postgres(const std::string& url, const PostgresOptions& options);

}  // namespace tenantry::database
