#include "secrets/password.hpp"

#include <sodium.h>

#include <array>

#include "base/ids.hpp"
#include "secrets/sodium.hpp"

namespace tenantry::secrets {
namespace {

constexpr std::size_t kLongest = 1'024;

base::Error too_busy() {
  return {base::ErrorKind::kBusy,        "auth.busy", "Too many people are signing in at this moment.",
          "Try again in a few seconds.", {},          {}};
}

}  // namespace

class Passwords::Turn {
 public:
  explicit Turn(Passwords& owner) : owner_(owner) {
    std::unique_lock lock(owner_.mutex_);
    if (owner_.active_ == owner_.at_once_) {
      if (owner_.in_line_ == owner_.waiting_) return;
      ++owner_.in_line_;
      owner_.left_.wait(lock, [&] { return owner_.active_ < owner_.at_once_; });
      --owner_.in_line_;
    }
    ++owner_.active_;
    taken_ = true;
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    if (!taken_) return;
    {
      const std::lock_guard lock(owner_.mutex_);
      --owner_.active_;
    }
    owner_.left_.notify_one();
  }
  [[nodiscard]] bool taken() const { return taken_; }

 private:
  Passwords& owner_;
  bool taken_ = false;
};

Passwords::Passwords(PasswordCost cost, std::size_t at_once, std::size_t waiting)
    : cost_(cost), at_once_(at_once), waiting_(waiting) {
  start_sodium();
}

base::Result<std::string> Passwords::hash(std::string_view password) {
  if (password.empty()) return base::invalid("password.empty", "The password is empty.");
  if (password.size() > kLongest)
    return base::invalid("password.too_long", "The password has more than " + std::to_string(kLongest) + " bytes.");
  const Turn turn(*this);
  if (!turn.taken()) return too_busy();
  std::array<char, crypto_pwhash_STRBYTES> text{};
  if (crypto_pwhash_str_alg(text.data(), password.data(), password.size(), cost_.operations, cost_.bytes,
                            crypto_pwhash_ALG_ARGON2ID13) != 0)
    return base::internal("password.no_memory", "There is not enough memory to hash a password.");
  return std::string(text.data());
}

base::Result<bool> Passwords::verify(const std::string& hash, std::string_view password) {
  if (password.size() > kLongest) return false;
  const Turn turn(*this);
  if (!turn.taken()) return too_busy();
  return crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

base::Result<bool> Passwords::verify_nobody(std::string_view password) {
  std::string nobody;
  {
    const std::lock_guard lock(mutex_);
    nobody = nobody_;
  }
  if (nobody.empty()) {
    auto made = hash(base::random_hex(32));
    if (!made.has_value()) return made.error();
    nobody = std::move(made.value());
    const std::lock_guard lock(mutex_);
    nobody_ = nobody;
  }
  auto verified = verify(nobody, password);
  if (!verified.has_value()) return verified;
  return false;
}

bool Passwords::needs_rehash(const std::string& hash) const {
  return crypto_pwhash_str_needs_rehash(hash.c_str(), cost_.operations, cost_.bytes) != 0;
}

}  // namespace tenantry::secrets
