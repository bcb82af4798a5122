#include "scripted.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#include "odoo/engine.hpp"

namespace scripted {

namespace {

std::string unescaped(std::string_view text) {
  std::string all;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      all += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      all += text[i] == '+' ? ' ' : text[i];
    }
  }
  return all;
}

std::map<std::string, std::string> form_of(const std::string& body) {
  std::map<std::string, std::string> fields;
  std::size_t at = 0;
  while (at < body.size()) {
    const std::size_t end = std::min(body.find('&', at), body.size());
    const std::string pair = body.substr(at, end - at);
    const std::size_t equals = pair.find('=');
    fields[unescaped(pair.substr(0, equals))] = unescaped(pair.substr(equals + 1));
    at = end + 1;
  }
  return fields;
}

std::string text(const json::value& value) {
  return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

}  // namespace

Server::Server(int major) : major_(major), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (major != 18) version = std::to_string(major) + ".0";
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 || listen(listener_, 16) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) != 0)
    throw std::runtime_error("no server");
  url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  thread_ = std::thread([this] {
    for (;;) {
      const int peer = accept(listener_, nullptr, nullptr);
      if (peer < 0) return;
      serve(peer);
      close(peer);
    }
  });
}

Server::~Server() {
  shutdown(listener_, SHUT_RDWR);
  thread_.join();
  close(listener_);
}

void Server::script(Script script) {
  const std::scoped_lock lock(mutex_);
  script_ = std::move(script);
}

std::vector<Seen> Server::seen() {
  const std::scoped_lock lock(mutex_);
  return seen_;
}

int Server::count(const std::string& what) {
  const auto all = seen();
  return static_cast<int>(std::count_if(all.begin(), all.end(), [&](const Seen& one) { return one.what == what; }));
}

void Server::change(const std::function<void(std::map<std::string, Base>&)>& change) {
  const std::scoped_lock lock(mutex_);
  change(bases_);
}

std::map<std::string, Base> Server::bases() {
  const std::scoped_lock lock(mutex_);
  return bases_;
}

void Server::serve(int peer) {
  std::string bytes;
  char part[8192];
  std::size_t head = std::string::npos;
  while ((head = bytes.find("\r\n\r\n")) == std::string::npos) {
    const auto got = read(peer, part, sizeof part);
    if (got <= 0) return;
    bytes.append(part, static_cast<std::size_t>(got));
  }
  std::map<std::string, std::string> headers;
  std::size_t at = bytes.find("\r\n") + 2;
  while (at < head) {
    const std::size_t end = bytes.find("\r\n", at);
    const std::string line = bytes.substr(at, end - at);
    const std::size_t colon = line.find(':');
    std::string name = line.substr(0, colon);
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    headers[name] = line.substr(colon + 2);
    at = end + 2;
  }
  std::string body = bytes.substr(head + 4);
  const std::size_t wanted = headers.contains("content-length") ? std::stoul(headers["content-length"]) : 0;
  while (body.size() < wanted) {
    const auto got = read(peer, part, sizeof part);
    if (got <= 0) return;
    body.append(part, static_cast<std::size_t>(got));
  }
  const std::size_t space = bytes.find(' ');
  const Answer said =
      answer(bytes.substr(0, space), bytes.substr(space + 1, bytes.find(' ', space + 1) - space - 1), headers, body);
  if (said.hang_up) return;
  std::string out = "HTTP/1.1 " + std::to_string(said.status) +
                    " X\r\nConnection: close\r\nContent-Type: " + said.type +
                    "\r\nContent-Length: " + std::to_string(said.body.size()) + "\r\n";
  if (!said.location.empty()) out += "Location: " + said.location + "\r\n";
  if (!said.cookie.empty()) out += "Set-Cookie: session_id=" + said.cookie + "; Path=/\r\n";
  out += "\r\n" + said.body;
  for (std::size_t sent = 0; sent < out.size();) {
    const auto count = write(peer, out.data() + sent, out.size() - sent);
    if (count <= 0) return;
    sent += static_cast<std::size_t>(count);
  }
}

