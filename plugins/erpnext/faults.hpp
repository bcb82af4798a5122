// What an answer of ERPNext that is not the wanted one means. Frappe's exc_type decides, the status only where there is
// none: a status alone says little (417 is anything from a deadlocked document to a misspelt name).
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include <tenantry/http.hpp>

namespace tenantry::erpnext {

// What the caller may do about it.
enum class Remedy {
  retry,      // passes by itself: the host tries again
  failed,     // until a person changes something
  exists,     // the document is there already: look at it
  absent,     // the document is not there; for a delete that is success
  cancelled,  // the host asked us to stop
};

struct Fault {
  std::string_view cause;  // of the host's closed set: transient, rate_limited, ...
  std::string code;        // "erpnext.deadlock"
  Remedy remedy = Remedy::failed;
  std::optional<Milliseconds> retry_after;
  bool unknown_outcome = false;  // it may have been done all the same: look before doing it again
  int status = 0;                // 0: there was no answer
  std::string exc_type;
  std::string message;  // ERPNext's own words without HTML or traceback, shortened
};

// nullopt: a success (a status below 300 with a body that is JSON and holds no error). Pure.
[[nodiscard]] std::optional<Fault> classify(const http::Outcome& outcome);

// What one request was about, for the error a person reads.
struct Concern {
  std::string server;    // its id
  std::string object;    // "Customer Walk-in Customer"
  std::string expected;  // "to create it"
};

// The step's answer to a fault nobody handled: retry, failed or cancelled, with class, object, expected, found and the
// next action in plain words.
[[nodiscard]] Ending ending_of(const Fault& fault, const Concern& concern);

// What stops a step without being an answer of ERPNext, told in the same shape.
struct Trouble {
  std::string_view code, cause;
  std::string object, expected, found, next_action;
};
[[nodiscard]] Ending give_up(const Trouble& trouble);    // failed
[[nodiscard]] Ending try_again(const Trouble& trouble);  // retry

// Text without tags, entities and control characters, at most `most` bytes.
[[nodiscard]] std::string plain_text(std::string_view html, std::size_t most = 300);

}  // namespace tenantry::erpnext
