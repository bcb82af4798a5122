// An Odoo sandbox within the test's own process, on a free port.
#pragma once
#include <map>
#include <string>

#include "sandbox/http/client.hpp"
#include "sandbox/http/server.hpp"
#include "sandbox/odoo/odoo.hpp"

namespace tenantry::sandbox::testing {

inline constexpr const char* kMaster = "master-secret";

// The arguments of a call that has one: braces around a list would be the list itself.
inline json::array only(const json::value& argument) {
  json::array arguments;
  arguments.push_back(argument);
  return arguments;
}

class OdooSandbox {
 public:
  explicit OdooSandbox(odoo::Options options = {}) : application(with_master(std::move(options)), journal) {
    server_.start();
  }

  [[nodiscard]] std::uint16_t port() const { return server_.port(); }

  // A call of /jsonrpc; nullopt if there was no answer, else the whole envelope.
  std::optional<json::value> rpc(const std::string& service, const std::string& method, const json::array& arguments,
                                 std::chrono::milliseconds timeout = std::chrono::seconds(20)) const {
    const json::object body{{"jsonrpc", "2.0"},
                            {"id", 7},
                            {"method", "call"},
                            {"params", {{"service", service}, {"method", method}, {"args", arguments}}}};
    const auto answer = call(port(), "POST", "/jsonrpc", {{"Content-Type", "application/json"}, {"Host", "127.0.0.1"}},
                             json::serialize(body), timeout);
    if (!answer) return std::nullopt;
    return json::parse(answer->body);
  }
  // Its result, or the name of its error, or null.
  json::value ask(const std::string& service, const std::string& method, const json::array& arguments) const {
    return outcome(rpc(service, method, arguments));
  }
  // execute_kw as the administrator of a database made by make().
  json::value on(const std::string& database, const std::string& model, const std::string& method,
                 const json::array& arguments, const json::object& named = {}) const {
    return ask("object", "execute_kw", {database, 2, "admin", model, method, arguments, named});
  }
  static json::value outcome(const std::optional<json::value>& envelope) {
    if (!envelope) return "no answer";
    if (const auto* error = envelope->as_object().if_contains("error")) return error->at("data").at("name");
    const auto* result = envelope->as_object().if_contains("result");
    return result ? *result : json::value();
  }
  // With a key of the administrator's, over /json/2.
  std::optional<Answer> json2(const std::string& database, const std::string& target, const json::value& body,
                              const std::string& key) const {
    return call(port(), "POST", "/json/2/" + target,
                {{"Content-Type", "application/json"},
                 {"Host", "127.0.0.1"},
                 {"X-Odoo-Database", database},
                 {"Authorization", "bearer " + key}},
                json::serialize(body));
  }
  // The cookie of a session of the web client; "": refused.
  [[nodiscard]] std::string session(const std::string& database, const std::string& login = "admin",
                                    const std::string& password = "admin") const {
    const auto begun =
        post("/web/session/authenticate", {{"db", database}, {"login", login}, {"password", password}}, "");
    const std::string header = begun ? begun->header("set-cookie") : "";
    return header.substr(0, header.find(';'));
  }
  // call_kw in that session: its result, or null.
  [[nodiscard]] json::value kw(const std::string& cookie, const std::string& model, const std::string& method,
                               const json::array& arguments, const json::object& named = {}) const {
    const auto answer = post("/web/dataset/call_kw/" + model + "/" + method,
                             {{"model", model}, {"method", method}, {"args", arguments}, {"kwargs", named}}, cookie);
    const json::value body = answer ? json::parse(answer->body) : json::value();
    const auto* result = body.is_object() ? body.get_object().if_contains("result") : nullptr;
    return result ? *result : json::value();
  }
  // Answers the wizard that asks for the password once more; null: refused.
  [[nodiscard]] json::value confirm(const std::string& cookie, const json::value& action,
                                    const std::string& password) const {
    if (!action.is_object()) return nullptr;
    const json::value check = action.at("res_id");
    (void)kw(cookie, "res.users.identitycheck", "write", {{check}, {{"password", password}}});
    return kw(cookie, "res.users.identitycheck", "run_check", {{check}}, {{"context", {{"password", password}}}});
  }
  // A key of the administrator's, by the way that browsers go. "": it was refused.
  [[nodiscard]] std::string make_key(const std::string& database, const std::string& login = "admin",
                                     const std::string& password = "admin") const {
    const std::string cookie = session(database, login, password);
    const json::value description =
        kw(cookie, "res.users.apikeys.description", "create", {{{"name", "k"}, {"duration", "1"}}});
    const json::value shown =
        confirm(cookie, kw(cookie, "res.users.apikeys.description", "make_key", {{description}}), password);
    return shown.is_object() ? std::string(shown.at("context").at("default_key").as_string()) : std::string{};
  }

  json::value control(const std::string& method, const std::string& target, const json::value& body = nullptr) const {
    const auto answer = call(port(), method, "/__sandbox/" + target, {}, body.is_null() ? "" : json::serialize(body));
    return answer ? json::parse(answer->body) : json::value();
  }
  void fault(const json::object& rule) const { control("POST", "faults", rule); }
  void make(const std::string& name, const std::string& kind = "fresh") {
    application.make(name, kind, {"admin", "admin", "KE", "", "en_US"});
  }
  [[nodiscard]] std::size_t effects(const std::string& model, const std::string& what) const {
    std::size_t count = 0;
    for (const auto& effect : journal.effects(0, 100000, ""))
      if (effect.at("doctype").as_string() == model && effect.at("what").as_string() == what) ++count;
    return count;
  }

  Faults faults;
  Journal journal;
  odoo::Odoo application;

 private:
  [[nodiscard]] std::optional<Answer> post(const std::string& target, const json::object& parameters,
                                           const std::string& cookie) const {
    return call(port(), "POST", target,
                {{"Content-Type", "application/json"}, {"Cookie", cookie}, {"Host", "127.0.0.1"}},
                json::serialize(json::object{{"jsonrpc", "2.0"}, {"method", "call"}, {"params", parameters}}));
  }
  static odoo::Options with_master(odoo::Options options) {
    options.master_password = kMaster;
    return options;
  }
  Server server_{application, faults, journal, {}};
};

}  // namespace tenantry::sandbox::testing
