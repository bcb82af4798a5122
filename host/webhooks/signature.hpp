// How a receiver knows that a message is from this host and new: Standard Webhooks 1.0.
#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tenantry::webhooks {

// The key behind "whsec_" and base64, 24 to 64 bytes. Copyable; wiped when it goes.
class SigningKey {
 public:
  // invalid "webhook.secret"; the message does not repeat the text.
  [[nodiscard]] static base::Result<SigningKey> parse(std::string_view text);
  SigningKey(const SigningKey&) = default;
  SigningKey& operator=(const SigningKey&) = default;
  SigningKey(SigningKey&&) = default;
  SigningKey& operator=(SigningKey&&) = default;
  ~SigningKey();

  // The value of the header webhook-signature: "v1," and the HMAC-SHA256 of "<id>.<seconds>.<body>" in base64.
  [[nodiscard]] std::string sign(std::string_view id, std::int64_t seconds, std::string_view body) const;

 private:
  explicit SigningKey(std::string bytes) : bytes_(std::move(bytes)) {}
  std::string bytes_;
};

}  // namespace tenantry::webhooks
