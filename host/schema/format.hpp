// The formats a schema may ask for.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tenantry::schema {

enum class Format : std::uint8_t { kHostname, kEmail, kUri, kDateTime };

inline constexpr std::array<std::string_view, 4> kFormats{"hostname", "email", "uri", "date-time"};

[[nodiscard]] std::optional<Format> format(std::string_view word);

// hostname: RFC 1123, ASCII (names in other scripts in their xn-- form). email: dot-atom@hostname, ASCII, at most 254
// bytes. uri: absolute, RFC 3986 characters. date-time: RFC 3339.
[[nodiscard]] bool has_format(std::string_view text, Format format);

}  // namespace tenantry::schema
