// What this room adds to libsodium: its start, and bytes as text.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace tenantry::secrets {

// Before the first use of libsodium in any function of this room. Cheap, any thread. Throws std::runtime_error if the
// kernel gives no random bytes.
void start_sodium();

// Without padding, with the alphabet that needs no escaping in URLs.
[[nodiscard]] std::string to_base64url(std::string_view bytes);
// Standard or URL alphabet, padded or not; nullopt for anything else.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);
[[nodiscard]] std::string to_hex(std::string_view bytes);
[[nodiscard]] std::optional<std::string> from_hex(std::string_view text);

// BLAKE2b with 32 bytes.
[[nodiscard]] std::string blake2b(std::string_view bytes);

}  // namespace tenantry::secrets
