// The routes of browsers: health, versions, sessions, the forms that administer databases.
#include <algorithm>
#include <cctype>
#include <regex>

#include "sandbox/odoo/odoo.hpp"
#include "sandbox/odoo/pages.hpp"

namespace tenantry::sandbox::odoo {

namespace {

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

std::string host_of(const Request& request) {
  std::string host(request.header("host"));
  return host.substr(0, host.find(':'));
}

std::string literally(const std::string& text) {
  static const std::regex kSpecial(R"([.^$|()\[\]{}*+?\\])");
  return std::regex_replace(text, kSpecial, R"(\$&)");
}

std::string encoded(const std::string& text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) || c == '-' || c == '_' || c == '.' || c == '~') {
      result += c;
    } else {
      result += '%';
      result += kDigits[byte >> 4U];
      result += kDigits[byte & 15U];
    }
  }
  return result;
}

// As the forms check it; the db service does not.
bool is_good_name(const std::string& name) {
  static const std::regex kGood("^[a-zA-Z0-9][a-zA-Z0-9_.-]+$");
  return std::regex_match(name, kGood);
}

void set_cookie(Response& response, const std::string& cookie) {
  response.headers.emplace_back("Set-Cookie", "session_id=" + cookie + "; Max-Age=604800; HttpOnly; Path=/");
}

Response bare_json(int status, const json::value& body) {
  Response response;
  response.status = status;
  response.body = to_text(body);
  return response;
}

}  // namespace

std::vector<std::string> Odoo::visible(const Request& request) const {
  auto names = databases_.names();
  const Options options = settings_.get();
  if (options.db_filter.empty()) return names;
  const std::string host = host_of(request);
  std::string domain = host.starts_with("www.") ? host.substr(4) : host;
  domain = domain.substr(0, domain.find('.'));
  const std::regex filter(replaced(replaced(options.db_filter, "%h", literally(host)), "%d", literally(domain)));
  std::erase_if(names, [&](const std::string& name) {
    return !std::regex_search(name, filter, std::regex_constants::match_continuous);
  });
  return names;
}

std::string Odoo::selected(const Request& request) const {
  const auto names = visible(request);
  if (const auto session = session_of(request))
    if (std::find(names.begin(), names.end(), session->database) != names.end()) return session->database;
  if (version_ >= 19)
    if (const std::string header(request.header("x-odoo-database")); !header.empty())
      return std::find(names.begin(), names.end(), header) == names.end() ? "" : header;
  return names.size() == 1 ? names.front() : "";
}

std::optional<Session> Odoo::session_of(const Request& request) const {
  const auto session = sessions_.find(request.cookie("session_id"));
  if (!session) return std::nullopt;
  const auto database = databases_.find(session->database);
  if (!database) return std::nullopt;
  const std::lock_guard lock(database->mutex);
  const auto password = database->passwords.find(session->user);
  if (password == database->passwords.end() || password->second != session->password) return std::nullopt;
  return session;
}

Response Odoo::answer_route(const Request& request, const Exchange& exchange) {
  const Route route = route_of(request);
  if (route == Route::kRpc) return answer_rpc(request, exchange);
  if (route == Route::kJson2) return answer_json2(request, exchange);
  if (route == Route::kForm) return answer_form(request, exchange);
  if (route == Route::kHealth) {
    exchange.wait(exchange.decision.latency + settings_.get().time_of("web.health"));
    if (!request.query.contains("db_server_status")) return bare_json(200, {{"status", "pass"}});
    const bool down = exchange.decision.has("database_down");
    return bare_json(down ? 500 : 200, {{"status", down ? "fail" : "pass"}, {"db_server_status", !down}});
  }
  Response response = route == Route::kJsonRoute ? answer_json_route(request, exchange) : answer_page(request);
  if (route == Route::kPage) exchange.wait(exchange.decision.latency);
  const bool has_cookie = !request.cookie("session_id").empty() ||
                          std::any_of(response.headers.begin(), response.headers.end(),
                                      [](const auto& header) { return header.first == "Set-Cookie"; });
  if (!has_cookie) set_cookie(response, random_hex(40));
  return response;
}

Response Odoo::answer_json_route(const Request& request, const Exchange& exchange) {
  if (request.method != "POST" || !request.header("content-type").starts_with("application/json"))
    return wrong_type(request.path, version_);
  const json::value body = parsed(request.body);
  if (!body.is_object()) return html_page(400, "Invalid JSON data");
  const auto& parameters = member(body, "params");
  std::string cookie;
  json::value result;
  if (request.path == "/web/session/authenticate") {
    result = authenticate(request, parameters, exchange, cookie);
  } else if (request.path.starts_with("/web/dataset/call_kw")) {
    result = call_kw(request, parameters, exchange);
  } else if (request.path == "/web/webclient/version_info") {
    exchange.wait(exchange.decision.latency);
    result = version_info(version_);
  } else if (request.path == "/web/database/list") {
    exchange.wait(exchange.decision.latency);
    if (!settings_.get().list_db) throw access_denied();
    json::array names;
    for (const auto& name : visible(request)) names.emplace_back(name);
    result = std::move(names);
  } else if (request.path == "/web/session/destroy") {
    sessions_.end(request.cookie("session_id"));
  } else {
    const auto session = session_of(request);
    if (!session) throw Raised{"odoo.http.SessionExpiredException", "Session expired", 0, 100};
    const auto database = caller_.database(session->database);
    const std::lock_guard lock(database->mutex);
    result = session_info(*database, session->user, "http://" + std::string(request.header("host")));
  }
  Response response = jsonrpc_result(member(body, "id"), result);
  if (!cookie.empty()) set_cookie(response, cookie);
  return response;
}

