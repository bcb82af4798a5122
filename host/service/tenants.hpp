// Tenants (workspaces): made, listed, shown. Their secrets are sealed before anything is stored.
#pragma once
#include <string>

#include "secrets/sealed.hpp"
#include "service/engines.hpp"
#include "service/identity.hpp"

namespace tenantry::service {

// Thread-safe.
class Tenants {
 public:
  Tenants(store::Store& store, Identity& identity, const Engines& engines, const Servers& servers,
          const secrets::Vault& vault, const base::Clock& clock);

  // `body` is what create_tenant.schema.json describes. invalid with pointers; conflict "tenant.exists". Durable.
  [[nodiscard]] base::Result<base::json::object> create(const Actor& actor, const base::json::value& body);
  // Only tenants the actor belongs to; an administrator sees all.
  [[nodiscard]] base::Result<base::json::array> list(const Actor& actor, model::TenantQuery query);
  [[nodiscard]] base::Result<base::json::object> get(const Actor& actor, const base::TenantId& tenant);

 private:
  [[nodiscard]] base::Result<base::ServerId> place(const base::json::object& body, const base::EngineId& engine);

  store::Store& store_;
  Identity& identity_;
  const Engines& engines_;
  const Servers& servers_;
  const secrets::Vault& vault_;
  const base::Clock& clock_;
};

[[nodiscard]] base::json::object describe(const model::TenantSummary& summary);

}  // namespace tenantry::service
