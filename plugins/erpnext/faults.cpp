#include "faults.hpp"

#include <algorithm>
#include <charconv>

namespace tenantry::erpnext {

namespace {

using Words = std::string_view;

struct Row {
  Words exc_type;
  Words cause;
  Words code;
  Remedy remedy;
  int retry_after_ms;  // -1: the host's backoff decides
  bool unknown_outcome;
};

// Whole transactions are rolled back on deadlock, timeout and conflict, so nothing was done.
constexpr Row kRows[] = {
    {"TooManyRequestsError", "rate_limited", "erpnext.rate_limited", Remedy::retry, 5000, false},
    {"SessionStopped", "engine_unavailable", "erpnext.maintenance", Remedy::retry, 30000, false},
    {"InReadOnlyMode", "engine_unavailable", "erpnext.read_only", Remedy::retry, 30000, false},
    {"QueueOverloaded", "engine_unavailable", "erpnext.queue_overloaded", Remedy::retry, 30000, false},
    {"QueryDeadlockError", "transient", "erpnext.deadlock", Remedy::retry, -1, false},
    {"QueryTimeoutError", "transient", "erpnext.lock_timeout", Remedy::retry, -1, false},
    {"TimestampMismatchError", "transient", "erpnext.changed_meanwhile", Remedy::retry, -1, false},
    {"DocumentLockedError", "transient", "erpnext.document_locked", Remedy::retry, -1, false},
    {"SecurityException", "rate_limited", "erpnext.login_locked", Remedy::retry, 60000, false},
    {"DuplicateEntryError", "conflict", "erpnext.exists", Remedy::exists, -1, false},
    {"ItemPriceDuplicateItem", "conflict", "erpnext.exists", Remedy::exists, -1, false},
    {"DoesNotExistError", "not_found", "erpnext.absent", Remedy::absent, -1, false},
    {"LinkValidationError", "not_found", "erpnext.link_not_found", Remedy::failed, -1, false},
    {"LinkExistsError", "conflict", "erpnext.linked", Remedy::failed, -1, false},
    {"UpdateAfterSubmitError", "conflict", "erpnext.submitted", Remedy::failed, -1, false},
    {"CancelledLinkError", "conflict", "erpnext.cancelled_link", Remedy::failed, -1, false},
    {"MandatoryError", "invalid_input", "erpnext.mandatory", Remedy::failed, -1, false},
    {"ValidationError", "invalid_input", "erpnext.invalid", Remedy::failed, -1, false},
    {"CharacterLengthExceededError", "invalid_input", "erpnext.too_long", Remedy::failed, -1, false},
    {"InvalidEmailAddressError", "invalid_input", "erpnext.invalid_email", Remedy::failed, -1, false},
    {"DataError", "invalid_input", "erpnext.bad_query", Remedy::failed, -1, false},
    {"AuthenticationError", "unauthenticated", "erpnext.unauthenticated", Remedy::failed, -1, false},
    {"PermissionError", "forbidden", "erpnext.forbidden", Remedy::failed, -1, false},
    {"CSRFTokenError", "forbidden", "erpnext.csrf", Remedy::failed, -1, false},
    {"IndexError", "invalid_input", "erpnext.rejected", Remedy::failed, -1, false},
    {"TypeError", "invalid_input", "erpnext.rejected", Remedy::failed, -1, false},
    {"KeyError", "invalid_input", "erpnext.rejected", Remedy::failed, -1, false},
    {"ValueError", "invalid_input", "erpnext.rejected", Remedy::failed, -1, false},
    {"AttributeError", "invalid_input", "erpnext.rejected", Remedy::failed, -1, false},
    {"JSONDecodeError", "invalid_input", "erpnext.rejected", Remedy::failed, -1, false},
    {"ImportError", "invalid_input", "erpnext.rejected", Remedy::failed, -1, false},
    {"FrappeTypeError", "invalid_input", "erpnext.rejected", Remedy::failed, -1, false},
};

// Refinements by text. Texts are translated and may change, so nothing but the wording of an error depends on them.
struct Phrase {
  Words exc_type, text, cause, code;
};
constexpr Phrase kPhrases[] = {
    {"ValidationError", "Abbreviation already used", "conflict", "erpnext.abbreviation_taken"},
    {"ValidationError", "Failed to get method", "missing_dependency", "erpnext.app_missing"},
    {"ValidationError", "User Guest is disabled", "missing_dependency", "erpnext.site_unfinished"},
    {"ValidationError", "Cannot edit cancelled document", "conflict", "erpnext.cancelled_document"},
    {"ValidationError", "Submitted Record cannot be deleted", "conflict", "erpnext.submitted"},
    {"ValidationError", "can not be deleted as quantity exists", "conflict", "erpnext.linked"},
};

Fault fault(Words cause, Words code, Remedy remedy, std::optional<Milliseconds> after = std::nullopt,
            bool unknown = false) {
  return {cause, std::string(code), remedy, after, unknown, 0, {}, {}};
}

Fault of_failure(const http::Failure& failure) {
  using Kind = http::FailureKind;
  const bool unknown = failure.may_have_reached;
  const auto made = [&]() -> Fault {
    switch (failure.kind) {
      case Kind::refused:
      case Kind::resolve:
        return fault("engine_unavailable", "erpnext.unreachable", Remedy::retry, std::nullopt, unknown);
      case Kind::timeout:
        return fault("timeout", "erpnext.timeout", Remedy::retry, std::nullopt, unknown);
      case Kind::reset:
      case Kind::closed:
        return fault("transient", "erpnext.connection_lost", Remedy::retry, std::nullopt, unknown);
      case Kind::tls:
        return fault("engine_unavailable", "erpnext.tls", Remedy::failed, std::nullopt, unknown);
      case Kind::cancelled:
        return fault("cancelled", "erpnext.cancelled", Remedy::cancelled, std::nullopt, unknown);
      case Kind::too_large:
        return fault("internal", "erpnext.answer_too_large", Remedy::failed, std::nullopt, unknown);
      case Kind::other:
        break;
    }
    return fault("internal", "erpnext.request_failed", Remedy::failed, std::nullopt, unknown);
  }();
  Fault all = made;
  all.message = failure.message;
  return all;
}

std::string text_of(const json::object& object, Words name) {
  const json::value* value = object.if_contains(name);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

// A body that was cut short still names its error, if the cut came later.
std::string exc_type_in(Words body) {
  constexpr Words kName = "\"exc_type\"";
  std::size_t at = body.find(kName);
  if (at == Words::npos) return {};
  at = body.find('"', at + kName.size());
  if (at == Words::npos) return {};
  const std::size_t end = body.find('"', at + 1);
  return end == Words::npos ? std::string() : std::string(body.substr(at + 1, end - at - 1));
}

// The first message of _server_messages: a JSON string of a list of JSON strings.
std::string server_message(const json::object& body) {
  boost::system::error_code failure;
  const std::string outer = text_of(body, "_server_messages");
  const json::value list = outer.empty() ? json::value() : json::parse(outer, failure);
  if (failure || !list.is_array()) return {};
  for (const json::value& one : list.get_array()) {
    if (!one.is_string()) continue;
    const json::value message = json::parse(one.get_string(), failure);
    if (failure || !message.is_object()) continue;
    std::string text = text_of(message.get_object(), "message");
    if (!text.empty()) return text;
  }
  return {};
}

struct Said {
  std::string exc_type, exception, message;
  bool is_json = false;
  bool is_error = false;
};

Said read(const http::Response& response) {
  Said said;
  boost::system::error_code failure;
  const json::value body = json::parse(response.body, failure);
  if (failure || !body.is_object()) {
    said.exc_type = exc_type_in(response.body);
    if (!said.exc_type.empty()) said.exception = response.body.substr(0, 500);
    return said;
  }
  said.is_json = true;
  const json::object& object = body.get_object();
  said.exc_type = text_of(object, "exc_type");
  said.exception = text_of(object, "exception");
  said.message = server_message(object);
  if (const json::value* errors = object.if_contains("errors");
      errors && errors->is_array() && !errors->get_array().empty() && errors->get_array()[0].is_object()) {
    const json::object& first = errors->get_array()[0].get_object();  // the shape of /api/v2
    said.exc_type = text_of(first, "type");
    said.message = text_of(first, "message");
  }
  if (said.exc_type.empty() && !said.exception.empty()) {
    const std::string name = said.exception.substr(0, said.exception.find(':'));
    const std::size_t dot = name.rfind('.');
    said.exc_type = dot == std::string::npos ? name : name.substr(dot + 1);
  }
  if (said.message.empty() && !said.exception.empty()) {
    const std::size_t colon = said.exception.find(": ");
    said.message = colon == std::string::npos ? "" : said.exception.substr(colon + 2);
  }
  if (said.message.empty() && response.status >= 300) said.message = text_of(object, "message");
  said.is_error = !said.exc_type.empty() || object.contains("exc");
  return said;
}

// "(2003, "Can't connect ..." of pymysql; 0 if there is none.
int database_error(Words exception) {
  const std::size_t at = exception.find('(');
  int number = 0;
  if (at != Words::npos) std::from_chars(exception.data() + at + 1, exception.data() + exception.size(), number);
  return number;
}

Fault of_database(const Said& said) {
  const int number = database_error(said.exception);
  constexpr int kPassing[] = {0, 1040, 1203, 1205, 1213, 1226, 2002, 2003, 2006, 2013, 2014, 2055};
  if (std::find(std::begin(kPassing), std::end(kPassing), number) == std::end(kPassing))
    return fault("internal", "erpnext.database_error", Remedy::failed);
  return fault("engine_unavailable", "erpnext.database_down", Remedy::retry, Milliseconds(5000));
}

std::optional<Fault> of_type(const Said& said, int status) {
  if (said.exc_type == "OperationalError") return of_database(said);
  // Frappe's own NameError is a conflict of names; Python's is a mistake in the code.
  if (said.exc_type == "NameError")
    return status == 409 ? fault("conflict", "erpnext.name_conflict", Remedy::failed)
                         : fault("invalid_input", "erpnext.rejected", Remedy::failed);
  for (const Phrase& phrase : kPhrases)
    if (phrase.exc_type == said.exc_type &&
        (said.message.find(phrase.text) != std::string::npos || said.exception.find(phrase.text) != std::string::npos))
      return fault(phrase.cause, phrase.code, Remedy::failed);
  for (const Row& row : kRows)
    if (row.exc_type == said.exc_type)
      return fault(row.cause, row.code, row.remedy,
                   row.retry_after_ms < 0 ? std::nullopt : std::optional(Milliseconds(row.retry_after_ms)),
                   row.unknown_outcome);
  return std::nullopt;
}

Fault of_status(const http::Response& response, const Said& said) {
  const int status = response.status;
  if (status < 300)
    return said.is_json ? fault("internal", "erpnext.error_in_success", Remedy::failed)
                        : fault("transient", "erpnext.bad_answer", Remedy::retry, std::nullopt, true);
  if (status < 400) return fault("invalid_input", "erpnext.redirected", Remedy::failed);
  if (status == 429) return fault("rate_limited", "erpnext.rate_limited", Remedy::retry, Milliseconds(5000));
  if (status == 503)
    return fault("engine_unavailable", "erpnext.unavailable", Remedy::retry, Milliseconds(10000), !said.is_json);
  if (status == 408 || status == 504)
    return fault("timeout", "erpnext.gateway_timeout", Remedy::retry, std::nullopt, true);
  if (status >= 500) return fault("transient", "erpnext.server_error", Remedy::retry, std::nullopt, true);
  if (status == 401) return fault("unauthenticated", "erpnext.unauthenticated", Remedy::failed);
  if (status == 403) return fault("forbidden", "erpnext.forbidden", Remedy::failed);
  if (status == 404 && !said.is_json) {
    const bool site = response.body.find("does not exist</p>") != std::string::npos;
    return fault("not_found", site ? "erpnext.no_such_site" : "erpnext.no_such_page", Remedy::failed);
  }
  if (status == 404) return fault("not_found", "erpnext.absent", Remedy::absent);
  if (status == 409) return fault("conflict", "erpnext.conflict", Remedy::failed);
  return fault("invalid_input", "erpnext.refused", Remedy::failed);
}

std::optional<Milliseconds> retry_after(const http::Response& response) {
  const std::string* header = response.header("Retry-After");
  int seconds = -1;
  if (header) std::from_chars(header->data(), header->data() + header->size(), seconds);
  if (seconds < 0) return std::nullopt;
  return Milliseconds(1000) * std::min(seconds, 3600);
}

std::string next_action(const Fault& fault, const Concern& concern) {
  const std::string server = "server " + concern.server;
  if (fault.code == "erpnext.no_such_site")
    return "Create the site, or correct the site of " + server + ", then Continue.";
  if (fault.code == "erpnext.site_unfinished")
    return "Finish or drop the half-made site on " + server + ", then Continue.";
  if (fault.code == "erpnext.app_missing") return "Install ERPNext on the site of " + server + ", then Continue.";
  if (fault.code == "erpnext.tls")
    return "Install a trusted certificate on " + server + ", or name its ca_file, then Continue.";
  if (fault.code == "erpnext.maintenance" || fault.code == "erpnext.read_only")
    return "End the maintenance of " + server + ", then Continue.";
  if (fault.code == "erpnext.linked") return "Remove what still refers to " + concern.object + ", then Continue.";
  if (fault.code == "erpnext.redirected") return "Correct the URL of " + server + ", then Continue.";
  if (fault.cause == "unauthenticated") return "Fix the credentials of " + server + ", then Continue.";
  if (fault.cause == "forbidden") return "Give the API user of " + server + " the missing permission, then Continue.";
  if (fault.cause == "engine_unavailable") return "Bring " + server + " back, then Continue.";
  if (fault.cause == "rate_limited") return "Raise the request limit of " + server + " or wait, then Continue.";
  if (fault.cause == "conflict") return "Rename or remove " + concern.object + " in ERPNext, then Continue.";
  if (fault.cause == "not_found") return "Create what is missing in ERPNext, then Continue.";
  if (fault.cause == "invalid_input") return "Start again with corrected parameters.";
  if (fault.cause == "timeout") return "Check the load of " + server + ", then Continue.";
  return "Wait a moment, then Continue.";
}

std::string words(const Trouble& trouble) {
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

std::optional<Fault> classify(const http::Outcome& outcome) {
  if (const auto* failure = std::get_if<http::Failure>(&outcome)) return of_failure(*failure);
  const auto& response = std::get<http::Response>(outcome);
  const Said said = read(response);
  if (response.status < 300 && said.is_json && !said.is_error) return std::nullopt;
  Fault fault = said.exc_type.empty() ? of_status(response, said)
                                      : of_type(said, response.status).value_or(of_status(response, said));
  fault.status = response.status;
  fault.exc_type = said.exc_type;
  fault.message = plain_text(said.message);
  if (fault.remedy == Remedy::retry)
    if (const auto asked = retry_after(response)) fault.retry_after = asked;
  return fault;
}

Ending ending_of(const Fault& fault, const Concern& concern) {
  if (fault.remedy == Remedy::cancelled) return cancelled();
  std::string found = fault.message;
  if (found.empty()) found = fault.exc_type;
  if (found.empty()) found = fault.status == 0 ? "no answer" : "status " + std::to_string(fault.status);
  const Trouble trouble{fault.code, fault.cause, concern.object, concern.expected, found, next_action(fault, concern)};
  Ending ending = fault.remedy == Remedy::retry ? told(retry(fault.code, words(trouble), fault.retry_after), trouble)
                                                : give_up(trouble);
  const auto say = [&](std::string_view name, auto&& fact) { ending = std::move(ending).detail(name, fact); };
  if (fault.status != 0) say("status", fault.status);
  if (!fault.exc_type.empty()) say("exc_type", plain_text(fault.exc_type, 80));
  if (fault.unknown_outcome) say("unknown_outcome", true);
  return ending;
}

Ending give_up(const Trouble& trouble) { return told(failed(std::string(trouble.code), words(trouble)), trouble); }
Ending try_again(const Trouble& trouble) { return told(retry(std::string(trouble.code), words(trouble)), trouble); }

}  // namespace tenantry::erpnext
