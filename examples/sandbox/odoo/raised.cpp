#include "sandbox/odoo/raised.hpp"

namespace tenantry::sandbox::odoo {

namespace {

int status_of(const Raised& raised) {
  if (raised.status != 0) return raised.status;
  if (raised.name == "odoo.exceptions.AccessDenied") return 401;
  if (raised.name == "odoo.exceptions.AccessError") return 403;
  if (raised.name == "odoo.exceptions.MissingError") return 404;
  if (raised.name.starts_with("odoo.exceptions.")) return 422;
  return 500;
}

std::string debug_of(const Raised& raised) {
  const std::string name =
      raised.name.starts_with("builtins.") ? raised.name.substr(sizeof "builtins." - 1) : raised.name;
  return "Traceback (most recent call last):\n  ...\n" + name + ": " + raised.message + "\n";
}

json::array arguments_of(const Raised& raised) {
  json::array arguments{raised.message};
  if (raised.name.starts_with("werkzeug.")) arguments.push_back(raised.status);
  return arguments;
}

std::string title_of(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 429:
      return "Too Many Requests";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Time-out";
    default:
      return "Internal Server Error";
  }
}

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '\'')
      result += "&#39;";
    else
      result += c;
  }
  return result;
}

}  // namespace

Raised validation(const std::string& text) { return {"odoo.exceptions.ValidationError", text}; }
Raised constraint(const std::string& text) { return validation("The operation cannot be completed: " + text); }
Raised user_error(const std::string& text) { return {"odoo.exceptions.UserError", text}; }
Raised access_denied() { return {"odoo.exceptions.AccessDenied", "Access Denied"}; }
Raised access_error(const std::string& text) { return {"odoo.exceptions.AccessError", text}; }

Raised missing(const std::string& model, std::int64_t id, std::int64_t user) {
  return {"odoo.exceptions.MissingError", "Record does not exist or has been deleted.\n(Record: " + model + "(" +
                                              std::to_string(id) + ",), User: " + std::to_string(user) + ")"};
}

Raised python(const std::string& type, const std::string& text) { return {"builtins." + type, text}; }
Raised postgres(const std::string& type, const std::string& text) { return {"psycopg2." + type, text}; }

Raised no_such_database(const std::string& name) {
  return postgres("OperationalError", "connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  database \"" +
                                          name + "\" does not exist\n");
}

Raised werkzeug(const std::string& type, int status, const std::string& text) {
  return {"werkzeug.exceptions." + type, text, status};
}

Raised killed_worker() {
  Raised raised;
  raised.hangs = true;
  return raised;
}

std::string_view python_type(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "NoneType";
    case json::kind::bool_:
      return "bool";
    case json::kind::int64:
    case json::kind::uint64:
      return "int";
    case json::kind::double_:
      return "float";
    case json::kind::string:
      return "str";
    case json::kind::array:
      return "list";
    case json::kind::object:
      return "dict";
  }
  return "object";
}

Response render_jsonrpc(const Raised& raised, const json::value& id, int version) {
  Response response;
  response.hangs_up = raised.hangs;
  response.content_type = "application/json; charset=utf-8";
  const bool expired = raised.code == 100;
  response.body = to_text(json::object{{"jsonrpc", "2.0"},
                                       {"id", id},
                                       {"error",
                                        {{"code", raised.code != 0 ? raised.code
                                                  : version >= 19  ? 0
                                                                   : 200},
                                         {"message", expired ? "Odoo Session Expired" : "Odoo Server Error"},
                                         {"data",
                                          {{"name", raised.name},
                                           {"debug", debug_of(raised)},
                                           {"message", raised.message},
                                           {"arguments", arguments_of(raised)},
                                           {"context", json::object{}}}}}}});
  return response;
}

Response render_json2(const Raised& raised) {
  Response response;
  response.hangs_up = raised.hangs;
  response.status = status_of(raised);
  response.content_type = "application/json; charset=utf-8";
  response.body = to_text(json::object{{"name", raised.name},
                                       {"message", raised.message},
                                       {"arguments", arguments_of(raised)},
                                       {"context", json::object{}},
                                       {"debug", debug_of(raised)}});
  return response;
}

Response jsonrpc_result(const json::value& id, const json::value& result) {
  Response response;
  response.content_type = "application/json; charset=utf-8";
  json::object body{{"jsonrpc", "2.0"}, {"id", id}};
  // What returns None has no result at all.
  if (!result.is_null()) body["result"] = result;
  response.body = to_text(body);
  return response;
}

Response html_page(int status, const std::string& body) {
  Response response;
  response.status = status;
  response.content_type = "text/html; charset=utf-8";
  response.body = body;
  return response;
}

Response html_error(int status, const std::string& text) {
  const std::string title = title_of(status);
  return html_page(status, "<!doctype html>\n<html lang=en>\n<title>" + std::to_string(status) + " " + title +
                               "</title>\n<h1>" + title + "</h1>\n<p>" + escaped(text) + "</p>\n");
}

Response redirect(const std::string& location) {
  Response response = html_page(303,
                                "<!doctype html>\n<html lang=en>\n<title>Redirecting...</title>\n<h1>Redirecting..."
                                "</h1>\n<p>You should be redirected automatically to the target URL: <a href=\"" +
                                    location + "\">" + location + "</a>. If not, click the link.\n");
  response.headers.emplace_back("Location", location);
  return response;
}

}  // namespace tenantry::sandbox::odoo
