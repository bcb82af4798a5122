// base::Error -> application/problem+json (RFC 9457): the only place that turns what went wrong into a status code.
#pragma once
#include <span>
#include <string_view>

#include "base/error.hpp"
#include "http/reply.hpp"

namespace tenantry::http {

// By the code if it is one of special_codes(), else by the kind: invalid 400, unauthenticated 401, denied 403,
// not_found 404, conflict 409, gone 410, busy 429, unavailable 503, internal 500.
[[nodiscard]] int status_of(const base::Error& error);

// The codes whose status says more than their kind does: what HTTP itself can refuse.
struct CodeStatus {
  std::string_view code;
  int status;
};
[[nodiscard]] std::span<const CodeStatus> special_codes();

// Members: type (/docs/problems/<code>), title, status, detail, instance (the path, no query), code, request_id, and
// if there are any next_action, errors[{pointer, message}], allowed_verbs. 401 carries WWW-Authenticate: Bearer, 429
// and 503 Retry-After.
[[nodiscard]] Response problem(const base::Error& error, std::string_view instance, std::string_view request_id);

// An error of the transport itself, ready to be sent: http.malformed, http.timeout, ... with its detail.
[[nodiscard]] base::Error refusal(std::string_view code, std::string message);

}  // namespace tenantry::http
