// Who is signed in with which cookie.
#pragma once
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "sandbox/odoo/values.hpp"

namespace tenantry::sandbox::odoo {

struct Session {
  std::string database;
  Id user = 0;
  std::string password;  // a session ends when its user's password changes
};

// Thread-safe.
class Sessions {
 public:
  // The new session's cookie.
  std::string begin(Session session);
  void end(const std::string& cookie);
  [[nodiscard]] std::optional<Session> find(const std::string& cookie) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Session> sessions_;
};

}  // namespace tenantry::sandbox::odoo