Server::Answer Server::answer(const std::string& method, const std::string& path,
                              const std::map<std::string, std::string>& headers, const std::string& body) {
  Seen seen;
  seen.path = path;
  seen.headers = headers;
  bool form = false;
  const bool bare = path.starts_with("/json/2/");
  json::object request;
  if (path.starts_with("/web/database/") && path != "/web/database/list") {
    form = true;
    const auto fields = form_of(body);
    seen.what = "form." + path.substr(14);
    for (const char* name : {"master_pwd", "name", "new_name", "lang", "login", "password", "country_code"})
      if (fields.contains(name)) seen.named[name] = fields.at(name);
  } else {
    boost::system::error_code failure;
    json::value value = json::parse(body, failure);
    if (!failure && value.is_object()) request = value.get_object();
    const json::object params = request.contains("params") ? request.at("params").as_object() : json::object();
    if (path == "/jsonrpc") {
      seen.args = params.at("args").as_array();
      seen.what = text(params.at("service")) + "." + text(params.at("method"));
      if (seen.what == "object.execute_kw") {
        seen.database = text(seen.args[0]);
        seen.what = text(seen.args[3]) + "." + text(seen.args[4]);
        if (seen.args.size() > 6) seen.named = seen.args[6].as_object();
        const json::array positional = seen.args[5].as_array();
        if (!positional.empty()) seen.named[text(seen.args[4]) == "create" ? "vals_list" : "ids"] = positional[0];
      }
    } else if (bare) {
      const std::size_t slash = path.find('/', 8);
      seen.what = path.substr(8, slash - 8) + "." + path.substr(slash + 1);
      seen.named = request;
      seen.database = headers.contains("x-odoo-database") ? headers.at("x-odoo-database") : "";
    } else if (path.starts_with("/web/dataset/call_kw/")) {
      seen.what = text(params.at("model")) + "." + text(params.at("method"));
      seen.named = params.at("kwargs").as_object();
      const json::array positional = params.at("args").as_array();
      if (!positional.empty()) seen.named[text(params.at("method")) == "create" ? "vals_list" : "ids"] = positional[0];
      const std::string cookie = headers.contains("cookie") ? headers.at("cookie") : "";
      seen.database = cookie.substr(std::min(cookie.size(), cookie.find("of-") + 3));
    } else {
      seen.what = method + " " + path;
      seen.named = params;
    }
  }
  const auto envelope = [&](const json::object& rest) {
    json::object all{{"jsonrpc", "2.0"}, {"id", 1}};
    for (const auto& [name, value] : rest) all[name] = value;
    return json::serialize(all);
  };
  const auto raised = [&](const std::string& name, const std::string& message, int status) -> Answer {
    if (form)
      return {200,         "<html><div class=\"alert alert-danger\">Error: " + message + "</div></html>",
              "text/html", "",
              false,       ""};
    const json::object data{{"name", name}, {"message", message}, {"debug", "Traceback: secret frame"}};
    if (bare) return {status, json::serialize(data), "application/json", "", false, ""};
    return {200,
            envelope({{"error", {{"code", major_ >= 19 ? 0 : 200}, {"message", "Odoo Server Error"}, {"data", data}}}}),
            "application/json",
            "",
            false,
            ""};
  };

  const std::scoped_lock lock(mutex_);
  seen_.push_back(seen);
  const auto instead = script_ ? script_(seen) : std::nullopt;
  using Kind = Instead::Kind;
  if (instead && instead->kind == Kind::hang_up_before) return {0, "", "", "", true, ""};
  if (instead && instead->kind == Kind::error)
    return raised(instead->exception, instead->message, instead->status == 200 ? 500 : instead->status);
  if (instead && instead->kind == Kind::text) return {instead->status, instead->body, "text/html", "", false, ""};
  try {
    const json::value value =
        seen.what.starts_with("db.") || seen.what.starts_with("common.") || seen.what.starts_with("POST ") || form
            ? service(seen)
            : model(seen);
    if (instead) return {0, "", "", "", true, ""};
    if (form) return {303, "<html>Redirecting", "text/html", "/odoo", false, ""};
    std::string cookie;
    if (seen.what == "POST /web/session/authenticate") cookie = "of-" + text(seen.named.at("db"));
    return {200, bare ? json::serialize(value) : envelope({{"result", value}}), "application/json", "", false, cookie};
  } catch (const Raised& error) {
    if (instead) return {0, "", "", "", true, ""};
    return raised(error.name, error.message, error.status);
  }
}