json::value Odoo::authenticate(const Request& request, const json::value& parameters, const Exchange& exchange,
                               std::string& cookie) {
  const std::string name = text_of(member(parameters, "db"));
  const auto names = visible(request);
  if (std::find(names.begin(), names.end(), name) == names.end()) throw access_error("Database not found.");
  const std::string password = text_of(member(parameters, "password"));
  const json::value user = caller_.sign_in(name, text_of(member(parameters, "login")), password, exchange);
  if (!user.is_int64()) throw access_denied();
  const auto database = caller_.database(name);
  const std::lock_guard lock(database->mutex);
  const auto own = database->passwords.find(user.get_int64());
  cookie = sessions_.begin({name, user.get_int64(), own == database->passwords.end() ? "" : own->second});
  return session_info(*database, user.get_int64(), "http://" + std::string(request.header("host")));
}

json::value Odoo::call_kw(const Request& request, const json::value& parameters, const Exchange& exchange) {
  const auto session = session_of(request);
  if (!session) throw Raised{"odoo.http.SessionExpiredException", "Session expired", 0, 100};
  Wanted wanted{text_of(member(parameters, "model")),
                text_of(member(parameters, "method")),
                member(parameters, "args"),
                member(parameters, "kwargs"),
                false,
                true};
  return caller_.run(*caller_.database(session->database), session->user, wanted, exchange);
}

Response Odoo::answer_form(const Request& request, const Exchange& exchange) {
  const auto fields = parse_form(request.body);
  const auto field = [&](const std::string& name) {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string{} : found->second;
  };
  const std::string what = request.path.substr(request.path.rfind('/') + 1);
  static const std::map<std::string, std::string> kNames{{"create", "creation"},
                                                         {"duplicate", "duplication"},
                                                         {"drop", "deletion"},
                                                         {"change_password", "Master password update"}};
  const auto known = kNames.find(what);
  if (known == kNames.end()) return no_such_page();
  try {
    // A server whose master password was never set takes the first one that it sees.
    if (settings_.get().master_password == "admin" && !field("master_pwd").empty())
      settings_.set_master_password(field("master_pwd"));
    const std::string name = field(what == "duplicate" ? "new_name" : "name");
    if ((what == "create" || what == "duplicate") && !is_good_name(name))
      throw python("Exception",
                   "Houston, we have a database naming issue! Make sure you only use letters, numbers, underscores, "
                   "hyphens, or dots in the database name, and you'll be golden.");
    administration_.check_master(field("master_pwd"), exchange);
    if (what == "drop") {
      administration_.drop(name, exchange);
      return redirect("/web/database/manager");
    }
    if (what == "duplicate") {
      administration_.duplicate(field("name"), name, !field("neutralize_database").empty(), exchange);
      return redirect("/web/database/manager");
    }
    if (what == "change_password") {
      settings_.set_master_password(field("master_pwd_new"));
      return redirect("/web/database/manager");
    }
    administration_.create(
        name, {field("login"), field("password"), field("country_code"), field("phone"), field("lang")}, exchange);
    // The form signs in with what it was given, and so notices what the db service hides.
    const auto database = caller_.database(name);
    const std::lock_guard lock(database->mutex);
    if (!database->sign_in(field("login"), field("password"))) throw access_denied();
    return redirect("/odoo");
  } catch (const Raised& raised) {
    if (raised.hangs) throw;
    return database_page(databases_.names(), "Database " + known->second + " error: " + raised.message);
  }
}

Response Odoo::answer_page(const Request& request) {
  const std::string& path = request.path;
  if (path == "/web/version" || path == "/json/version") {
    if (version_ < 19) return no_such_page();
    return bare_json(200, {{"version_info", version_info(version_).at("server_version_info")},
                           {"version", version_info(version_).at("server_version")}});
  }
  if (path == "/") return redirect("/odoo");
  if (path.starts_with("/xmlrpc/2/common") && request.body.find("<methodName>version<") != std::string::npos)
    return xmlrpc_version(version_);
  if (path == "/web/database/selector" || path == "/web/database/manager") {
    if (!settings_.get().list_db)
      return database_page({}, "The database manager has been disabled by the administrator");
    return database_page(visible(request), "");
  }
  if (path == "/doc-bearer/index.json" && version_ >= 19) {
    const auto database = databases_.find(selected(request));
    if (!database) return no_database();
    json::array modules;
    json::array models;
    const std::lock_guard lock(database->mutex);
    for (const auto& [id, record] : database->table("ir.module.module"))
      if (text_of(record->at("state")) == "installed") modules.push_back(record->at("name"));
    for (const auto& [name, model] : schema(version_).models()) {
      if (!database->installed(model.module)) continue;
      json::object shown;
      for (const auto& [field, each] : model.fields)
        if (database->installed(each.module)) shown[field] = json::object{{"string", each.label}};
      models.push_back({{"model", name}, {"name", model.label}, {"fields", std::move(shown)}});
    }
    return bare_json(200, {{"modules", std::move(modules)}, {"models", std::move(models)}});
  }
  const bool inside = path == "/odoo" || path == "/web" || path.starts_with("/odoo/");
  if (path != "/web/login" && !inside) return no_such_page();
  // The address may name the database, if the host may see it.
  std::string name = selected(request);
  if (const auto asked = request.query.find("db"); asked != request.query.end()) {
    const auto names = visible(request);
    if (std::find(names.begin(), names.end(), asked->second) != names.end()) name = asked->second;
  }
  if (name.empty()) return redirect("/web/database/selector");
  if (inside && !session_of(request)) return redirect("/web/login?redirect=" + encoded(request.target));
  return login_page();
}

}  // namespace tenantry::sandbox::odoo
