// How a run and its steps lie in their tables. For runs.cpp and claims.cpp.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "model/run.hpp"
#include "sql/session.hpp"
#include "tables/soci_store.hpp"

namespace tenantry::tables {

// The run as the session's transaction sees it; nullopt: there is none. Throws Unreadable.
[[nodiscard]] std::optional<model::Run> load_run(Session& db, ManifestCache& manifests, const std::string& id);

// Makes or prolongs the lease of this life and gives its number. `known`: the life of the last call, to spare a
// look-up; it may be out of date.
[[nodiscard]] std::int64_t lease(Session& db, KnownLife& known, const HostLife& life, Time until);

// The tenant is gone: nothing of it is listed any more, its secrets are forgotten, its name is free. Idempotent.
void remove_tenant_rows(Session& db, const base::TenantId& tenant, Time now);

}  // namespace tenantry::tables
