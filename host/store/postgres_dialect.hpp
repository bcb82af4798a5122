// PostgreSQL's way of everything in dialect.hpp.
#pragma once
#include <memory>

#include "store/dialect.hpp"
#include "store/postgres_address.hpp"

namespace tenantry::store {

[[nodiscard]] std::unique_ptr<Dialect> postgres_dialect(PostgresAddress address, base::Millis lock_wait);

}  // namespace tenantry::store
