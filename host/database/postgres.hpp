// The store in a PostgreSQL database (13 or newer), which several hosts share: each claims runs that nobody carries on,
// and any of them may be killed at any time.
#pragma once
#include <cstddef>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "store/store.hpp"

namespace tenantry::database {

struct PostgresOptions {
  store::ManifestReader read_manifest;
  std::string password;            // empty: the URL's, or what libpq finds (PGPASSWORD, ~/.pgpass)
  base::Millis lock_wait{10'000};  // how long another transaction may hold a row before it is store.locked
  std::size_t readers = 8;         // connections, and so reads at the same time; two more write and listen
};

// Connects to "postgresql://[user@][host][:port]/database[?option=value]", as libpq reads it, and brings an empty
// database, or the first schema of its search_path, to this version's layout.
//
// Every error is one sentence for the operator and never holds the password. Codes: store.cannot_open (no such URL, a
// database that is not in UTF-8), store.unreachable, store.denied, store.no_database, store.too_old, store.read_only,
// store.foreign, store.newer, store.locked.
[[nodiscard]] base::Result<std::unique_ptr<store::Store>> open_postgres(const std::string& url,
                                                                        PostgresOptions options);

}  // namespace tenantry::database
