// The databases of one Odoo server: made, copied, named and dropped. Two ways of saying the same: the db service of
// JSON-RPC, which Odoo 20 no longer has, and the forms under /web/database.
#pragma once
#include <memory>

#include "wire.hpp"

namespace tenantry::odoo {

// One call's view; not for several threads. A refusal for want of rights is told apart: `odoo.master_password` and
// `odoo.list_db_off`, which look the same on the wire.
class Databases {
 public:
  virtual ~Databases() = default;

  // False positive by nature: a database exists from the first moment of its making.
  virtual Reply exists(const std::string& name) = 0;
  // True even if the initialisation failed: prove it by signing in.
  Reply create(const std::string& name, const std::string& language, const std::string& login,
               const std::string& password, const std::string& country, Milliseconds timeout);
  Reply duplicate(const std::string& source, const std::string& target, Milliseconds timeout);
  // A database that is not there is dropped.
  Reply drop(const std::string& name);
  // Gives a finished database the name the world knows. It never exists there half made.
  virtual Reply publish(const std::string& staging, const std::string& name, Milliseconds timeout) = 0;
  // All names, which needs no password.
  Reply names() { return told_apart(list()); }
  // Whether databases can be managed at all, and the country is one Odoo knows. Looks only.
  virtual Reply check(const std::string& country) = 0;

 protected:
  Databases(Wire& wire, std::string_view master) : wire_(&wire), master_(master) {}
  virtual Reply send_create(const std::string& name, const std::string& language, const std::string& login,
                            const std::string& password, const std::string& country, Milliseconds timeout) = 0;
  virtual Reply send_duplicate(const std::string& source, const std::string& target, Milliseconds timeout) = 0;
  virtual Reply send_drop(const std::string& name) = 0;
  virtual Reply list() = 0;
  Reply told_apart(Reply reply);

  Wire* wire_;
  std::string master_;
};

enum class Port { service, forms };
[[nodiscard]] std::unique_ptr<Databases> open_databases(Wire& wire, Port port, std::string_view master_password);

}  // namespace tenantry::odoo
