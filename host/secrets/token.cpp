#include "secrets/token.hpp"

#include <sodium.h>

#include "base/mask.hpp"
#include "secrets/sodium.hpp"

namespace tenantry::secrets {
namespace {
constexpr std::string_view kPrefix = "tnt_";
constexpr std::size_t kBytes = 32;
constexpr std::size_t kCharacters = 43;  // of kBytes in base64 without padding
}  // namespace

NewToken new_token() {
  start_sodium();
  std::string bytes(kBytes, '\0');
  randombytes_buf(bytes.data(), bytes.size());
  NewToken token;
  token.text.assign(kPrefix).append(to_base64url(bytes));
  base::wipe(bytes);
  token.hash = token_hash(token.text);
  return token;
}

std::string token_hash(std::string_view text) {
  start_sodium();
  return to_hex(blake2b(text));
}

bool is_token(std::string_view text) {
  return text.starts_with(kPrefix) && text.size() == kPrefix.size() + kCharacters &&
         text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", kPrefix.size()) ==
             std::string_view::npos;
}

}  // namespace tenantry::secrets
