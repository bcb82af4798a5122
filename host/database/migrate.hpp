// Brings a database to the layout this version knows: numbered scripts, forward only, each in its own transaction.
#pragma once
#include <vector>

#include "base/result.hpp"
#include "sql/dialect.hpp"

namespace tenantry::database {

struct Migration {
  int version = 0;
  const char* sql = "";
};

// In order of version; compiled in from database/migrations/*.sql.
[[nodiscard]] const std::vector<Migration>& migrations();

struct Inspection;

// Fills in what is in the database, and refuses what migrate() refuses; changes nothing. Throws soci::soci_error.
[[nodiscard]] base::Result<void> look_into(const sql::Dialect& dialect, const std::string& name, Inspection& found);

// Refuses a database of another program and one that a newer version has written to. `name` is what the operator
// calls the database. Throws soci::soci_error.
[[nodiscard]] base::Result<void> migrate(const sql::Dialect& dialect, const std::string& name);
// For whoever comes in beside a host: changes nothing, and refuses any layout but this version's. Throws likewise.
[[nodiscard]] base::Result<void> check_layout(const sql::Dialect& dialect, const std::string& name);

}  // namespace tenantry::database
