// Who is asking: log-in, sessions, API keys; and what they may do.
#pragma once
#include <string>

#include "sandbox/erpnext/query.hpp"

namespace tenantry::sandbox::erpnext {

struct Identity {
  std::string user = "Guest";
  std::string sid;  // empty: no session of its own
};

// From the Authorization header, else from the cookie. Throws AuthenticationError for a token that is not good.
[[nodiscard]] Identity identify(Site& site, const Request& request);
// Throws CSRFTokenError where a browser's session needs the token and the request has none.
void check_csrf(Site& site, const Identity& identity, const Request& request);

// Opens a session, or throws AuthenticationError or, after eleven wrong passwords, SecurityException.
[[nodiscard]] std::string log_in(Site& site, const std::string& user, const std::string& password);
// Gives the user a new secret (and a key, if there is none) and returns the secret.
std::string generate_keys(Transaction& transaction, const std::string& user);
[[nodiscard]] bool is_system_manager(Site& site, const std::string& user);
// right: 'r' read, 'w' write, 'c' create, 'd' delete. Throws PermissionError in the shape of the right.
void require(Site& site, const std::string& user, const Doctype& doctype, char right, const std::string& name = {});

// The cookies that every answer carries.
void add_cookies(Site& site, const Identity& identity, Response& response);

}  // namespace tenantry::sandbox::erpnext
