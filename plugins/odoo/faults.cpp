#include "faults.hpp"

#include <algorithm>
#include <charconv>

namespace tenantry::odoo {

namespace {

using Words = std::string_view;

struct Row {
  Words exception, text, cause, code;  // the text has to occur in the message; "": any
  Remedy remedy;
  int retry_after_ms = -1;
  bool unknown_outcome = false;
};

// The first row that fits. Texts are only looked at where one name means several things.
constexpr Row kRows[] = {
    {"odoo.exceptions.AccessDenied", "", "unauthenticated", "odoo.access_denied", Remedy::failed},
    {"werkzeug.exceptions.Unauthorized", "", "unauthenticated", "odoo.key_refused", Remedy::failed},
    {"odoo.http.SessionExpiredException", "", "transient", "odoo.session_lost", Remedy::retry},
    {"odoo.exceptions.AccessError", "Database not found", "not_found", "odoo.database_filtered", Remedy::failed},
    {"odoo.exceptions.AccessError", "", "forbidden", "odoo.forbidden", Remedy::failed},
    {"werkzeug.exceptions.Forbidden", "", "forbidden", "odoo.forbidden", Remedy::failed},
    {"odoo.exceptions.MissingError", "", "not_found", "odoo.absent", Remedy::absent},
    {"odoo.exceptions.ValidationError", "another session is already opened", "conflict", "odoo.session_open",
     Remedy::exists},
    {"odoo.exceptions.ValidationError", "same journal on multiples cash", "conflict", "odoo.journal_shared",
     Remedy::failed},
    {"odoo.exceptions.ValidationError", "already used in another Point of Sale", "conflict", "odoo.journal_shared",
     Remedy::failed},
    {"odoo.exceptions.ValidationError", "must be unique", "conflict", "odoo.name_taken", Remedy::exists},
    {"odoo.exceptions.ValidationError", "two users with the same login", "conflict", "odoo.name_taken", Remedy::exists},
    {"odoo.exceptions.ValidationError", "", "invalid_input", "odoo.invalid", Remedy::failed},
    {"odoo.exceptions.UserError", "scheduled action", "transient", "odoo.cron_running", Remedy::retry, 10000},
    {"odoo.exceptions.UserError", "non loaded registries", "transient", "odoo.not_ready", Remedy::retry, 5000},
    {"odoo.exceptions.UserError", "doesn't exist", "missing_dependency", "odoo.module_missing", Remedy::failed},
    {"odoo.exceptions.UserError", "module operation", "transient", "odoo.installing", Remedy::retry, 10000},
    {"odoo.exceptions.UserError", "", "invalid_input", "odoo.refused", Remedy::failed},
    {"odoo.exceptions.RedirectWarning", "", "invalid_input", "odoo.refused", Remedy::failed},
    {"odoo.exceptions.LockError", "", "transient", "odoo.lock", Remedy::retry},
    {"odoo.service.db.DatabaseExists", "", "conflict", "odoo.database_exists", Remedy::exists},
    {"psycopg2.errors.DuplicateDatabase", "", "conflict", "odoo.database_exists", Remedy::exists},
    {"psycopg2.errors.UniqueViolation", "pg_database", "conflict", "odoo.database_exists", Remedy::exists},
    {"psycopg2.errors.UniqueViolation", "", "conflict", "odoo.name_taken", Remedy::exists},
    {"psycopg2.errors.InvalidCatalogName", "", "not_found", "odoo.no_such_database", Remedy::absent},
    {"psycopg2.errors.SerializationFailure", "", "transient", "odoo.serialization", Remedy::retry},
    {"psycopg2.errors.DeadlockDetected", "", "transient", "odoo.deadlock", Remedy::retry},
    {"psycopg2.errors.LockNotAvailable", "", "transient", "odoo.lock", Remedy::retry},
    // What a running cron makes of a module's installation: the lock it could not get is only in the traceback.
    {"psycopg2.errors.InFailedSqlTransaction", "", "transient", "odoo.cron_running", Remedy::retry, 10000},
    {"psycopg2.errors.ObjectInUse", "", "transient", "odoo.database_in_use", Remedy::retry, 2000},
    {"psycopg2.errors.DiskFull", "", "quota", "odoo.disk_full", Remedy::failed},
    // Connections of a database that is copied, renamed or dropped are cut.
    {"psycopg2.InterfaceError", "", "transient", "odoo.connection_cut", Remedy::retry, -1, true},
    {"psycopg2.pool.PoolError", "", "transient", "odoo.connection_cut", Remedy::retry, -1, true},
    {"psycopg2.errors.AdminShutdown", "", "transient", "odoo.connection_cut", Remedy::retry, -1, true},
    {"psycopg2.OperationalError", "does not exist", "not_found", "odoo.no_such_database", Remedy::absent},
    {"psycopg2.OperationalError", "", "engine_unavailable", "odoo.database_server_down", Remedy::retry, 5000, true},
    {"builtins.Exception", "rename database", "transient", "odoo.rename_failed", Remedy::retry, -1, true},
    {"builtins.Exception", "Method not found", "invalid_input", "odoo.rejected", Remedy::failed},
    {"psycopg2.ProgrammingError", "", "invalid_input", "odoo.rejected", Remedy::failed},
    {"builtins.AttributeError", "", "invalid_input", "odoo.rejected", Remedy::failed},
    {"builtins.TypeError", "", "invalid_input", "odoo.rejected", Remedy::failed},
    {"builtins.KeyError", "", "invalid_input", "odoo.rejected", Remedy::failed},
    {"builtins.ValueError", "", "invalid_input", "odoo.rejected", Remedy::failed},
    {"werkzeug.exceptions.NotFound", "", "missing_dependency", "odoo.module_missing", Remedy::failed},
    {"werkzeug.exceptions.UnprocessableEntity", "", "invalid_input", "odoo.rejected", Remedy::failed},
    {"werkzeug.exceptions.BadRequest", "", "invalid_input", "odoo.rejected", Remedy::failed},
};

Fault fault(Words cause, Words code, Remedy remedy, std::optional<Milliseconds> after = std::nullopt,
            bool unknown = false) {
  return {cause, std::string(code), remedy, after, unknown, 0, {}, {}};
}

std::string lower(Words text) {
  std::string small(text);
  for (char& c : small)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return small;
}

Fault of_exception(const std::string& name, const std::string& message, int status) {
  const std::string words = lower(message);
  Fault found = fault("transient", "odoo.server_error", Remedy::retry, std::nullopt, true);
  if (name.starts_with("psycopg2."))
    found = fault("transient", "odoo.database_error", Remedy::retry, std::nullopt, true);
  for (const Row& row : kRows)
    if (row.exception == name && words.find(lower(row.text)) != std::string::npos) {
      found = fault(row.cause, row.code, row.remedy,
                    row.retry_after_ms < 0 ? std::nullopt : std::optional(Milliseconds(row.retry_after_ms)),
                    row.unknown_outcome);
      break;
    }
  found.status = status;
  found.exception = name;
  found.message = plain_text(message);
  return found;
}

Fault of_failure(const http::Failure& failure) {
  using Kind = http::FailureKind;
  const bool unknown = failure.may_have_reached;
  const auto of = [&](Words cause, Words code, Remedy remedy) {
    Fault all = fault(cause, code, remedy, std::nullopt, unknown);
    all.message = failure.message;
    return all;
  };
  switch (failure.kind) {
    case Kind::refused:
    case Kind::resolve:
      return of("engine_unavailable", "odoo.unreachable", Remedy::retry);
    case Kind::timeout:
      return of("timeout", "odoo.timeout", Remedy::retry);
    case Kind::reset:
    case Kind::closed:
      return of("transient", "odoo.connection_lost", Remedy::retry);
    case Kind::tls:
      return of("engine_unavailable", "odoo.tls", Remedy::failed);
    case Kind::cancelled:
      return of("cancelled", "odoo.cancelled", Remedy::cancelled);
    case Kind::too_large:
      return of("internal", "odoo.answer_too_large", Remedy::failed);
    case Kind::other:
      break;
  }
  return of("internal", "odoo.request_failed", Remedy::failed);
}

// An answer that names no exception.
Fault of_status(const http::Response& response, bool is_json) {
  const int status = response.status;
  const auto has = [&](Words text) { return response.body.find(text) != std::string::npos; };
  const auto made = [&] {
    if (status < 300) return fault("transient", "odoo.bad_answer", Remedy::retry, std::nullopt, true);
    if (status < 400) return fault("invalid_input", "odoo.redirected", Remedy::failed);
    if (status == 429) return fault("rate_limited", "odoo.rate_limited", Remedy::retry, Milliseconds(5000));
    if (status == 503)
      return fault("engine_unavailable", "odoo.unavailable", Remedy::retry, Milliseconds(10000), !is_json);
    if (status == 408 || status == 504)
      return fault("timeout", "odoo.gateway_timeout", Remedy::retry, std::nullopt, true);
    if (status >= 500) return fault("transient", "odoo.server_error", Remedy::retry, std::nullopt, true);
    if (status == 401) return fault("unauthenticated", "odoo.key_refused", Remedy::failed);
    if (status == 403) return fault("forbidden", "odoo.forbidden", Remedy::failed);
    if (status == 404 && has("No database is selected"))
      return fault("not_found", "odoo.no_such_database", Remedy::absent);
    if (status == 404) return fault("not_found", "odoo.no_such_page", Remedy::failed);
    return fault("invalid_input", "odoo.rejected", Remedy::failed);
  };
  Fault all = made();
  all.status = status;
  if (all.remedy == Remedy::retry) {
    const std::string* header = response.header("Retry-After");
    int seconds = -1;
    if (header) std::from_chars(header->data(), header->data() + header->size(), seconds);
    if (seconds >= 0) all.retry_after = Milliseconds(1000) * std::min(seconds, 3600);
  }
  return all;
}

std::optional<json::value> parse(const std::string& text) {
  boost::system::error_code failure;
  json::value value = json::parse(text, failure);
  if (failure) return std::nullopt;
  return value;
}

std::string string_in(const json::object& object, Words name) {
  const json::value* value = object.if_contains(name);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::string next_action(const Fault& fault, const Concern& concern) {
  const std::string server = "server " + concern.server;
  if (fault.is("odoo.database_filtered"))
    return "Give " + server + " a host setting that its dbfilter accepts, or correct the filter, then Continue.";
  if (fault.is("odoo.list_db_off"))
    return "Run " + server + " with list_db on, or use an existing database, then Continue.";
  if (fault.is("odoo.master_password")) return "Correct the master_password of " + server + ", then Continue.";
  if (fault.is("odoo.no_such_database")) return "Restore the database on " + server + ", or roll back.";
  if (fault.is("odoo.module_missing")) return "Install the missing module on " + server + ", then Continue.";
  if (fault.is("odoo.tls"))
    return "Install a trusted certificate on " + server + ", or name its ca_file, then Continue.";
  if (fault.is("odoo.redirected") || fault.is("odoo.no_such_page"))
    return "Correct the URL of " + server + ", then Continue.";
  if (fault.is("odoo.journal_shared"))
    return "Delete the second cash payment method of that journal in Odoo, then Continue.";
  if (fault.is("odoo.disk_full")) return "Make room on the database server of " + server + ", then Continue.";
  if (fault.cause == "unauthenticated") return "Fix the credentials of " + server + ", then Continue.";
  if (fault.cause == "forbidden") return "Give the user of " + server + " the missing rights, then Continue.";
  if (fault.cause == "engine_unavailable") return "Bring " + server + " back, then Continue.";
  if (fault.cause == "rate_limited") return "Raise the request limit of " + server + " or wait, then Continue.";
  if (fault.cause == "conflict") return "Rename or remove " + concern.object + " in Odoo, then Continue.";
  if (fault.cause == "not_found") return "Create what is missing in Odoo, then Continue.";
  if (fault.cause == "invalid_input") return "Start again with corrected parameters.";
  if (fault.cause == "timeout") return "Check the load of " + server + ", then Continue.";
  return "Wait a moment, then Continue.";
}

std::string words_of(const Trouble& trouble) {
  return trouble.object + ": wanted " + trouble.expected + ", found: " + trouble.found;
}

Ending told(Ending ending, const Trouble& trouble) {
  return std::move(ending)
      .detail("class", trouble.cause)
      .detail("object", trouble.object)
      .detail("expected", trouble.expected)
      .detail("found", trouble.found)
      .next_action(trouble.next_action);
}

}  // namespace

std::string plain_text(std::string_view html, std::size_t most) {
  std::string text;
  bool in_tag = false;
  for (const char c : html) {
    if (c == '<') in_tag = true;
    if (!in_tag) {
      const bool gap = static_cast<unsigned char>(c) <= ' ';
      if (!gap)
        text += c;
      else if (!text.empty() && text.back() != ' ')
        text += ' ';
    }
    if (c == '>') in_tag = false;
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  if (text.size() > most) text.resize(most);
  return valid_utf8(text);
}

std::vector<json::object> Reply::rows() const {
  std::vector<json::object> all;
  if (!value_.is_array()) return all;
  for (const json::value& row : value_.get_array())
    if (row.is_object()) all.push_back(row.get_object());
  return all;
}

std::int64_t Reply::id() const {
  if (value_.is_int64()) return value_.get_int64();
  if (value_.is_array() && !value_.get_array().empty() && value_.get_array()[0].is_int64())
    return value_.get_array()[0].get_int64();
  return 0;
}

std::string text_of(const json::object& fields, std::string_view name) {
  const json::value* value = fields.if_contains(name);
  if (!value || value->is_null() || (value->is_bool() && !value->get_bool())) return {};
  if (value->is_bool()) return "1";
  if (value->is_string()) return valid_utf8(value->get_string());
  if (value->is_array() && value->get_array().size() == 2 && value->get_array()[1].is_string())
    return valid_utf8(value->get_array()[1].get_string());
  return json::serialize(*value);
}

std::int64_t id_of(const json::object& fields, std::string_view name) {
  const json::value* value = fields.if_contains(name);
  if (!value) return 0;
  if (value->is_bool()) return value->get_bool() ? 1 : 0;
  if (value->is_int64()) return value->get_int64();
  if (value->is_double()) return static_cast<std::int64_t>(value->get_double());
  if (value->is_array() && !value->get_array().empty() && value->get_array()[0].is_int64())
    return value->get_array()[0].get_int64();
  return 0;
}

Reply read_jsonrpc(const http::Outcome& outcome) {
  if (const auto* failure = std::get_if<http::Failure>(&outcome)) return of_failure(*failure);
  const auto& response = std::get<http::Response>(outcome);
  auto body = parse(response.body);
  const json::object* object = body ? body->if_object() : nullptr;
  if (!object || !object->contains("jsonrpc")) return of_status(response, object != nullptr);
  if (const json::value* error = object->if_contains("error"); error && error->is_object()) {
    const json::object& said = error->get_object();
    const json::value* data = said.if_contains("data");
    const std::string name = data && data->is_object() ? string_in(data->get_object(), "name") : std::string();
    std::string message = data && data->is_object() ? string_in(data->get_object(), "message") : std::string();
    if (message.empty()) message = string_in(said, "message");
    // The two codes that mean something: a session that is over, and a route that is not there.
    const json::value* code = said.if_contains("code");
    if (code && *code == 100) return of_exception("odoo.http.SessionExpiredException", message, response.status);
    if (code && *code == 404 && name == "werkzeug.exceptions.NotFound") {
      Fault none = fault("not_found", "odoo.no_such_page", Remedy::failed);
      none.status = response.status;
      none.exception = name;
      none.message = plain_text(message);
      return none;
    }
    return of_exception(name, message, response.status);
  }
  const json::value* result = object->if_contains("result");
  return result ? json::value(*result) : json::value(nullptr);
}

Reply read_json2(const http::Outcome& outcome) {
  if (const auto* failure = std::get_if<http::Failure>(&outcome)) return of_failure(*failure);
  const auto& response = std::get<http::Response>(outcome);
  auto body = parse(response.body);
  if (response.status < 300) {
    if (!body) return of_status(response, false);
    return std::move(*body);
  }
  const json::object* object = body ? body->if_object() : nullptr;
  const std::string name = object ? string_in(*object, "name") : std::string();
  if (name.empty()) return of_status(response, object != nullptr);
  return of_exception(name, string_in(*object, "message"), response.status);
}

Reply read_form(const http::Outcome& outcome) {
  if (const auto* failure = std::get_if<http::Failure>(&outcome)) return of_failure(*failure);
  const auto& response = std::get<http::Response>(outcome);
  if (response.status == 303 || response.status == 302) return json::value(true);
  if (response.status != 200) return of_status(response, false);
  std::size_t at = response.body.find("alert-danger");
  if (at == std::string::npos) return of_status(response, false);
  at = response.body.find('>', at);
  const std::size_t end = response.body.find("</div>", at);
  std::string words = at == std::string::npos ? "" : plain_text(Words(response.body).substr(at + 1, end - at - 1));
  const auto has = [&](Words text) { return words.find(text) != std::string::npos; };
  // The page shows the words of an exception, not its name.
  if (has("Access Denied")) return of_exception("odoo.exceptions.AccessDenied", words, 200);
  if (has("already exists")) return of_exception("odoo.service.db.DatabaseExists", words, 200);
  if (has("being accessed by other users")) return of_exception("psycopg2.errors.ObjectInUse", words, 200);
  if (has("does not exist")) return of_exception("psycopg2.errors.InvalidCatalogName", words, 200);
  if (has("naming issue")) return of_exception("builtins.ValueError", words, 200);
  return of_exception("", words, 200);
}

Ending ending_of(const Fault& fault, const Concern& concern) {
  if (fault.remedy == Remedy::cancelled) return cancelled();
  std::string found = fault.message;
  if (found.empty()) found = fault.exception;
  if (found.empty()) found = fault.status == 0 ? "no answer" : "status " + std::to_string(fault.status);
  const Trouble trouble{fault.code, fault.cause, concern.object, concern.expected, found, next_action(fault, concern)};
  Ending ending = fault.remedy == Remedy::retry ? told(retry(fault.code, words_of(trouble), fault.retry_after), trouble)
                                                : give_up(trouble);
  const auto say = [&](std::string_view name, auto&& fact) { ending = std::move(ending).detail(name, fact); };
  if (fault.status != 0) say("status", fault.status);
  if (!fault.exception.empty()) say("exception", plain_text(fault.exception, 80));
  if (fault.unknown_outcome) say("unknown_outcome", true);
  return ending;
}

Ending give_up(const Trouble& trouble) { return told(failed(std::string(trouble.code), words_of(trouble)), trouble); }
Ending try_again(const Trouble& trouble) { return told(retry(std::string(trouble.code), words_of(trouble)), trouble); }

}  // namespace tenantry::odoo
