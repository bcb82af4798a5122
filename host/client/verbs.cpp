#include "client/verbs.hpp"

#include <ostream>

#include "base/json_text.hpp"
#include "client/exit_code.hpp"

namespace tenantry::client {
namespace {

namespace json = base::json;
using base::Error;
using base::ErrorKind;

struct Tenant {
  std::string id;
  std::string name;
};

int refuse(const Session& session, Error error) {
  if (error.kind == ErrorKind::kUnauthenticated)
    error.next_action = "Sign in with `tenantry login --email YOU --url " + session.client.url() + "`.";
  print_error(session.err, error);
  return exit_code(error);
}

bool is_json(const Session& session) { return session.options.format == Format::kJson; }

// The answer as JSON, in one line.
int say(const Session& session, const json::value& answer) {
  session.out << base::to_text(answer) << "\n";
  return kExitOk;
}

const json::value* member(const json::value& object, std::string_view name) {
  const auto* members = object.if_object();
  return members != nullptr ? members->if_contains(name) : nullptr;
}

std::size_t count(const json::value* list) {
  return list != nullptr && list->is_array() ? list->get_array().size() : 0;
}

base::Result<json::value> by_name(const Session& session, const std::string& name) {
  const auto found = session.client.get("/api/iam/tenants?limit=200&q=" + encode_segment(name));
  if (found.has_error()) return found.error();
  static const json::array kNone;
  const auto& tenants = found->is_array() ? found->get_array() : kNone;
  const json::value* match = nullptr;
  std::string ids;
  for (const auto& tenant : tenants) {
    if (member_text(tenant, "name") != name) continue;
    match = &tenant;
    ids += (ids.empty() ? "" : ", ") + member_text(tenant, "id");
  }
  if (match == nullptr)
    return Error{ErrorKind::kNotFound,
                 "tenant.unknown",
                 "There is no tenant \"" + name + "\".",
                 "List them with `tenantry tenants list`.",
                 {},
                 {}};
  if (ids != member_text(*match, "id"))
    return Error{ErrorKind::kInvalid,
                 "cli.ambiguous",
                 "Several tenants are called \"" + name + "\".",
                 "Name one by its id: " + ids + ".",
                 {},
                 {}};
  return *match;
}

base::Result<json::value> describe(const Session& session, const std::string& wanted) {
  auto found = session.client.get("/api/iam/tenants/" + encode_segment(wanted));
  if (found.has_error() && found.error().kind == ErrorKind::kNotFound) return by_name(session, wanted);
  return found;
}

base::Result<Tenant> find(const Session& session, const std::string& wanted) {
  const auto found = describe(session, wanted);
  if (found.has_error()) return found.error();
  return Tenant{member_text(*found, "id"), member_text(*found, "name")};
}

std::string address(const Tenant& tenant, const std::string& what) {
  return "/api/provisioning/tenants/" + encode_segment(tenant.id) + "/" + what;
}

std::string joined(const json::value* list) {
  std::string text;
  if (list != nullptr && list->is_array())
    for (const auto& item : list->get_array())
      if (item.is_string()) text += (text.empty() ? "" : ", ") + std::string(item.get_string());
  return text;
}

void print_preview(const Session& session, const json::value& preview) {
  const auto* scope = member(preview, "scope");
  if (scope == nullptr) {
    say(session, preview);
    return;
  }
  for (const auto& [name, title] : {std::pair{"run", "would run"},
                                    {"verify", "would verify"},
                                    {"undo", "would undo"},
                                    {"keep", "would keep"},
                                    {"left_behind", "would leave"}})
    if (const auto ids = joined(member(*scope, name)); !ids.empty())
      session.out << pad(title, 14) << printable(ids) << "\n";
}

int follow(const Session& session, const Tenant& tenant) {
  return watch(session.client, tenant.id, tenant.name, session.options, session.out, session.err);
}

}  // namespace

int login(const Session& session, const Credentials& credentials, const std::string& email,
          const std::string& password) {
  const auto answer = session.client.post("/api/auth/login", json::object{{"email", email}, {"password", password}});
  if (answer.has_error()) {
    print_error(session.err, answer.error());
    return exit_code(answer.error());
  }
  const auto token = member_text(*answer, "access_token");
  if (const auto stored = credentials.store(session.client.url(), token); stored.has_error())
    return refuse(session, stored.error());
  if (is_json(session))
    return say(session, json::object{{"url", session.client.url()}, {"expires_at", *member(*answer, "expires_at")}});
  session.out << "Signed in to " << session.client.url() << " as " << printable(email) << " until "
              << printable(member_text(*answer, "expires_at")) << ".\n";
  return kExitOk;
}

int list_engines(const Session& session, bool refused) {
  const auto answer = session.client.get(refused ? "/api/engines?state=refused" : "/api/engines");
  if (answer.has_error()) return refuse(session, answer.error());
  if (is_json(session) || !answer->is_array()) return say(session, *answer);
  std::vector<std::vector<std::string>> rows;
  for (const auto& engine : answer->get_array()) {
    if (refused)
      rows.push_back({member_text(engine, "file"), member_text(engine, "reason")});
    else
      rows.push_back({member_text(engine, "engine"), member_text(engine, "version"), member_text(engine, "state"),
                      std::to_string(count(member(engine, "steps"))), member_text(engine, "title")});
  }
  session.out << (refused ? table({"FILE", "WHY IT WAS REFUSED"}, rows)
                          : table({"ENGINE", "VERSION", "STATE", "STEPS", "TITLE"}, rows));
  return kExitOk;
}

int create_tenant(const Session& session, const json::object& tenant) {
  const auto answer = session.client.post("/api/iam/tenants", tenant);
  if (answer.has_error()) return refuse(session, answer.error());
  if (is_json(session)) return say(session, *answer);
  const auto* made = member(*answer, "tenant");
  const auto id = made != nullptr ? member_text(*made, "id") : std::string();
  session.out << "Tenant " << printable(id) << " created. Next: tenantry start " << printable(id) << "\n";
  return kExitOk;
}

int list_tenants(const Session& session, const std::map<std::string, std::string>& filters) {
  std::string path = "/api/iam/tenants";
  for (const auto& [name, value] : filters)
    if (!value.empty()) path += (path.find('?') == std::string::npos ? "?" : "&") + name + "=" + encode_segment(value);
  const auto answer = session.client.get(path);
  if (answer.has_error()) return refuse(session, answer.error());
  if (is_json(session) || !answer->is_array()) return say(session, *answer);
  std::vector<std::vector<std::string>> rows;
  for (const auto& tenant : answer->get_array())
    rows.push_back({member_text(tenant, "id"), member_text(tenant, "name"), member_text(tenant, "engine"),
                    member_text(tenant, "status"), member_text(tenant, "created_at")});
  session.out << table({"ID", "NAME", "ENGINE", "STATUS", "CREATED"}, rows);
  return kExitOk;
}

int show_tenant(const Session& session, const std::string& tenant) {
  const auto answer = describe(session, tenant);
  if (answer.has_error()) return refuse(session, answer.error());
  if (is_json(session) || !answer->is_object()) return say(session, *answer);
  for (const auto& entry : answer->get_object())
    if (const auto text = member_text(*answer, entry.key()); !text.empty() && text != "{}")
      session.out << pad(std::string(entry.key()), 14) << printable(text) << "\n";
  return kExitOk;
}

int send_command(const Session& session, const std::string& wanted, const Command& command) {
  const auto tenant = find(session, wanted);
  if (tenant.has_error()) return refuse(session, tenant.error());
  const auto answer = command.verb.empty()
                          ? session.client.remove("/api/iam/tenants/" + encode_segment(tenant->id), command.body)
                          : session.client.post(address(*tenant, command.verb), command.body);
  if (answer.has_error()) return refuse(session, answer.error());
  if (const auto* preview = command.body.if_contains("validate_only"); preview != nullptr && *preview == true) {
    if (is_json(session)) return say(session, *answer);
    print_preview(session, *answer);
    return kExitOk;
  }
  if (const auto* removed = member(*answer, "removed"); removed != nullptr && *removed == true) {
    if (is_json(session)) return say(session, *answer);
    session.out << printable(tenant->name) << " was removed; nothing had been made for it.\n";
    return kExitOk;
  }
  if (command.wait) return follow(session, *tenant);
  if (is_json(session)) return say(session, *answer);
  session.out << member_text(*answer, "status") << "  " << printable(tenant->name) << ": operation "
              << printable(member_text(*answer, "operation")) << ". Next: tenantry watch " << tenant->id << "\n";
  return kExitOk;
}

int plan_tenant(const Session& session, const std::string& wanted, const json::object& body) {
  const auto tenant = find(session, wanted);
  if (tenant.has_error()) return refuse(session, tenant.error());
  const auto answer = session.client.post(address(*tenant, "plan"), body);
  if (answer.has_error()) return refuse(session, answer.error());
  const auto* steps = member(*answer, "steps");
  if (is_json(session) || steps == nullptr || !steps->is_array()) return say(session, *answer);
  std::vector<std::vector<std::string>> rows;
  for (const auto& step : steps->get_array()) {
    std::string what = member_text(step, "reason");
    if (const auto* actions = member(step, "actions"); actions != nullptr && actions->is_array())
      for (const auto& action : actions->get_array())
        what += (what.empty() ? "" : "; ") + member_text(action, "verb") + " " + member_text(action, "what");
    rows.push_back({member_text(step, "id"), member_text(step, "would"), what});
  }
  session.out << table({"STEP", "WOULD", "WHAT"}, rows);
  return kExitOk;
}

int show_status(const Session& session, const std::string& wanted) {
  const auto tenant = find(session, wanted);
  if (tenant.has_error()) return refuse(session, tenant.error());
  const auto status = session.client.get(address(*tenant, "status"));
  if (status.has_error()) return refuse(session, status.error());
  if (is_json(session)) return say(session, *status);
  auto look = session.options.look;
  look.height = 10'000;
  for (const auto& line : picture(tenant->name, *status, look, base::SystemClock().now())) session.out << line << "\n";
  if (is_over(*status))
    for (const auto& line : closing(tenant->name, *status)) session.out << line << "\n";
  return kExitOk;
}

int show_logs(const Session& session, const std::string& wanted, int limit) {
  const auto tenant = find(session, wanted);
  if (tenant.has_error()) return refuse(session, tenant.error());
  const auto answer = session.client.get(address(*tenant, "logs?limit=" + std::to_string(limit)));
  if (answer.has_error()) return refuse(session, answer.error());
  const auto* logs = member(*answer, "logs");
  if (is_json(session) || logs == nullptr || !logs->is_array()) return say(session, *answer);
  std::vector<std::vector<std::string>> rows;
  for (const auto& line : logs->get_array()) {
    auto text = member_text(line, "error");
    const auto message = member_text(line, "message");
    if (!text.empty() && !message.empty()) text += ". ";
    text += message;
    rows.push_back({member_text(line, "at"), member_text(line, "status"), member_text(line, "step"), text});
  }
  session.out << table({"AT", "WHAT", "STEP", "MESSAGE"}, rows);
  return kExitOk;
}

int watch_tenant(const Session& session, const std::string& wanted) {
  const auto tenant = find(session, wanted);
  return tenant.has_error() ? refuse(session, tenant.error()) : follow(session, *tenant);
}

base::Result<json::object> parameters(const std::vector<std::string>& settings) {
  json::object found;
  for (const auto& setting : settings) {
    const auto equals = setting.find('=');
    if (equals == std::string::npos || equals == 0)
      return base::invalid("cli.parameter", "\"" + setting + "\" is not name=value.");
    const auto text = setting.substr(equals + 1);
    auto value = base::parse_json(text);
    found[setting.substr(0, equals)] = value.has_value() ? std::move(*value) : json::value(text);
  }
  return found;
}

}  // namespace tenantry::client