json::value Server::service(const Seen& seen) {
  const auto& args = seen.args;
  const auto named = [&](const char* name) { return seen.named.contains(name) ? text(seen.named.at(name)) : ""; };
  const bool form = seen.what.starts_with("form.");
  const std::string verb = seen.what.substr(seen.what.find('.') + 1);
  const auto login = [&](const std::string& name, const std::string& user, const std::string& password) -> json::value {
    const auto base = bases_.find(name);
    if (base == bases_.end())
      throw Raised{"psycopg2.OperationalError", "FATAL:  database \"" + name + "\" does not exist"};
    if (!base->second.complete || base->second.login != user || base->second.password != password) return false;
    return 2;
  };
  if (seen.what == "POST /web/webclient/version_info")
    return {{"server_version", version}, {"server_serie", std::to_string(major_) + ".0"}};
  if (seen.what == "POST /web/session/authenticate") {
    const json::value user = login(named("db"), named("login"), named("password"));
    if (user == false) throw Raised{"odoo.exceptions.AccessDenied", "Access Denied"};
    return {{"uid", user}};
  }
  if (seen.what == "common.login") return login(text(args[0]), text(args[1]), text(args[2]));
  if (seen.what == "db.db_exist") return bases_.contains(text(args[0]));
  if (!list_db) throw Raised{"odoo.exceptions.AccessDenied", "Access Denied"};
  if (seen.what == "db.list" || seen.what == "POST /web/database/list") {
    json::array names;
    for (const auto& [name, base] : bases_) names.emplace_back(name);
    return names;
  }
  if (!form && !seen.what.starts_with("db.")) throw Raised{"werkzeug.exceptions.NotFound", "404"};
  if ((form ? named("master_pwd") : text(args[0])) != master)
    throw Raised{"odoo.exceptions.AccessDenied", "Access Denied"};
  const std::string name = form ? named("name") : args.size() > 1 ? text(args[1]) : "";
  const std::string other = form ? named("new_name") : args.size() > 2 ? text(args[2]) : "";
  if (verb == "list_countries") return json::array{json::array{"ke", "Kenya"}, json::array{"gb", "United Kingdom"}};
  if (verb == "create_database" || (form && verb == "create")) {
    if (bases_.contains(name))
      throw Raised{"odoo.service.db.DatabaseExists", "database '" + name + "' already exists!"};
    Base base;
    base.password = form ? named("password") : text(args[4]);
    base.login = form ? named("login") : text(args[5]);
    base.modules = {{"stock", "uninstalled"}, {"point_of_sale", "uninstalled"}};
    bases_[name] = base;
    return true;
  }
  if (verb == "duplicate_database" || verb == "duplicate") {
    if (!bases_.contains(name))
      throw Raised{"psycopg2.errors.InvalidCatalogName", "template database \"" + name + "\" does not exist"};
    if (bases_.contains(other)) throw Raised{"psycopg2.errors.DuplicateDatabase", "database already exists"};
    bases_[other] = bases_[name];
    return true;
  }
  if (verb == "rename") {
    if (!bases_.contains(name) || bases_.contains(other))
      throw Raised{"builtins.Exception", "Couldn't rename database " + name + " to " + other};
    bases_[other] = bases_[name];
    bases_.erase(name);
    return true;
  }
  if (verb == "drop") return bases_.erase(name) > 0;
  throw Raised{"builtins.KeyError", "Method not found: " + verb};
}

json::value Server::model(const Seen& seen) {
  const auto found = bases_.find(seen.database);
  if (found == bases_.end())
    throw Raised{"psycopg2.OperationalError", "FATAL:  database \"" + seen.database + "\" does not exist"};
  Base& base = found->second;
  if (seen.path == "/jsonrpc" && text(seen.args[2]) != base.password)
    throw Raised{"odoo.exceptions.AccessDenied", "Access Denied"};
  if (seen.path.starts_with("/json/2/")) {
    const std::string bearer = seen.headers.at("authorization").substr(7);
    if (std::none_of(base.keys.begin(), base.keys.end(), [&](const ApiKey& key) { return key.word == bearer; }))
      throw Raised{"werkzeug.exceptions.Unauthorized", "Invalid apikey", 401};
  }
  const auto& named = seen.named;
  if (seen.what == "ir.module.module.search_read") {
    json::array rows;
    std::int64_t id = 100;
    for (const auto& [name, state] : base.modules) rows.push_back({{"id", id++}, {"name", name}, {"state", state}});
    return rows;
  }
  if (seen.what == "ir.module.module.button_reset_state") {
    for (auto& [name, state] : base.modules)
      if (state == "to install") state = "uninstalled";
    return true;
  }
  if (seen.what == "ir.module.module.button_immediate_install") {
    const bool half_done = std::any_of(base.modules.begin(), base.modules.end(),
                                       [](const auto& module) { return module.second == "to install"; });
    if (half_done && major_ >= 19)
      throw Raised{"odoo.exceptions.UserError", "Odoo is currently processing another module operation."};
    for (auto& [name, state] : base.modules) state = "installed";
    return {{"type", "ir.actions.act_url"}};
  }
  if (seen.what == "ir.config_parameter.search_read") {
    json::array rows;
    for (const auto& [key, value] : base.parameters) rows.push_back({{"id", 1}, {"key", key}, {"value", value}});
    return rows;
  }
  if (seen.what == "ir.config_parameter.set_param") {
    if (named.at("value").is_bool())
      base.parameters.erase(text(named.at("key")));
    else
      base.parameters[text(named.at("key"))] = text(named.at("value"));
    return true;
  }
  if (seen.what == "res.users.write") {
    const json::object& values = named.at("vals").as_object();
    if (values.contains("login")) base.login = text(values.at("login"));
    if (values.contains("password")) base.password = text(values.at("password"));
    return true;
  }
  if (seen.what == "res.users.search_read")
    return json::array{json::object{{"id", 2}, {"login", base.login}, {"company_id", json::array{1, "My Company"}}}};
  if (auto answer = keys_of(seen, base)) return *answer;
  if (seen.what == "account.move.search_count") return base.bookings;
  if (seen.what == "pos.order.search_count") return 0;
  throw Raised{"odoo.exceptions.UserError", "Object of " + seen.what + " doesn't exist"};
}

