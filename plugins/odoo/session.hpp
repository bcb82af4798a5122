// The session that is open on a till, which a sale goes into.
#pragma once
#include "database.hpp"

namespace tenantry::odoo {

struct OpenSession {
  std::int64_t id = 0;
  std::string name, state;
};

// The one that is not closed, if any; rescue sessions, which Odoo opens by itself, do not count.
[[nodiscard]] Result<std::optional<OpenSession>> open_session_of(Database& database, std::int64_t till);

}  // namespace tenantry::odoo
