// SQLite's way of everything in dialect.hpp.
#pragma once
#include <memory>
#include <string>

#include "database/sqlite.hpp"
#include "sql/dialect.hpp"

namespace tenantry::database {

// `durable` false: for files that nobody wants back after a crash.
[[nodiscard]] std::unique_ptr<sql::Dialect> sqlite_dialect(std::string path, const SqliteOptions& options,
                                                           bool durable);

}  // namespace tenantry::database
