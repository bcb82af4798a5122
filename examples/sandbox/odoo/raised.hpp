// An error as Odoo raises and shows it. Thrown where Odoo would raise, caught once where the call is answered; an
// exception, because "roll everything back and show this" is what the original means by it.
#pragma once
#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "sandbox/http/message.hpp"

namespace tenantry::sandbox::odoo {

namespace json = boost::json;

struct Raised {
  std::string name;  // of the exception's class: "odoo.exceptions.UserError"
  std::string message;
  int status = 0;      // on /json/2; 0: what the class is answered with there
  int code = 0;        // on JSON-RPC; 0: the version's usual one
  bool hangs = false;  // the worker was killed: there is no answer, the connection is closed
};

[[nodiscard]] Raised validation(const std::string& text);
// The text of a constraint of the database.
[[nodiscard]] Raised constraint(const std::string& text);
[[nodiscard]] Raised user_error(const std::string& text);
[[nodiscard]] Raised access_denied();
[[nodiscard]] Raised access_error(const std::string& text);
[[nodiscard]] Raised missing(const std::string& model, std::int64_t id, std::int64_t user);
// builtins.<type>
[[nodiscard]] Raised python(const std::string& type, const std::string& text);
// psycopg2.<type>
[[nodiscard]] Raised postgres(const std::string& type, const std::string& text);
[[nodiscard]] Raised no_such_database(const std::string& name);
// werkzeug.exceptions.<type>, only on /json/2.
[[nodiscard]] Raised werkzeug(const std::string& type, int status, const std::string& text);
[[nodiscard]] Raised killed_worker();

[[nodiscard]] std::string_view python_type(const json::value& value);

[[nodiscard]] Response render_jsonrpc(const Raised& raised, const json::value& id, int version);
[[nodiscard]] Response render_json2(const Raised& raised);
[[nodiscard]] Response jsonrpc_result(const json::value& id, const json::value& result);
// A page of werkzeug or of the proxy in front of it.
[[nodiscard]] Response html_page(int status, const std::string& body);
[[nodiscard]] Response html_error(int status, const std::string& text);
[[nodiscard]] Response redirect(const std::string& location);

}  // namespace tenantry::sandbox::odoo
