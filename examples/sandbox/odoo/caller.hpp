// Runs one method of one model in one database, whichever codec it came by.
#pragma once
#include <memory>
#include <string>

#include "sandbox/application.hpp"
#include "sandbox/odoo/databases.hpp"
#include "sandbox/odoo/raised.hpp"
#include "sandbox/odoo/settings.hpp"

namespace tenantry::sandbox::odoo {

struct Wanted {
  std::string model;
  std::string method;
  json::value positional;  // of execute_kw and call_kw
  json::value named;
  bool by_names = false;  // /json/2: there are no positional arguments
  bool over_http = false;
};

// Thread-safe. Everything takes the recorded time and throws Raised.
class Caller {
 public:
  // All three have to outlive it.
  Caller(Databases& databases, const Settings& settings, Journal& journal)
      : databases_(databases), settings_(settings), journal_(journal) {}

  // The database, or psycopg2.OperationalError.
  [[nodiscard]] std::shared_ptr<Database> database(const std::string& name) const;
  // The user's id, or false as the original has it for bad credentials and for a database that is not ready.
  [[nodiscard]] json::value sign_in(const std::string& database, const std::string& login, const std::string& password,
                                    const Exchange& exchange) const;
  // As a user with a password or key; AccessDenied.
  [[nodiscard]] json::value run_as(const std::string& database, Id user, const std::string& password,
                                   const Wanted& wanted, const Exchange& exchange);
  // As a user who is known already.
  [[nodiscard]] json::value run(Database& database, Id user, const Wanted& wanted, const Exchange& exchange);

 private:
  // Throws for a database that cannot be called: not ready, or half made.
  void check_stage(const Database& database, const Exchange& exchange) const;
  [[nodiscard]] json::value run_now(Database& database, Id user, const Wanted& wanted);
  void leave_on_their_way(Database& database, const Wanted& wanted);
  [[nodiscard]] json::value run_alone(Database& database, Id user, const Wanted& wanted, const Exchange& exchange);

  Databases& databases_;
  const Settings& settings_;
  Journal& journal_;
};

}  // namespace tenantry::sandbox::odoo
