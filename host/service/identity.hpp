// Who is asking, and what they may do. Passwords are argon2id, tokens are opaque and stored by their hash.
#pragma once
#include <map>
#include <mutex>
#include <string>

#include "base/clock.hpp"
#include "model/tenant.hpp"
#include "secrets/password.hpp"
#include "service/remembered.hpp"
#include "store/store.hpp"

namespace tenantry::service {

struct Actor {
  base::AccountId id;
  std::string email;
  model::AccountRole role = model::AccountRole::kUser;
  [[nodiscard]] bool is_admin() const { return role == model::AccountRole::kAdmin; }
};

struct SignedIn {
  std::string token;  // shown once, never stored
  base::Time expires_at{};
  Actor actor;
};

// Counts failed sign-ins of the last quarter of an hour. Thread-safe.
class SignInGuard {
 public:
  // busy "auth.too_many" once an account or an address has failed too often.
  [[nodiscard]] base::Result<void> check(const std::string& email, const std::string& address, base::Time now);
  void failed(const std::string& email, const std::string& address, base::Time now);
  void succeeded(const std::string& email);

 private:
  struct Failures {
    int count = 0;
    base::Time since{};
  };
  [[nodiscard]] int count(const std::string& key, base::Time now);
  void add(const std::string& key, base::Time now);

  std::mutex mutex_;  // guards what follows
  std::map<std::string, Failures> failures_;
};

// What is said of a tenant that was deprovisioned, for ever.
[[nodiscard]] inline base::Error gone() {
  return {base::ErrorKind::kGone, "tenant.gone", "This tenant was deprovisioned.", "Make another tenant.", {}, {}};
}

// Thread-safe. Who a token belongs to and which role an account has is believed for a second after the store said it,
// so a sign-out on another host takes that long to be known here; one on this host is known at once.
class Identity {
 public:
  Identity(store::Store& store, const base::Clock& clock, base::Millis token_life);

  // unauthenticated "auth.invalid" without saying which of the two was wrong; takes as long either way.
  [[nodiscard]] base::Result<SignedIn> sign_in(const std::string& email, const std::string& password,
                                               const std::string& address);
  // unauthenticated "auth.token" if it is unknown, expired or revoked.
  [[nodiscard]] base::Result<Actor> authenticate(const std::string& token);
  [[nodiscard]] base::Result<void> sign_out(const std::string& token);

  // Does the owner of this token surely have a role in this tenant? Never asks the store: false may mean "ask it".
  [[nodiscard]] bool surely_may_view(const std::string& token, const base::TenantId& tenant) const;

  // invalid with pointers (/email, /password), conflict "account.exists".
  [[nodiscard]] base::Result<base::AccountId> create_account(const std::string& email, const std::string& name,
                                                             const std::string& password, model::AccountRole role);

  // not_found, rather than denied, for a tenant the actor has nothing to do with: its existence is nobody's business.
  [[nodiscard]] base::Result<model::TenantRole> role_in(const Actor& actor, const base::TenantId& tenant);
  [[nodiscard]] base::Result<void> require(const Actor& actor, const base::TenantId& tenant, model::TenantRole least);

 private:
  store::Store& store_;
  const base::Clock& clock_;
  const base::Millis token_life_;
  Remembered<Actor> signed_in_;          // by the hash of the token
  Remembered<model::TenantRole> roles_;  // by account and tenant
  secrets::Passwords passwords_;
  SignInGuard guard_;
};

}  // namespace tenantry::service
