#include "sandbox/odoo/odoo.hpp"

#include <utility>

#include "sandbox/odoo/pages.hpp"

namespace tenantry::sandbox::odoo {

namespace {

Response json_response(int status, const json::value& body) {
  Response response;
  response.status = status;
  response.body = to_text(body);
  return response;
}

const json::value& element(const json::value& list, std::size_t at) {
  static const json::value kNull;
  return list.is_array() && at < list.get_array().size() ? list.get_array()[at] : kNull;
}

// The database that a call of a service is about.
std::string database_of(const std::string& service, const std::string& method, const json::value& arguments) {
  if (service != "db") return text_of(element(arguments, 0));
  if (method == "db_exist") return text_of(element(arguments, 0));
  return text_of(element(arguments, method == "duplicate_database" ? 2 : 1));
}

std::string subject_of(const std::string& service, const std::string& method, const json::value& arguments) {
  if (service != "object") return service + "." + method;
  return text_of(element(arguments, 3)) + "." + text_of(element(arguments, 4));
}

json::value request_id(const Request& request) {
  const json::value body = parsed(request.body);
  return member(body, "id");
}

// What is shown of errors that have one text only.
std::string usual_text(const std::string& name) {
  static const std::map<std::string, std::string> kTexts{
      {"odoo.exceptions.AccessDenied", "Access Denied"},
      {"psycopg2.errors.SerializationFailure", "could not serialize access due to concurrent update\n"},
      {"psycopg2.errors.DeadlockDetected", "deadlock detected\n"},
      {"psycopg2.errors.LockNotAvailable", "could not obtain lock on row in relation \"ir_cron\"\n"},
      {"psycopg2.errors.InFailedSqlTransaction",
       "current transaction is aborted, commands ignored until end of transaction block\n"},
      {"psycopg2.errors.ObjectInUse", "source database is being accessed by other users\n"},
      {"psycopg2.InterfaceError", "cursor already closed"},
      {"psycopg2.pool.PoolError", "This connection does not belong to the pool"},
      {"psycopg2.OperationalError",
       "connection to server at \"127.0.0.1\", port 5432 failed: Connection refused\n\tIs the server running on that "
       "host and accepting TCP/IP connections?\n"}};
  const auto found = kTexts.find(name);
  return found == kTexts.end() ? name : found->second;
}

}  // namespace

json::value parsed(const std::string& body) {
  boost::system::error_code bad;
  json::value value = json::parse(body, bad);
  return bad ? json::value() : value;
}

std::string form_subject(const std::string& path) {
  if (path == "/web/database/create") return "db.create_database";
  if (path == "/web/database/duplicate") return "db.duplicate_database";
  if (path == "/web/database/drop") return "db.drop";
  return path == "/web/database/list" ? "db.list" : "";
}

Odoo::Odoo(Options options, Journal& journal)
    : version_(options.version),
      journal_(journal),
      settings_(std::move(options)),
      databases_(schema(version_)),
      administration_(databases_, settings_, journal),
      caller_(databases_, settings_, journal) {}

bool Odoo::make(const std::string& name, const std::string& kind, const FirstUser& user) {
  if (kind != "fresh" && kind != "prepared" && kind != "half-made") return false;
  const auto database = databases_.add(name, Stage::kCreating);
  if (!database) return false;
  const std::lock_guard lock(database->mutex);
  Transaction transaction(*database, "");
  transaction.note("created");
  if (kind == "half-made") {
    database->stage = Stage::kHalfMade;
  } else {
    Env env{transaction, 1, {}, true};
    fill_new_database(env);
    hand_over(env, user);
    if (kind == "prepared") install(env, {"stock", "point_of_sale"});
    transaction.note("initialised");
    database->stage = Stage::kReady;
  }
  transaction.commit(journal_);
  return true;
}

Odoo::Route Odoo::route_of(const Request& request) const {
  const std::string& path = request.path;
  if (path == "/jsonrpc") return Route::kRpc;
  if (path.starts_with("/json/2/")) return Route::kJson2;
  if (path == "/web/health") return Route::kHealth;
  if (path == "/web/webclient/version_info" || path.starts_with("/web/session/") ||
      path.starts_with("/web/dataset/call_kw") || path == "/web/database/list")
    return Route::kJsonRoute;
  if (path.starts_with("/web/database/") && request.method == "POST") return Route::kForm;
  return Route::kPage;
}

Subject Odoo::describe(const Request& request) const {
  Subject subject{"", request.method, request.path, ""};
  switch (route_of(request)) {
    case Route::kRpc: {
      const json::value body = parsed(request.body);
      const auto& parameters = member(body, "params");
      const std::string service = text_of(member(parameters, "service"));
      const std::string method = text_of(member(parameters, "method"));
      const auto& arguments = member(parameters, "args");
      subject.site = database_of(service, method, arguments);
      subject.doctype = subject_of(service, method, arguments);
      break;
    }
    case Route::kJson2: {
      const auto parts = request.parts();
      subject.site = selected(request);
      if (parts.size() == 4) subject.doctype = parts[2] + "." + parts[3];
      break;
    }
    case Route::kJsonRoute: {
      const json::value body = parsed(request.body);
      const auto& parameters = member(body, "params");
      if (request.path == "/web/session/authenticate") {
        subject.site = text_of(member(parameters, "db"));
        subject.doctype = "session.authenticate";
      } else if (request.path.starts_with("/web/dataset/call_kw")) {
        const auto session = session_of(request);
        subject.site = session ? session->database : "";
        subject.doctype = text_of(member(parameters, "model")) + "." + text_of(member(parameters, "method"));
      } else {
        subject.doctype = form_subject(request.path);
      }
      break;
    }
    case Route::kForm: {
      const auto fields = parse_form(request.body);
      const auto field = [&](const std::string& name) {
        const auto found = fields.find(name);
        return found == fields.end() ? std::string{} : found->second;
      };
      subject.doctype = form_subject(request.path);
      subject.site = field(request.path == "/web/database/duplicate" ? "new_name" : "name");
      break;
    }
    case Route::kHealth:
      subject.doctype = "web.health";
      break;
    case Route::kPage:
      break;
  }
  return subject;
}

Response Odoo::render(const Request& request, const Raised& raised) const {
  switch (route_of(request)) {
    case Route::kRpc:
    case Route::kJsonRoute:
      return render_jsonrpc(raised, request_id(request), version_);
    case Route::kJson2:
      return render_json2(raised);
    case Route::kForm:
    case Route::kPage:
    case Route::kHealth:
      break;
  }
  Response response = html_error(500, raised.message);
  response.hangs_up = raised.hangs;
  return response;
}

Response Odoo::answer_fault(const Request& request, const Rule& rule) const {
  if (rule.action == Action::kTooMany) {
    Response response = html_error(429, "Too many requests.");
    response.headers.emplace_back("Retry-After", std::to_string(rule.retry_after));
    return response;
  }
  if (rule.action != Action::kError) return html_error(rule.status, "The proxy has no better answer.");
  Raised raised{rule.exc_type.empty() ? "builtins.Exception" : rule.exc_type, rule.message};
  if (raised.message.empty()) raised.message = usual_text(raised.name);
  // 500 is what a rule says that says nothing; the class has a status of its own then.
  if (rule.status != 500) raised.status = rule.status;
  return render(request, raised);
}

Response Odoo::answer(const Request& request, const Exchange& exchange) {
  const Action action = exchange.decision.action();
  const bool replaces = action == Action::kError || action == Action::kHtml || action == Action::kTooMany ||
                        action == Action::kMaintenance;
  if (replaces) {
    exchange.wait(exchange.decision.latency);
    return answer_fault(request, *exchange.decision.rule);
  }
  const bool health = route_of(request) == Route::kHealth;
  try {
    if (exchange.decision.has("database_down") && !health)
      throw postgres("OperationalError", usual_text("psycopg2.OperationalError"));
    return answer_route(request, exchange);
  } catch (const Raised& raised) {
    return render(request, raised);
  } catch (const std::exception& unexpected) {
    // Input of a kind that the recorded server met with a Python error.
    return render(request, python("TypeError", unexpected.what()));
  }
}

json::value Odoo::state(const std::string& wanted) {
  static constexpr const char* kStages[] = {"copying", "creating", "half-made", "ready"};
  json::object sites;
  for (const auto& name : databases_.names()) {
    if (!wanted.empty() && wanted != name) continue;
    const auto database = databases_.find(name);
    if (!database) continue;
    const std::lock_guard lock(database->mutex);
    json::array modules;
    for (const auto& [id, record] : database->table("ir.module.module"))
      if (text_of(record->at("state")) == "installed") modules.push_back(record->at("name"));
    sites[name] = json::object{{"stage", kStages[static_cast<int>(database->stage.load())]},
                               {"counts", database->counts()},
                               {"modules", std::move(modules)},
                               {"duplicates", database->duplicates()}};
  }
  return json::object{{"sites", sites}};
}

std::optional<Response> Odoo::control_databases(const Request& request, const std::vector<std::string>& parts) {
  if (request.method == "GET") {
    json::array names;
    for (const auto& name : databases_.names()) names.emplace_back(name);
    return json_response(200, names);
  }
  if (request.method == "DELETE" && parts.size() == 2)
    return json_response(databases_.drop(parts[1]) ? 200 : 404, json::object{});
  const json::value body = parsed(request.body);
  const std::string name = text_of(member(body, "name"));
  if (name.empty()) return json_response(400, {{"error", "A database is {\"name\": ..., \"kind\": ...}."}});
  const std::string kind = text_of(member(body, "kind"));
  FirstUser user;
  const auto take = [&](const char* field, std::string& to) {
    if (const std::string value = text_of(member(body, field)); !value.empty()) to = value;
  };
  take("login", user.login);
  take("password", user.password);
  take("country", user.country);
  if (!make(name, kind.empty() ? "fresh" : kind, user))
    return json_response(409, {{"error", "The database is there already, or there is no kind " + kind + "."}});
  return json_response(200, json::object{});
}

std::optional<Response> Odoo::control(const Request& request, const std::vector<std::string>& parts,
                                      const Exchange& exchange) {
  (void)exchange;
  const std::string what = parts.empty() ? "" : parts[0];
  if (what == "sites" || what == "databases") return control_databases(request, parts);
  if (what != "settings") return std::nullopt;
  if (const json::value body = parsed(request.body); body.is_object()) settings_.change(body.get_object());
  return json_response(200, settings_.to_json());
}

}  // namespace tenantry::sandbox::odoo
