// Making, copying, renaming and dropping databases: what the db service and the forms of /web/database have in common.
#pragma once
#include <mutex>
#include <string>

#include "sandbox/application.hpp"
#include "sandbox/odoo/databases.hpp"
#include "sandbox/odoo/rules.hpp"
#include "sandbox/odoo/settings.hpp"

namespace tenantry::sandbox::odoo {

// Thread-safe. Everything takes the recorded time and throws Raised.
class Administration {
 public:
  // All three have to outlive it.
  Administration(Databases& databases, const Settings& settings, Journal& journal)
      : databases_(databases), settings_(settings), journal_(journal) {}

  // AccessDenied unless databases may be administered and this is the master password.
  void check_master(const std::string& password, const Exchange& exchange) const;
  // Like the original it returns normally although the last part failed: the database is there with admin/admin.
  void create(const std::string& name, const FirstUser& user, const Exchange& exchange);
  void duplicate(const std::string& source, const std::string& target, bool neutralize, const Exchange& exchange);
  void rename(const std::string& from, const std::string& to, const Exchange& exchange);
  // False: there is none.
  bool drop(const std::string& name, const Exchange& exchange);
  [[nodiscard]] bool exists(const std::string& name) const;

 private:
  // Waits; false if the worker dies meanwhile.
  [[nodiscard]] bool survives(const std::string& subject, const Exchange& exchange) const;
  [[nodiscard]] bool is_there(const std::string& name, const std::shared_ptr<Database>& database) const;

  Databases& databases_;
  const Settings& settings_;
  Journal& journal_;
  std::mutex one_at_a_time_;  // the original makes one database after the other
};

}  // namespace tenantry::sandbox::odoo
