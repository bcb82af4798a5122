// What we add to Boost.JSON: limits on the way in, one canonical way out.
#pragma once
#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tenantry::base {

namespace json = boost::json;

// Parses one document of at most `max_bytes` and depth 32. Refuses invalid UTF-8, NUL characters in text (PostgreSQL
// would cut them) and numbers that are not finite. Error code "json.invalid", with the byte offset in the message.
[[nodiscard]] Result<json::value> parse_json(std::string_view text, std::size_t max_bytes = 1U << 20U);

// Members sorted by name at every level: equal documents give equal bytes.
[[nodiscard]] std::string canonical_json(const json::value& value);

// Escapes one member name or index for use in a JSON pointer: "/" + escape_pointer(name).
[[nodiscard]] std::string escape_pointer(std::string_view token);

// The value at an RFC 6901 pointer, or nullptr. Never throws.
[[nodiscard]] const json::value* find_pointer(const json::value& document, std::string_view pointer);

}  // namespace tenantry::base
