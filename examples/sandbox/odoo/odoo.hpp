// Odoo 18 and 19, as recorded: the application behind the sandbox's HTTP server.
#pragma once
#include <string>

#include "sandbox/application.hpp"
#include "sandbox/odoo/administration.hpp"
#include "sandbox/odoo/caller.hpp"
#include "sandbox/odoo/sessions.hpp"

namespace tenantry::sandbox::odoo {

class Odoo : public Application {
 public:
  // `journal` has to outlive it.
  Odoo(Options options, Journal& journal);

  [[nodiscard]] Databases& databases() { return databases_; }
  // A database that is there from the start. Kinds: fresh, prepared (with stock and point_of_sale, as a template is),
  // half-made. False: there is no such kind, or the name is taken.
  bool make(const std::string& name, const std::string& kind, const FirstUser& user);

  [[nodiscard]] Subject describe(const Request& request) const override;
  [[nodiscard]] Response answer(const Request& request, const Exchange& exchange) override;
  [[nodiscard]] json::value state(const std::string& database) override;
  [[nodiscard]] std::optional<Response> control(const Request& request, const std::vector<std::string>& parts,
                                                const Exchange& exchange) override;

 private:
  // What a path is, and with it the form of its errors.
  enum class Route { kPage, kForm, kHealth, kRpc, kJsonRoute, kJson2 };
  [[nodiscard]] Route route_of(const Request& request) const;
  [[nodiscard]] Response answer_fault(const Request& request, const Rule& rule) const;
  [[nodiscard]] Response render(const Request& request, const Raised& raised) const;
  [[nodiscard]] Response answer_route(const Request& request, const Exchange& exchange);

  // /jsonrpc
  [[nodiscard]] Response answer_rpc(const Request& request, const Exchange& exchange);
  [[nodiscard]] json::value call_service(const json::value& parameters, const Exchange& exchange);
  [[nodiscard]] json::value call_common(const std::string& method, const json::array& arguments,
                                        const Exchange& exchange);
  [[nodiscard]] json::value call_db(const std::string& method, const json::array& arguments, const Exchange& exchange);
  [[nodiscard]] json::value call_object(const std::string& method, const json::array& arguments,
                                        const Exchange& exchange);
  // /json/2/<model>/<method>
  [[nodiscard]] Response answer_json2(const Request& request, const Exchange& exchange);
  // /web/...
  [[nodiscard]] Response answer_json_route(const Request& request, const Exchange& exchange);
  [[nodiscard]] json::value authenticate(const Request& request, const json::value& parameters,
                                         const Exchange& exchange, std::string& cookie);
  [[nodiscard]] json::value call_kw(const Request& request, const json::value& parameters, const Exchange& exchange);
  [[nodiscard]] Response answer_form(const Request& request, const Exchange& exchange);
  [[nodiscard]] Response answer_page(const Request& request);

  // The databases that a host may see, and the one that a request is for ("": none).
  [[nodiscard]] std::vector<std::string> visible(const Request& request) const;
  [[nodiscard]] std::string selected(const Request& request) const;
  [[nodiscard]] std::optional<Session> session_of(const Request& request) const;
  [[nodiscard]] std::optional<Response> control_databases(const Request& request,
                                                          const std::vector<std::string>& parts);

  const int version_;
  Journal& journal_;
  Settings settings_;
  Databases databases_;
  Administration administration_;
  Caller caller_;
  Sessions sessions_;
};

// The JSON of a body; null if it is none.
[[nodiscard]] json::value parsed(const std::string& body);
// What faults call a form of /web/database: the method of the db service that does the same.
[[nodiscard]] std::string form_subject(const std::string& path);

}  // namespace tenantry::sandbox::odoo
