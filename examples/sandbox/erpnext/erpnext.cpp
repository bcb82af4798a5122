#include "sandbox/erpnext/erpnext.hpp"

#include <algorithm>
#include <cmath>

#include "sandbox/erpnext/bench.hpp"
#include "sandbox/erpnext/methods.hpp"
#include "sandbox/erpnext/timings.hpp"
#include "sandbox/erpnext/wizard.hpp"

namespace tenantry::sandbox::erpnext {

namespace {

using std::chrono::milliseconds;

constexpr std::string_view kWizard = "frappe.desk.page.setup_wizard.setup_wizard.setup_complete";

std::string site_name(const Request& request) {
  std::string name(request.header("x-frappe-site-name"));
  if (name.empty()) {
    name = request.header("host");
    name = name.substr(0, name.find(':'));
  }
  return name;
}

// What a path asks for.
struct Target {
  enum class Kind { kPage, kMethod, kResource, kNothing } kind = Kind::kPage;
  bool v2 = false;
  std::string subject;  // method or doctype
  std::string name;     // of the document
};

Target target_of(const Request& request) {
  auto parts = request.parts();
  if (parts.empty() || parts[0] != "api") return {};
  parts.erase(parts.begin());
  Target target;
  if (!parts.empty() && (parts[0] == "v1" || parts[0] == "v2")) {
    target.v2 = parts[0] == "v2";
    parts.erase(parts.begin());
  }
  target.kind = Target::Kind::kNothing;
  if (parts.size() < 2) return target;
  if (parts[0] == "method") target.kind = Target::Kind::kMethod;
  if (parts[0] == (target.v2 ? "document" : "resource")) target.kind = Target::Kind::kResource;
  target.subject = parts[1];
  for (std::size_t i = 2; i < parts.size(); ++i) target.name += (i > 2 ? "/" : "") + parts[i];
  return target;
}

Response json_response(int status, const json::value& body) { return {status, "application/json", {}, to_text(body)}; }

Response render_error(const Raised& raised, const Request& request) {
  const auto accept = request.header("accept");
  if (accept.find("text/html") != std::string_view::npos && accept.find("json") == std::string_view::npos) {
    Response page = html_error(raised.status);
    page.content_type = "text/html; charset=utf-8";
    page.body = "<!DOCTYPE html>\n<html lang=\"en\"><head><title>Not Found</title></head><body></body></html>\n";
    return page;
  }
  return target_of(request).v2 ? render_v2(raised) : render_v1(raised);
}

Response page(Site& site, const Identity& identity, const Request& request) {
  std::string csrf;
  if (request.path.starts_with("/app") && !identity.sid.empty()) {
    auto& session = site.sessions[identity.sid];
    if (session.csrf.empty()) session.csrf = random_name() + random_name();
    csrf = session.csrf;
  }
  const bool known = request.path == "/" || request.path.starts_with("/app") || request.path == "/login";
  return {known ? 200 : 404,
          "text/html; charset=utf-8",
          {},
          "<!DOCTYPE html>\n<html lang=\"en\">\n<head><title>" + std::string(known ? "Login" : "Not Found") +
              "</title></head>\n<body>\n" +
              (csrf.empty() ? "" : "<script>frappe.csrf_token = \"" + csrf + "\";</script>\n") + "</body>\n</html>\n"};
}

Raised database_down() {
  return crash("OperationalError",
               "pymysql.err.OperationalError: (2003, \"Can't connect to MySQL server on '127.0.0.1' ([Errno 111] "
               "Connection refused)\")");
}

Raised raised_by(const Rule& rule) {
  const std::string text = rule.message;
  if (rule.exc_type == "QueryDeadlockError") return deadlock();
  if (rule.exc_type == "QueryTimeoutError") {
    const std::string waited = "(1205, 'Lock wait timeout exceeded; try restarting transaction')";
    if (!text.empty()) return thrown(rule.status, rule.exc_type, text);
    return crash(rule.exc_type, "frappe.exceptions.QueryTimeoutError: " + waited);
  }
  if (rule.exc_type == "OperationalError" && text.empty()) return database_down();
  // Seen only from within a company's own set-up, when two companies are made at once.
  if (rule.exc_type == "LinkValidationError") return thrown(rule.status, rule.exc_type, text, true);
  if (text.empty()) {
    Raised raised = crash(rule.exc_type, "frappe.exceptions." + rule.exc_type);
    raised.status = rule.status;
    return raised;
  }
  return thrown(rule.status, rule.exc_type, text);
}

// Frappe's own words for a site without or with half of its tables.
Raised half_tables(const Request& request) {
  if (request.path == "/api/method/login") {
    Raised raised = not_found("Module", "Core");
    raised.messages.push_back(raised.messages[0]);
    return raised;
  }
  Raised raised = validation("User Guest is disabled. Please contact your System Manager.", false);
  raised.messages[0].title = "Message";
  return raised;
}

bool is_tree(const std::string& doctype) {
  const auto* known = schema().find(doctype);
  return known && !known->tree_parent.empty();
}

}  // namespace

Erpnext::Erpnext(Options options, SiteOptions sites, Faults& faults, Journal& journal)
    : faults_(faults),
      journal_(journal),
      any_site_(options.any_site),
      time_scale_(options.time_scale),
      deadlock_probability_(options.deadlock_probability),
      db_root_password_(std::move(options.db_root_password)),
      sites_(std::move(sites), journal) {}

milliseconds Erpnext::scaled(milliseconds recorded) const {
  return milliseconds(static_cast<std::int64_t>(static_cast<double>(recorded.count()) * time_scale_));
}

Subject Erpnext::describe(const Request& request) const {
  const Target target = target_of(request);
  return {site_name(request), request.method, request.path, target.kind == Target::Kind::kPage ? "" : target.subject};
}

std::optional<Response> Erpnext::answer_fault(const Request& request, const Decision& decision) const {
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (decision.has("database_down")) return reads ? render_error(database_down(), request) : html_error(500);
  if (!decision.rule) return std::nullopt;
  const Rule& rule = *decision.rule;
  switch (rule.action) {
    case Action::kError:
      return render_error(raised_by(rule), request);
    case Action::kHtml:
      return html_error(rule.status);
    case Action::kTooMany: {
      Raised raised = crash("TooManyRequestsError", "frappe.exceptions.TooManyRequestsError");
      raised.status = 429;
      Response response = render_error(raised, request);
      const std::string seconds = std::to_string(rule.retry_after);
      response.headers = {{"X-RateLimit-Reset", seconds},
                          {"X-RateLimit-Limit", "50000"},
                          {"X-RateLimit-Remaining", "0"},
                          {"Retry-After", seconds}};
      return response;
    }
    case Action::kMaintenance: {
      if (rule.reads_allowed && reads) return std::nullopt;
      if (rule.reads_allowed)
        return render_error(thrown(503, "InReadOnlyMode",
                                   "Site is running in read only mode for maintenance or site update, this action can "
                                   "not be performed right now. Please try again later."),
                            request);
      Raised raised = crash("SessionStopped", "frappe.exceptions.SessionStopped: Session Stopped");
      raised.status = 503;
      return render_error(raised, request);
    }
    case Action::kNone:
    case Action::kDropBefore:
    case Action::kDropAfter:
    case Action::kHang:
    case Action::kCondition:
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<Response> Erpnext::answer_stage(Site& site, const Request& request) {
  const std::lock_guard lock(site.mutex);
  if (site.stage == Stage::kDirectory) {
    site.config["__polled"] = true;
    return html_error(500);
  }
  if (site.stage == Stage::kHalfTables) return render_error(half_tables(request), request);
  return std::nullopt;
}

Response Erpnext::answer(const Request& request, const Exchange& exchange) {
  const Subject subject = describe(request);
  const auto site = any_site_ ? sites_.find_or_make(subject.site) : sites_.find(subject.site);
  if (!site) {
    exchange.wait(exchange.decision.latency);
    return unknown_site(subject.site);
  }
  const Target target = target_of(request);
  if (auto fault = answer_fault(request, exchange.decision)) {
    exchange.wait(exchange.decision.latency);
    return *fault;
  }
  if (auto staged = answer_stage(*site, request)) {
    exchange.wait(exchange.decision.latency);
    return *staged;
  }
  try {
    if (target.kind == Target::Kind::kMethod && target.subject == kWizard && request.method == "POST")
      return answer_wizard(*site, request, exchange);
    return answer_request(*site, request, subject, exchange);
  } catch (const Raised& raised) {
    return render_error(raised, request);
  } catch (const std::exception& unexpected) {
    // Input of a kind that the recorded server met with a Python error.
    return render_error(crash("TypeError", std::string("TypeError: ") + unexpected.what()), request);
  }
}

void Erpnext::contend(Site& site, const Subject& subject, std::uint64_t commits_before) {
  const auto lost_to = static_cast<double>(site.tree_commits[subject.doctype] - commits_before);
  if (lost_to <= 0) return;
  // Companies meet in far more tables than one tree does.
  const double once =
      subject.doctype == "Company" ? std::min(1.0, 2.5 * deadlock_probability_) : deadlock_probability_.load();
  if (!faults_.toss(1.0 - std::pow(1.0 - once, lost_to))) return;
  if (subject.doctype == "Company" && lost_to >= 2 && faults_.toss(0.5))
    throw thrown(417, "LinkValidationError", "Could not find Row #7: Default Account: Cash - XXX", true);
  throw deadlock();
}

void Erpnext::finish_background_wizard(Site& site) {
  if (!site.background_wizard || std::chrono::steady_clock::now() < site.background_wizard->first) return;
  const json::object arguments = std::move(site.background_wizard->second);
  site.background_wizard.reset();
  try {
    Transaction transaction(site, "Administrator", "");
    run_wizard(transaction, arguments);
    transaction.commit(journal_);
  } catch (const Raised&) {
    // The original leaves this in its Error Log only.
  }
}

Response Erpnext::answer_request(Site& site, const Request& request, const Subject& subject, const Exchange& exchange) {
  const Target target = target_of(request);
  const bool inserts_tree = request.method == "POST" && target.kind == Target::Kind::kResource && target.name.empty() &&
                            is_tree(target.subject);
  std::uint64_t commits_before = 0;
  if (inserts_tree) {
    const std::lock_guard lock(site.mutex);
    commits_before = site.tree_commits[target.subject];
  }
  if (!exchange.wait(exchange.decision.latency + scaled(recorded_time(request.method, target.subject, target.name))))
    return html_error(503);

  const std::lock_guard lock(site.mutex);
  finish_background_wizard(site);
  Identity identity = identify(site, request);
  check_csrf(site, identity, request);
  if (target.kind == Target::Kind::kPage) {
    Response answer = page(site, identity, request);
    add_cookies(site, identity, answer);
    return answer;
  }
  if (target.kind == Target::Kind::kNothing) {
    Raised raised = not_found("", "");
    raised.messages.clear();
    throw Raised(raised);
  }
  Transaction transaction(site, identity.user, request.method);
  Call call{transaction, identity, request, {}, {}};
  read_arguments(call);
  if (inserts_tree) contend(site, subject, commits_before);
  Answered answered;
  if (target.kind == Target::Kind::kMethod)
    answered.body = call_method(call, target.subject);
  else
    answered = call_resource(call, target.subject, target.name);
  if (!transaction.messages().empty()) answered.body["_server_messages"] = server_messages(transaction.messages());
  transaction.commit(journal_);
  if (inserts_tree) ++site.tree_commits[target.subject];
  // A delete enqueues the removal of dynamic links, after its commit.
  const bool enqueues = request.method == "DELETE" || target.subject == "frappe.client.delete";
  if (enqueues && exchange.decision.has("queue_down")) return html_error(500);
  Response response = json_response(answered.status, answered.body);
  add_cookies(site, identity, response);
  return response;
}

Response Erpnext::answer_wizard(Site& site, const Request& request, const Exchange& exchange) {
  json::object arguments;
  bool running = false;
  {
    const std::lock_guard lock(site.mutex);
    finish_background_wizard(site);
    Identity identity = identify(site, request);
    check_csrf(site, identity, request);
    Transaction transaction(site, identity.user, request.method);
    Call call{transaction, identity, request, {}, {}};
    read_arguments(call);
    if (!is_system_manager(site, identity.user)) throw permission_denied(identity.user, "System Settings");
    const json::value sent = json_argument(call.arguments, "args");
    if (sent.is_object()) arguments = sent.get_object();
    if (is_setup_complete(site)) return json_response(200, {{"message", {{"status", "ok"}}}});
    const auto* background = site.config.if_contains("trigger_site_setup_in_background");
    if (background && as_bool(*background)) {
      const auto due = std::chrono::steady_clock::now() + exchange.decision.latency + scaled(milliseconds(9000));
      site.background_wizard.emplace(due, arguments);
      return json_response(200, {{"message", {{"status", "registered"}}}});
    }
    running = site.wizard_running;
    site.wizard_running = true;
  }
  const milliseconds duration = exchange.decision.latency + scaled(milliseconds(10400));
  if (running) {
    exchange.wait(duration / 3);
    const std::lock_guard lock(site.mutex);
    Raised raised = timestamp_mismatch(site.now(), site.now());
    raised.setup_failure = "Failed to update global settings";
    throw Raised(raised);
  }
  const bool goes_on = exchange.wait(duration);
  const std::lock_guard lock(site.mutex);
  site.wizard_running = false;
  if (!goes_on) return html_error(503);
  Transaction transaction(site, "Administrator", request.method);
  run_wizard(transaction, arguments);
  transaction.commit(journal_);
  const auto* name = arguments.if_contains("full_name");
  return json_response(200, {{"message", {{"status", "ok"}}},
                             {"home_page", "/app/home"},
                             {"full_name", name ? as_text(*name) : "Administrator"}});
}

json::value Erpnext::state(const std::string& wanted) {
  json::object sites;
  for (const auto& name : sites_.names()) {
    if (!wanted.empty() && wanted != name) continue;
    const auto site = sites_.find(name);
    if (!site) continue;
    const std::lock_guard lock(site->mutex);
    finish_background_wizard(*site);
    static constexpr const char* kStages[] = {"directory", "half-made", "frappe", "half-installed", "ready"};
    sites[name] = json::object{{"stage", kStages[static_cast<int>(site->stage)]},
                               {"setup_complete", is_setup_complete(*site)},
                               {"wizard_running", site->wizard_running},
                               {"counts", site->counts()},
                               {"duplicates", site->duplicates()}};
  }
  return json::object{{"sites", sites}};
}

std::optional<Response> Erpnext::control_sites(const Request& request, const std::vector<std::string>& parts) {
  if (request.method == "GET") {
    json::array names;
    for (const auto& name : sites_.names()) names.emplace_back(name);
    return json_response(200, names);
  }
  if (request.method == "DELETE" && parts.size() == 2)
    return json_response(sites_.drop(parts[1]) ? 200 : 404, json::object{});
  boost::system::error_code bad;
  const json::value body = json::parse(request.body, bad);
  if (bad || !body.is_object() || !body.get_object().contains("name"))
    return json_response(400, {{"error", "A site is {\"name\": ..., \"kind\": ...}."}});
  const auto& object = body.get_object();
  const std::string kind = object.contains("kind") ? as_text(object.at("kind")) : "fresh";
  if (!sites_.make(as_text(object.at("name")), kind))
    return json_response(409, {{"error", "The site is there already, or there is no kind " + kind + "."}});
  return json_response(200, json::object{});
}

Response Erpnext::control_bench(const Request& request, const Exchange& exchange) {
  boost::system::error_code bad;
  const json::value body = json::parse(request.body, bad);
  if (bad || !body.is_object() || !body.get_object().contains("args"))
    return json_response(400, {{"error", "A command is {\"args\": [...]}."}});
  BenchCall call;
  for (const auto& word : body.at("args").as_array()) call.arguments.push_back(as_text(word));
  if (const auto* stop = body.get_object().if_contains("stop_at")) call.stop_at = as_text(*stop);
  {
    const std::lock_guard lock(mutex_);
    call.db_root_password = db_root_password_;
  }
  call.take = [this, &exchange](milliseconds recorded) { return exchange.watch(scaled(recorded)); };
  const BenchResult result = run_bench(sites_, journal_, call);
  return json_response(200, {{"exit", result.exit}, {"output", result.output}});
}

std::optional<Response> Erpnext::control(const Request& request, const std::vector<std::string>& parts,
                                         const Exchange& exchange) {
  const std::string what = parts.empty() ? "" : parts[0];
  if (what == "sites") return control_sites(request, parts);
  if (what == "bench") return control_bench(request, exchange);
  if (what != "settings") return std::nullopt;
  boost::system::error_code bad;
  const json::value body = json::parse(request.body, bad);
  if (!bad && body.is_object()) {
    const std::lock_guard lock(mutex_);
    for (const auto& member : body.get_object()) {
      if (member.key() == "any_site") any_site_ = as_bool(member.value()) || member.value() == true;
      if (member.key() == "time_scale") time_scale_ = as_number(member.value());
      if (member.key() == "deadlock_probability") deadlock_probability_ = as_number(member.value());
      if (member.key() == "db_root_password") db_root_password_ = as_text(member.value());
    }
  }
  return json_response(200, {{"any_site", any_site_.load()},
                             {"time_scale", time_scale_.load()},
                             {"deadlock_probability", deadlock_probability_.load()}});
}

}  // namespace tenantry::sandbox::erpnext
