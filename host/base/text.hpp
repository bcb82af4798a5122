// Text that came from elsewhere.
#pragma once
#include <string>
#include <string_view>

namespace tenantry::base {

[[nodiscard]] bool is_utf8(std::string_view text);

// The text as valid UTF-8: what is not becomes U+FFFD, NUL included.
[[nodiscard]] std::string to_utf8(std::string_view text);

// At most `max_bytes`, cut between characters and marked with "…" if anything is missing.
[[nodiscard]] std::string shorten(std::string_view text, std::size_t max_bytes);

// ASCII only.
[[nodiscard]] std::string lower(std::string_view text);

}  // namespace tenantry::base
