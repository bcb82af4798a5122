// What browsers are shown: pages, redirects, and what a session begins with.
#pragma once
#include <string>

#include "sandbox/odoo/database.hpp"
#include "sandbox/odoo/raised.hpp"

namespace tenantry::sandbox::odoo {

// /web/database/selector and manager; `alert` is what went wrong, "" for nothing.
[[nodiscard]] Response database_page(const std::vector<std::string>& databases, const std::string& alert);
[[nodiscard]] Response login_page();
[[nodiscard]] Response wrong_type(const std::string& path, int version);
[[nodiscard]] Response no_database();
[[nodiscard]] Response no_such_page();
[[nodiscard]] json::object version_info(int version);
// The answer of session/authenticate. The database's mutex is held.
[[nodiscard]] json::value session_info(Database& database, Id user, const std::string& base_url);
// The answer to XML-RPC's common.version, the only thing that is answered there.
[[nodiscard]] Response xmlrpc_version(int version);

}  // namespace tenantry::sandbox::odoo
