#include "databases.hpp"

#include <algorithm>

namespace tenantry::odoo {

namespace {

using std::chrono::seconds;

class ServiceDatabases : public Databases {
 public:
  ServiceDatabases(Wire& wire, std::string_view master) : Databases(wire, master) {}

  Reply exists(const std::string& name) override {
    return wire_->rpc("db", "db_exist", {json::value(name)}, seconds(30));
  }

  Reply publish(const std::string& staging, const std::string& name, Milliseconds timeout) override {
    return told_apart(wire_->rpc("db", "rename", {master_, staging, name}, timeout));
  }

  Reply check(const std::string& country) override {
    if (Reply listed = list(); !listed.ok()) return told_apart(std::move(listed));
    Reply countries = told_apart(wire_->rpc("db", "list_countries", {json::value(master_)}, seconds(30)));
    if (!countries.ok() || !countries.value().is_array()) return countries;
    std::string code = country;
    for (char& c : code)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    for (const json::value& one : countries.value().get_array())
      if (one.is_array() && !one.get_array().empty() && one.get_array()[0] == json::string_view(code))
        return json::value(true);
    return json::value(false);
  }

 protected:
  Reply send_create(const std::string& name, const std::string& language, const std::string& login,
                    const std::string& password, const std::string& country, Milliseconds timeout) override {
    return wire_->rpc("db", "create_database", {master_, name, false, language, password, login, country}, timeout);
  }
  Reply send_duplicate(const std::string& source, const std::string& target, Milliseconds timeout) override {
    return wire_->rpc("db", "duplicate_database", {master_, source, target}, timeout);
  }
  Reply send_drop(const std::string& name) override {
    return wire_->rpc("db", "drop", {json::value(master_), json::value(name)}, seconds(60));
  }
  Reply list() override { return wire_->rpc("db", "list", {}, seconds(30)); }
};

class FormDatabases : public Databases {
 public:
  FormDatabases(Wire& wire, std::string_view master) : Databases(wire, master) {}

  Reply exists(const std::string& name) override {
    const Reply listed = told_apart(list());
    if (!listed.ok()) return listed;
    bool found = false;
    if (listed.value().is_array())
      for (const json::value& one : listed.value().get_array()) found = found || one == json::string_view(name);
    return json::value(found);
  }

  // There is no form for renaming; a copy of a finished database is finished, too.
  Reply publish(const std::string& staging, const std::string& name, Milliseconds timeout) override {
    Reply copied = duplicate(staging, name, timeout);
    if (!copied.ok()) return copied;
    return drop(staging);
  }

  // The forms set a master password where there is none, so none is sent just to look.
  Reply check(const std::string&) override {
    Reply listed = told_apart(list());
    if (!listed.ok()) return listed;
    return json::value(true);
  }

 protected:
  Reply send_create(const std::string& name, const std::string& language, const std::string& login,
                    const std::string& password, const std::string& country, Milliseconds timeout) override {
    return wire_->form("/web/database/create",
                       {{"master_pwd", master_},
                        {"name", name},
                        {"lang", language},
                        {"login", login},
                        {"password", password},
                        {"country_code", country},
                        {"phone", ""}},
                       timeout);
  }
  Reply send_duplicate(const std::string& source, const std::string& target, Milliseconds timeout) override {
    return wire_->form("/web/database/duplicate", {{"master_pwd", master_}, {"name", source}, {"new_name", target}},
                       timeout);
  }
  Reply send_drop(const std::string& name) override {
    return wire_->form("/web/database/drop", {{"master_pwd", master_}, {"name", name}}, seconds(60));
  }
  Reply list() override { return wire_->web("/web/database/list", {}, "", seconds(30)); }
};

}  // namespace

Reply Databases::told_apart(Reply reply) {
  if (reply.ok() || !reply.fault().is("odoo.access_denied")) return reply;
  Fault fault = reply.fault();
  const Reply listed = list();
  const bool off = !listed.ok() && listed.fault().is("odoo.access_denied");
  fault.code = off ? "odoo.list_db_off" : "odoo.master_password";
  fault.cause = off ? "missing_dependency" : "unauthenticated";
  fault.message = off ? "the server is run with list_db = False" : "the master password is not accepted";
  return fault;
}

Reply Databases::create(const std::string& name, const std::string& language, const std::string& login,
                        const std::string& password, const std::string& country, Milliseconds timeout) {
  return told_apart(send_create(name, language, login, password, country, timeout));
}

Reply Databases::duplicate(const std::string& source, const std::string& target, Milliseconds timeout) {
  return told_apart(send_duplicate(source, target, timeout));
}

Reply Databases::drop(const std::string& name) {
  Reply reply = told_apart(send_drop(name));
  if (reply.is(Remedy::absent)) return json::value(false);
  return reply;
}

std::unique_ptr<Databases> open_databases(Wire& wire, Port port, std::string_view master_password) {
  if (port == Port::forms) return std::make_unique<FormDatabases>(wire, master_password);
  return std::make_unique<ServiceDatabases>(wire, master_password);
}

}  // namespace tenantry::odoo
