// SQLite's way of everything in dialect.hpp.
#pragma once
#include <memory>
#include <string>

#include "store/dialect.hpp"
#include "store/sqlite.hpp"

namespace tenantry::store {

// `durable` false: for files that nobody wants back after a crash.
[[nodiscard]] std::unique_ptr<Dialect> sqlite_dialect(std::string path, const SqliteOptions& options, bool durable);

}  // namespace tenantry::store
