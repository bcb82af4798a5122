// PostgreSQL's way of everything in dialect.hpp.
#pragma once
#include <memory>

#include "database/postgres_address.hpp"
#include "sql/dialect.hpp"

namespace tenantry::database {

[[nodiscard]] std::unique_ptr<sql::Dialect> postgres_dialect(PostgresAddress address, base::Millis lock_wait);

}  // namespace tenantry::database
