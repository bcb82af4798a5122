#include "service/audience.hpp"

namespace tenantry::service {

base::Result<store::EventTopic> Audience::of_run(const Actor& actor, const base::RunId& run) {
  const auto unknown = base::not_found("run.unknown", "There is no such run.");
  base::TenantId tenant;
  if (const auto live = board_.run(run)) {
    tenant = live->spec->tenant;
  } else {
    const auto stored = store_.run(run);
    if (stored.has_error()) return stored.error();
    if (!*stored) return unknown;
    tenant = (*stored)->spec->tenant;
  }
  const auto allowed = of_tenant(actor, tenant);
  if (allowed.has_error()) return allowed.error().kind == base::ErrorKind::kNotFound ? unknown : allowed.error();
  return store::EventTopic{run, {}, {}};
}

base::Result<store::EventTopic> Audience::of_tenant(const Actor& actor, const base::TenantId& tenant) {
  if (const auto allowed = identity_.require(actor, tenant, model::TenantRole::kViewer); allowed.has_error())
    return allowed.error();
  const auto found = store_.tenant(tenant);
  if (found.has_error()) return found.error();
  if (*found && (*found)->tenant.removed_at != base::Time{}) return gone();
  return store::EventTopic{{}, tenant, {}};
}

store::EventTopic Audience::of_all(const Actor& actor) const {
  return {{}, {}, actor.is_admin() ? base::AccountId() : actor.id};
}

}  // namespace tenantry::service
