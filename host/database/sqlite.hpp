// The store in one SQLite file: for one host process, durable through kill -9 and power loss (WAL, synchronous=FULL).
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "store/store.hpp"

namespace tenantry::database {

struct SqliteOptions {
  store::ManifestReader read_manifest;
  base::Millis lock_wait{2'000};  // how long another program may hold the file's lock before it is store.locked
  std::size_t readers = 4;        // connections, and so reads at the same time
  std::int64_t max_bytes = 0;     // the file grows no further: store.disk_full; 0: no limit but the disk's
  bool beside_host = false;       // if a host has it open, come in beside it; carry no runs on then
};

// Opens the file, makes it (readable by its owner only) if there is none, and brings it to this version's layout.
// ":memory:" stands for a file in the temporary folder that is gone with the store and never forced to the disk.
// `path`.lock keeps a second process out.
//
// Every error is one sentence for the operator. Codes: store.cannot_open (a directory, no permission, no such folder,
// read-only), store.in_use, store.other_layout (beside a host of another version), store.not_a_database, store.foreign,
// store.newer, store.corrupt, store.locked, store.disk_full.
[[nodiscard]] base::Result<std::unique_ptr<store::Store>> open_sqlite(const std::string& path, SqliteOptions options);

}  // namespace tenantry::database
