// Passwords of accounts, kept as argon2id hashes in libsodium's own text form.
#pragma once
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tenantry::secrets {

// What one hash costs. The defaults are libsodium's "interactive": about 64 MiB and 0.1 s of one core.
struct PasswordCost {
  unsigned long long operations = 2;
  std::size_t bytes = 67'108'864;
};

// Hashes and compares, a few at a time: the memory of a hash times the sign-ins of an attacker would be the host's
// end. Thread-safe; every function blocks for as long as the hash takes, and while it waits for its turn.
class Passwords {
 public:
  // At most `at_once` hashes at the same time and `waiting` callers in line; one more is told "auth.busy" (kind busy).
  explicit Passwords(PasswordCost cost = {}, std::size_t at_once = 2, std::size_t waiting = 32);
  Passwords(const Passwords&) = delete;
  Passwords& operator=(const Passwords&) = delete;
  ~Passwords() = default;

  // invalid "password.too_long" over 1,024 bytes, "password.empty".
  [[nodiscard]] base::Result<std::string> hash(std::string_view password);
  // In a time that does not depend on the password or on how much of it is right. False for what is no hash.
  [[nodiscard]] base::Result<bool> verify(const std::string& hash, std::string_view password);
  // For an account that does not exist: takes as long as verify and is always false, so that nobody learns from the
  // time which accounts there are.
  [[nodiscard]] base::Result<bool> verify_nobody(std::string_view password);
  // Made at another cost than this one's: hash the password again at the next sign-in.
  [[nodiscard]] bool needs_rehash(const std::string& hash) const;

 private:
  // One of the places to hash at.
  class Turn;

  const PasswordCost cost_;
  const std::size_t at_once_;
  const std::size_t waiting_;
  std::mutex mutex_;  // guards active_, in_line_, nobody_
  std::condition_variable left_;
  std::size_t active_ = 0;
  std::size_t in_line_ = 0;
  std::string nobody_;  // a hash of something random, made when it is first needed
};

}  // namespace tenantry::secrets
