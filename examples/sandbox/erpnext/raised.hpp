// An error as Frappe raises and shows it. Thrown where Frappe would raise, caught once where the request is answered;
// an exception, because "roll everything back and show this" is what the original means by it.
#pragma once
#include <boost/json.hpp>
#include <string>
#include <vector>

#include "sandbox/http/message.hpp"

namespace tenantry::sandbox::erpnext {

namespace json = boost::json;

// One entry of _server_messages.
struct Message {
  std::string text;
  std::string title = "Message";
  std::string indicator;  // empty: not shown
  bool raised = false;
  bool alert = false;
};
[[nodiscard]] Message red(std::string text, std::string title = "Message");
// The JSON string of a JSON array of JSON strings that the wire shows.
[[nodiscard]] std::string server_messages(const std::vector<Message>& messages);

struct Raised {
  int status = 417;
  std::string exc_type;
  std::string exception;  // the last line of the traceback
  std::vector<Message> messages;
  bool traceback = true;      // exc and exception are shown
  bool from_erpnext = false;  // _exc_source
  std::string error_message;
  std::string message;  // login only
  std::string setup_failure;
};

// frappe.throw(text, exception): the common case, with the text also as a red message.
[[nodiscard]] Raised thrown(int status, const std::string& exc_type, const std::string& text, bool from_erpnext = false,
                            const std::string& title = "Message");
[[nodiscard]] Raised validation(const std::string& text, bool from_erpnext = true,
                                const std::string& title = "Message");
[[nodiscard]] Raised not_found(const std::string& doctype, const std::string& name);
[[nodiscard]] Raised duplicate(const std::string& doctype, const std::string& name);
// A Python error that nobody expected: 500, no message.
[[nodiscard]] Raised crash(const std::string& exc_type, const std::string& exception, bool from_erpnext = false);
[[nodiscard]] Raised permission_denied(const std::string& user, const std::string& doctype);
[[nodiscard]] Raised timestamp_mismatch(const std::string& stored, const std::string& sent);
[[nodiscard]] Raised deadlock();

[[nodiscard]] Response render_v1(const Raised& raised);
[[nodiscard]] Response render_v2(const Raised& raised);
// The page of gunicorn or of the proxy in front of it.
[[nodiscard]] Response html_error(int status);
[[nodiscard]] Response unknown_site(const std::string& site);

}  // namespace tenantry::sandbox::erpnext
