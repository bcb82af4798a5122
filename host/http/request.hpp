// One request as the transport hands it over: framed, bounded and decoded. Nothing in it was believed.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace tenantry::http {

enum class Method { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions, kOther };

[[nodiscard]] std::string_view to_text(Method method);  // "OTHER" for one we do not serve
[[nodiscard]] Method parse_method(std::string_view text);

struct Header {
  std::string name;
  std::string value;
};

using Fields = std::vector<std::pair<std::string, std::string>>;

// A value: copy or move it wherever the answer is made.
struct Request {
  Method method = Method::kGet;
  std::string target;  // as sent: at most Options::max_target visible ASCII bytes, starting with '/'
  std::string path;    // the target without its query, as sent
  std::string route;   // the pattern that matched, e.g. /api/tenants/{id}
  Fields params;       // of the pattern; percent-decoded UTF-8, never empty
  Fields query;        // percent-decoded UTF-8, '+' is a space; every name at most once
  std::vector<Header> headers;
  std::string body;        // within the route's limit; chunks are already joined
  std::string request_id;  // the client's X-Request-Id if it is 1..64 of [A-Za-z0-9._-], else a new one
  std::string peer;        // the address that connected: the edge's, if there is one in front

  // The first header of that name, in any case. Names that decide anything occur at most once.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
  // "" if the route has no such parameter.
  [[nodiscard]] std::string_view param(std::string_view name) const;
  [[nodiscard]] std::optional<std::string_view> query_value(std::string_view name) const;
};

// Decodes %XX. Refuses broken escapes, NUL and what is not UTF-8 (code http.encoding).
[[nodiscard]] base::Result<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

// What follows the '?'. A name given twice is refused (code http.query): two readers might believe two values.
[[nodiscard]] base::Result<Fields> parse_query(std::string_view text);

enum class Body { kRequired, kOptional };  // kOptional: no body at all means {}

// The body as JSON. Codes: http.media_type (not application/json or +json), http.body_missing, json.invalid.
[[nodiscard]] base::Result<base::json::value> json_body(const Request& request, Body body = Body::kRequired);

// ASCII, without regard to case.
[[nodiscard]] bool equal_name(std::string_view left, std::string_view right);

}  // namespace tenantry::http
