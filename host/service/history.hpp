// What happened: the attempts of a run, the operations of an installation, and everything about one tenant in one
// answer. Only reads.
#pragma once
#include "service/provisioning.hpp"
#include "service/tenants.hpp"

namespace tenantry::service {

// Thread-safe.
class History {
 public:
  History(store::Store& store, Identity& identity, Provisioning& provisioning, Tenants& tenants);

  // {"tenant", "status", "attempts"} as JSON text: what a screen about a tenant shows; with `lines` also the newest so
  // many of "logs".
  [[nodiscard]] base::Result<std::string> overview(const Actor& actor, const base::TenantId& tenant,
                                                   std::size_t lines = 0);
  // {"attempts": [...]} of every step, oldest first within each.
  [[nodiscard]] base::Result<base::json::object> attempts(const Actor& actor, const base::RunId& run);
  // {"operations": [...]}, newest first; only of tenants the actor belongs to, for an administrator of all.
  [[nodiscard]] base::Result<base::json::object> operations(const Actor& actor, model::OperationQuery query);

 private:
  store::Store& store_;
  Identity& identity_;
  Provisioning& provisioning_;
  Tenants& tenants_;
};

}  // namespace tenantry::service
