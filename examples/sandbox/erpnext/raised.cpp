#include "sandbox/erpnext/raised.hpp"

#include <functional>

namespace tenantry::sandbox::erpnext {

namespace {

std::string traceback(const std::string& last_line) {
  return "Traceback (most recent call last):\n  ...\n" + last_line + "\n";
}

// As long as the original's, and as meaningless to a client.
std::string exception_id(const std::string& text) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string result;
  std::size_t state = std::hash<std::string>{}(text);
  for (int i = 0; i < 56; ++i) {
    result += kDigits[state % 16];
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    state ^= state >> 29U;
  }
  return result;
}

json::object to_json(const Message& message) {
  json::object result{{"message", message.text}, {"title", message.title}};
  if (!message.indicator.empty()) result["indicator"] = message.indicator;
  if (message.raised) {
    result["raise_exception"] = 1;
    result["__frappe_exc_id"] = exception_id(message.text);
  }
  if (message.alert) result["alert"] = 1;
  return result;
}

}  // namespace

Message red(std::string text, std::string title) { return {std::move(text), std::move(title), "red", true, false}; }

std::string server_messages(const std::vector<Message>& messages) {
  json::array list;
  for (const auto& message : messages) list.emplace_back(to_text(to_json(message)));
  return to_text(list);
}

Raised thrown(int status, const std::string& exc_type, const std::string& text, bool from_erpnext,
              const std::string& title) {
  Raised raised;
  raised.status = status;
  raised.exc_type = exc_type;
  raised.exception = "frappe.exceptions." + exc_type + ": " + text;
  raised.messages = {red(text, title)};
  raised.from_erpnext = from_erpnext;
  return raised;
}

Raised validation(const std::string& text, bool from_erpnext, const std::string& title) {
  return thrown(417, "ValidationError", text, from_erpnext, title);
}

Raised not_found(const std::string& doctype, const std::string& name) {
  Raised raised = thrown(404, "DoesNotExistError", doctype + " " + name + " not found");
  raised.traceback = false;
  return raised;
}

Raised duplicate(const std::string& doctype, const std::string& name) {
  Raised raised;
  raised.status = 409;
  raised.exc_type = "DuplicateEntryError";
  raised.exception = "frappe.exceptions.DuplicateEntryError: ('" + doctype + "', '" + name +
                     "', IntegrityError(1062, \"Duplicate entry '" + name + "' for key 'PRIMARY'\"))";
  Message message = red(doctype + " <strong>" + name + "</strong> already exists", "Duplicate Name");
  message.raised = false;
  raised.messages = {message};
  return raised;
}

Raised crash(const std::string& exc_type, const std::string& exception, bool from_erpnext) {
  Raised raised;
  raised.status = 500;
  raised.exc_type = exc_type;
  raised.exception = exception;
  raised.from_erpnext = from_erpnext;
  return raised;
}

Raised permission_denied(const std::string& user, const std::string& doctype) {
  Raised raised;
  raised.status = 403;
  raised.exc_type = "PermissionError";
  raised.exception = "frappe.exceptions.PermissionError";
  raised.messages = {{"User <strong>" + user +
                          "</strong> does not have doctype access via role permission for document <strong>" + doctype +
                          "</strong>",
                      "Message", "", false, false}};
  raised.error_message = "No permission for " + doctype;
  return raised;
}

Raised timestamp_mismatch(const std::string& stored, const std::string& sent) {
  return thrown(417, "TimestampMismatchError",
                "Error: Document has been modified after you have opened it (" + stored + ", " + sent +
                    "). Please refresh to get the latest document.");
}

Raised deadlock() {
  return crash("QueryDeadlockError",
               "frappe.exceptions.QueryDeadlockError: (1213, 'Deadlock found when trying to get lock; try restarting "
               "transaction')",
               true);
}

Response render_v1(const Raised& raised) {
  json::object body;
  if (!raised.setup_failure.empty()) body["setup_wizard_failure_message"] = raised.setup_failure;
  if (!raised.message.empty()) body["message"] = raised.message;
  if (raised.traceback) body["exception"] = raised.exception;
  body["exc_type"] = raised.exc_type;
  if (raised.from_erpnext) body["_exc_source"] = "erpnext (app)";
  if (raised.traceback) body["exc"] = to_text(json::array{json::value(traceback(raised.exception))});
  if (!raised.messages.empty()) body["_server_messages"] = server_messages(raised.messages);
  if (!raised.error_message.empty()) body["_error_message"] = raised.error_message;
  return {raised.status, "application/json", {}, to_text(body)};
}

Response render_v2(const Raised& raised) {
  json::array errors;
  json::object error{{"type", raised.exc_type}};
  if (raised.traceback) error["exception"] = traceback(raised.exception);
  for (const auto& message : raised.messages) {
    error["message"] = message.text;
    error["title"] = message.title;
    if (!message.indicator.empty()) error["indicator"] = message.indicator;
  }
  errors.push_back(std::move(error));
  return {raised.status, "application/json", {}, to_text(json::object{{"errors", errors}})};
}

Response html_error(int status) {
  std::string title(reason_phrase(status));
  if (status == 500) title = "Internal Server Error";
  return {status,
          "text/html",
          {},
          "<html>\n  <head>\n    <title>" + title + "</title>\n  </head>\n  <body>\n    <h1><p>" + title +
              "</p></h1>\n    \n  </body>\n</html>\n"};
}

Response unknown_site(const std::string& site) {
  return {404,
          "text/html; charset=utf-8",
          {},
          "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>" + site +
              " does not exist</p>\n"};
}

}  // namespace tenantry::sandbox::erpnext
