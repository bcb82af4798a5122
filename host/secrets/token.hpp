// Bearer tokens: opaque, 256 random bits, known to the store only by their hash.
#pragma once
#include <string>
#include <string_view>

namespace tenantry::secrets {

struct NewToken {
  std::string text;  // "tnt_" and 43 characters; shown to its owner once, then wiped
  std::string hash;  // for the store
};

[[nodiscard]] NewToken new_token();

// BLAKE2b-256 of the whole text, lower-case hex. No salt and no stretching: 256 random bits need neither.
[[nodiscard]] std::string token_hash(std::string_view text);

// Has the shape of a token of ours; says nothing about whether it is valid.
[[nodiscard]] bool is_token(std::string_view text);

}  // namespace tenantry::secrets
