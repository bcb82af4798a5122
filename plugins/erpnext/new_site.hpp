// A site of the tenant's own, made with bench: complete or not there at all, however often an attempt is killed.
#pragma once
#include "bench.hpp"
#include "site.hpp"

namespace tenantry::erpnext {

// Makes the site or finishes it, dropping remains first. True: this run made it. A site counts as complete if bench
// lists both apps; its directory proves nothing, and asking a half-made site over HTTP would block its removal.
[[nodiscard]] Result<bool> provide_site(Context& context, const Blueprint& plan, std::string_view admin_password);

// Drops the site this run made, unless books are kept in it; `open_site` signs in to look.
[[nodiscard]] Result<Nothing> drop_own_site(Context& context, const Blueprint& plan, std::string_view admin_password,
                                            const std::function<Result<Site>()>& open_site);

}  // namespace tenantry::erpnext
