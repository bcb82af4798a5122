// Who may see which events.
#pragma once
#include "execution/board.hpp"
#include "service/identity.hpp"

namespace tenantry::service {

// Thread-safe.
class Audience {
 public:
  Audience(store::Store& store, Identity& identity, const execution::Board& board)
      : store_(store), identity_(identity), board_(board) {}

  // not_found for a run or a tenant that the actor has nothing to do with, gone "tenant.gone" for one that is no more.
  [[nodiscard]] base::Result<store::EventTopic> of_run(const Actor& actor, const base::RunId& run);
  [[nodiscard]] base::Result<store::EventTopic> of_tenant(const Actor& actor, const base::TenantId& tenant);
  // Of all tenants that the actor belongs to; for an administrator of all there are.
  [[nodiscard]] store::EventTopic of_all(const Actor& actor) const;

 private:
  store::Store& store_;
  Identity& identity_;
  const execution::Board& board_;
};

}  // namespace tenantry::service
