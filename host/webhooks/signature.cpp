#include "webhooks/signature.hpp"

#include <sodium.h>

#include <array>
#include <utility>

#include "base/mask.hpp"

namespace tenantry::webhooks {
namespace {

constexpr std::string_view kPrefix = "whsec_";
constexpr std::size_t kShortest = 24;
constexpr std::size_t kLongest = 64;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

base::Result<SigningKey> SigningKey::parse(std::string_view text) {
  std::array<unsigned char, kLongest> bytes{};
  std::size_t size = 0;
  const char* end = nullptr;
  bool fits = text.substr(0, kPrefix.size()) == kPrefix;
  if (fits) {
    text.remove_prefix(kPrefix.size());
    fits = sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), "\r\n", &size, &end,
                             sodium_base64_VARIANT_ORIGINAL) == 0 &&
           end == text.data() + text.size() && size >= kShortest;
  }
  if (!fits)
    return base::Error{base::ErrorKind::kInvalid,
                       "webhook.secret",
                       "The secret of a webhook is not \"whsec_\" and the base64 of 24 to 64 bytes.",
                       "Make one: echo \"whsec_$(head -c 32 /dev/urandom | base64)\".",
                       {},
                       {}};
  SigningKey key(std::string(reinterpret_cast<const char*>(bytes.data()), size));
  sodium_memzero(bytes.data(), bytes.size());
  return key;
}

SigningKey::~SigningKey() { base::wipe(bytes_); }

std::string SigningKey::sign(std::string_view id, std::int64_t seconds, std::string_view body) const {
  std::string signed_text;
  signed_text.append(id).append(".").append(std::to_string(seconds)).append(".").append(body);
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, bytes_of(bytes_), bytes_.size());
  crypto_auth_hmacsha256_update(&state, bytes_of(signed_text), signed_text.size());
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> hash{};
  crypto_auth_hmacsha256_final(&state, hash.data());
  std::array<char, sodium_base64_ENCODED_LEN(crypto_auth_hmacsha256_BYTES, sodium_base64_VARIANT_ORIGINAL)> text{};
  sodium_bin2base64(text.data(), text.size(), hash.data(), hash.size(), sodium_base64_VARIANT_ORIGINAL);
  return "v1," + std::string(text.data());
}

}  // namespace tenantry::webhooks
