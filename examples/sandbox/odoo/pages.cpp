#include "sandbox/odoo/pages.hpp"

namespace tenantry::sandbox::odoo {

namespace {

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text)
    result += c == '<' ? "&lt;" : c == '&' ? "&amp;" : c == '\'' ? "&#39;" : c == '"' ? "&#34;" : std::string(1, c);
  return result;
}

std::string server_version(int version) { return version < 19 ? "18.0-20250421" : std::to_string(version) + ".0"; }

}  // namespace

Response database_page(const std::vector<std::string>& databases, const std::string& alert) {
  std::string body =
      "<html>\n<head>\n    <meta http-equiv=\"content-type\" content=\"text/html; charset=utf-8\"/>\n    "
      "<title>Odoo</title>\n</head>\n<body>\n";
  if (!alert.empty()) body += "    <div class=\"alert alert-danger\">" + escaped(alert) + "</div>\n";
  body += "    <div class=\"list-group\">\n";
  for (const auto& name : databases)
    body +=
        "        <a class=\"d-block flex-grow-1\" href=\"/odoo?db=" + escaped(name) + "\">" + escaped(name) + "</a>\n";
  return html_page(200, body + "    </div>\n</body>\n</html>\n");
}

Response login_page() {
  return html_page(200,
                   "<!DOCTYPE html>\n<html style=\"height: 100%;\">\n    <head>\n        <title>Odoo</title>\n    "
                   "</head>\n    <body>\n        <form class=\"oe_login_form\" role=\"form\" method=\"post\" "
                   "action=\"/web/login\"></form>\n    </body>\n</html>\n");
}

Response wrong_type(const std::string& path, int version) {
  return html_error(400, "Request inferred type is compatible with ['http'] but '" + path + "' is type='" +
                             (version < 19 ? "json" : "jsonrpc") + "'.");
}

Response no_database() {
  return html_page(404,
                   "<!DOCTYPE html>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>No database is selected and "
                   "the requested URL was not found in the server-wide controllers.</p>\n<p>Please verify the "
                   "hostname, <a href=/web/login>login</a> and try again.</p>\n\n<!-- Alternatively, use the "
                   "X-Odoo-Database header. -->\n");
}

Response no_such_page() {
  return html_error(404,
                    "The requested URL was not found on the server. If you entered the URL manually please check your "
                    "spelling and try again.");
}

json::object version_info(int version) {
  return {{"server_version", server_version(version)},
          {"server_version_info", json::array{version, 0, 0, "final", 0, ""}},
          {"server_serie", std::to_string(version) + ".0"},
          {"protocol_version", 1}};
}

json::value session_info(Database& database, Id user, const std::string& base_url) {
  const auto& schema = database.schema;
  json::object info = database.installed("mail") ? schema.session_with_mail : schema.session;
  const Id partner = int_of(database.get("res.users", user, "partner_id"));
  const auto& name = database.get("res.partner", partner, "name");
  const bool admin = user <= 2;
  info["uid"] = user;
  info["is_system"] = admin;
  info["is_admin"] = admin;
  info["db"] = database.name;
  info["name"] = name;
  info["username"] = database.get("res.users", user, "login");
  info["partner_id"] = partner;
  info["partner_display_name"] = name;
  info["partner_write_date"] = database.get("res.partner", partner, "write_date");
  info["web.base.url"] = base_url;
  const auto& zone = database.get("res.partner", partner, "tz");
  info["user_context"] = {{"lang", "en_US"}, {"tz", truthy(zone) ? zone : json::value(false)}, {"uid", user}};
  json::object currencies;
  for (const auto& [id, record] : database.table("res.currency")) {
    if (member(*record, "active") != true) continue;
    json::object shown{
        {"symbol", record->at("symbol")}, {"position", record->at("position")}, {"digits", json::array{69, 2}}};
    if (schema.version >= 19) shown["name"] = record->at("name");
    currencies[std::to_string(id)] = std::move(shown);
  }
  info["currencies"] = std::move(currencies);
  json::object companies;
  for (const Id id : ids_of(database.get("res.users", user, "company_ids"))) {
    if (database.get("res.company", id, "active") == false) continue;
    json::object shown{{"id", id},
                       {"name", database.get("res.company", id, "name")},
                       {"sequence", int_of(database.get("res.company", id, "sequence"))},
                       {"child_ids", json::array{}},
                       {"parent_id", false}};
    if (schema.version >= 19) shown["currency_id"] = database.get("res.company", id, "currency_id");
    companies[std::to_string(id)] = std::move(shown);
  }
  info["user_companies"] = {{"current_company", database.get("res.users", user, "company_id")},
                            {"allowed_companies", std::move(companies)},
                            {"disallowed_ancestor_companies", json::object{}}};
  return info;
}

Response xmlrpc_version(int version) {
  const auto text = [](const std::string& name, const std::string& value) {
    return "<member>\n<name>" + name + "</name>\n<value>" + value + "</value>\n</member>\n";
  };
  Response response;
  response.content_type = "text/xml; charset=utf-8";
  const std::string number = std::to_string(version);
  response.body = "<?xml version=\"1.0\"?>\n<methodResponse>\n<params>\n<param>\n<value><struct>\n" +
                  text("server_version", "<string>" + server_version(version) + "</string>") +
                  text("server_version_info", "<array><data>\n<value><int>" + number +
                                                  "</int></value>\n<value><int>0</int></value>\n<value><int>0</int>"
                                                  "</value>\n<value><string>final</string></value>\n<value><int>0"
                                                  "</int></value>\n<value><string></string></value>\n</data></array>") +
                  text("server_serie", "<string>" + number + ".0</string>") + text("protocol_version", "<int>1</int>") +
                  "</struct></value>\n</param>\n</params>\n</methodResponse>\n";
  return response;
}

}  // namespace tenantry::sandbox::odoo