// Keys are made and removed by asking for the password once more.
std::optional<json::value> Server::keys_of(const Seen& seen, Base& base) {
  const auto ids = [&] { return seen.named.at("ids").as_array(); };
  const auto wizard = [&](bool makes) {
    asked_[next_] = {makes, ids()};
    return json::object{{"res_model", "res.users.identitycheck"}, {"res_id", next_++}};
  };
  if (seen.what == "res.users.apikeys.search_read") {
    json::array rows;
    for (const ApiKey& key : base.keys) rows.push_back({{"id", key.id}, {"name", key.name}});
    return rows;
  }
  if (seen.what == "res.users.apikeys.description.create") {
    const json::value& values = seen.named.at("vals_list");
    described_[next_] = text((values.is_array() ? values.at(0) : values).at("name"));
    return next_++;
  }
  if (seen.what == "res.users.apikeys.description.make_key") return wizard(true);
  if (seen.what == "res.users.apikeys.remove") return wizard(false);
  if (seen.what == "res.users.identitycheck.write") return true;
  if (seen.what != "res.users.identitycheck.run_check") return std::nullopt;
  const auto [makes, which] = asked_.at(ids().at(0).as_int64());
  if (!makes) {
    std::erase_if(base.keys, [&list = which](const ApiKey& key) {
      return std::find(list.begin(), list.end(), json::value(key.id)) != list.end();
    });
    return json::object{{"type", "ir.actions.act_window_close"}};
  }
  base.keys.push_back(
      {next_, described_.at(which.at(0).as_int64()), "key-" + std::to_string(next_) + "-of-" + seen.database});
  ++next_;
  return json::object{{"context", json::object{{"default_key", base.keys.back().word}}}};
}

Host::Host(const Server& server, const std::string& tenant, const json::object& settings)
    : FakeHost(tenantry::detail::plugin_table<tenantry::odoo::Engine>()) {
  tenant_id = tenant;
  run_id = "run-of-" + tenant;
  document["tenant"] = {{"id", tenant},
                        {"name", "Duka Moja Ltd"},
                        {"country_code", "KE"},
                        {"admin_name", "Asha Owner"},
                        {"admin_email", "owner@" + tenant + ".example"},
                        {"labels", json::object()}};
  document["server"] = {{"id", "erp-1"}, {"url", server.url()}, {"settings", settings}};
  secrets = {{"server.master_password", "master-word"},
             {"tenant.admin_password", "Owner-Pass-2026!"},
             {"server.admin_password", "admin-word"}};
}

bool succeeded(const Report& report) { return report.outcome >= TENANTRY_DONE && report.outcome <= TENANTRY_SKIPPED; }

Report settle(FakeHost& host, const std::string& step, int attempts) {
  Report report;
  for (int i = 1; i <= attempts; ++i) {
    host.attempt = static_cast<std::uint32_t>(i);
    report = host.run(step);
    if (report.outcome != TENANTRY_RETRY && report.outcome != TENANTRY_WAIT) break;
  }
  host.attempt = 1;
  return report;
}

Report set_up(FakeHost& host) {
  Report report;
  for (const char* step : {"step_0_engine_check", "template_database", "step_1_platform_setup"}) {
    report = settle(host, step);
    if (!succeeded(report)) break;
  }
  return report;
}

std::string words(const Report& report) {
  return std::to_string(report.outcome) + " " + report.code + ": " + report.message + " " +
         json::serialize(report.detail);
}

}  // namespace scripted
