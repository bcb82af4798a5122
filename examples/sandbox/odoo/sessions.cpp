#include "sandbox/odoo/sessions.hpp"

#include "sandbox/odoo/database.hpp"

namespace tenantry::sandbox::odoo {

std::string Sessions::begin(Session session) {
  std::string cookie = random_hex(40);
  const std::lock_guard lock(mutex_);
  sessions_[cookie] = std::move(session);
  return cookie;
}

void Sessions::end(const std::string& cookie) {
  const std::lock_guard lock(mutex_);
  sessions_.erase(cookie);
}

std::optional<Session> Sessions::find(const std::string& cookie) const {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(cookie);
  if (found == sessions_.end()) return std::nullopt;
  return found->second;
}

}  // namespace tenantry::sandbox::odoo
