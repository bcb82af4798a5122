// What an answer of Odoo that is not the wanted one means. The name of the exception decides (error.data.name of
// JSON-RPC, name of /json/2), the status only where there is none: JSON-RPC answers 200 to everything, and its
// error.code differs between versions.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include <tenantry/http.hpp>

namespace tenantry::odoo {

// What the caller may do about it.
enum class Remedy {
  retry,      // passes by itself: the host tries again
  failed,     // until a person changes something
  exists,     // it is there already: look at it
  absent,     // it is not there; for a removal that is success
  cancelled,  // the host asked us to stop
};

struct Fault {
  std::string_view cause;  // of the host's closed set: transient, rate_limited, ...
  std::string code;        // "odoo.serialization"
  Remedy remedy = Remedy::failed;
  std::optional<Milliseconds> retry_after;
  bool unknown_outcome = false;  // it may have been done all the same: look before doing it again
  int status = 0;                // 0: there was no answer
  std::string exception;         // "odoo.exceptions.UserError"
  std::string message;           // Odoo's own words without HTML or traceback, shortened

  [[nodiscard]] bool is(std::string_view other) const { return code == other; }
};

// The value of an answer, or what went wrong. Pure, all three.
class Reply {
 public:
  Reply(json::value value) : value_(std::move(value)) {}
  Reply(Fault fault) : fault_(std::move(fault)) {}

  [[nodiscard]] bool ok() const { return !fault_.has_value(); }
  [[nodiscard]] const Fault& fault() const { return *fault_; }
  [[nodiscard]] bool is(Remedy remedy) const { return fault_ && fault_->remedy == remedy; }
  [[nodiscard]] const json::value& value() const { return value_; }
  // Rows of a list; empty if it is none.
  [[nodiscard]] std::vector<json::object> rows() const;
  // An id, or the first of a list of ids; 0 if it is neither.
  [[nodiscard]] std::int64_t id() const;

 private:
  json::value value_;
  std::optional<Fault> fault_;
};
// The envelope of /jsonrpc and of /web/...: the result, which is null for a method that returns nothing.
[[nodiscard]] Reply read_jsonrpc(const http::Outcome& outcome);
// /json/2: the bare value, or an error with a status that says something.
[[nodiscard]] Reply read_json2(const http::Outcome& outcome);
// A form under /web/database: a redirect is success, a page with an alert is not.
[[nodiscard]] Reply read_form(const http::Outcome& outcome);

// A field as text, whatever its JSON type: "" for null, for false and for what is not there; a many2one by its name.
[[nodiscard]] std::string text_of(const json::object& fields, std::string_view name);
// A number, the id of a many2one, 1 for true; 0 for anything else.
[[nodiscard]] std::int64_t id_of(const json::object& fields, std::string_view name);

// What one request was about, for the error a person reads.
struct Concern {
  std::string server;    // its id
  std::string object;    // "warehouse Main Shop"
  std::string expected;  // "to create it"
};

// The step's answer to a fault nobody handled: retry, failed or cancelled, with class, object, expected, found and the
// next action in plain words.
[[nodiscard]] Ending ending_of(const Fault& fault, const Concern& concern);

// What stops a step without being an answer of Odoo, told in the same shape.
struct Trouble {
  std::string_view code, cause;
  std::string object, expected, found, next_action;
};
[[nodiscard]] Ending give_up(const Trouble& trouble);    // failed
[[nodiscard]] Ending try_again(const Trouble& trouble);  // retry

// Text without tags and control characters, at most `most` bytes.
[[nodiscard]] std::string plain_text(std::string_view html, std::size_t most = 300);

}  // namespace tenantry::odoo
