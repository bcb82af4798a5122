// Moves what a SQLite store holds into an empty PostgreSQL database.
#pragma once
#include <string>
#include <vector>

#include "base/result.hpp"
#include "store/store.hpp"

namespace tenantry::database {

struct CopiedTable {
  std::string name;
  std::int64_t rows = 0;
  std::string digest;  // of every value of every row, as both databases gave it back
};

// All or nothing: the target is committed once every row was read back from it and is the same. `from` is the file of a
// SQLite store, which stays as it is (but is brought to this version's layout); `to` is a postgresql:// URL.
// Errors besides those of open_sqlite and open_postgres: store.missing (no such file), store.in_use (a host has it
// open), store.not_empty (the target), store.copy_differs.
[[nodiscard]] base::Result<std::vector<CopiedTable>> copy_store(const std::string& from, const std::string& to,
                                                                const store::ManifestReader& read_manifest);

}  // namespace tenantry::database
