#include "service/identity.hpp"

#include <algorithm>

#include "base/ids.hpp"
#include "base/text.hpp"
#include "secrets/token.hpp"

namespace tenantry::service {
namespace {

using base::Error;
using base::ErrorKind;
using base::Time;

constexpr base::Millis kWindow{15 * 60 * 1000};
constexpr int kPerAccount = 10;
constexpr int kPerAddress = 50;
constexpr base::Millis kBelieved{1'000};
constexpr std::size_t kMaxTracked = 10'000;
constexpr std::size_t kMinPassword = 8;

std::string role_key(const base::AccountId& account, const base::TenantId& tenant) {
  return account.value + '|' + tenant.value;
}

Error no_tenant() { return base::not_found("tenant.unknown", "There is no such tenant."); }

}  // namespace

int SignInGuard::count(const std::string& key, Time now) {
  const auto found = failures_.find(key);
  if (found == failures_.end()) return 0;
  if (now - found->second.since < kWindow) return found->second.count;
  failures_.erase(found);
  return 0;
}

void SignInGuard::add(const std::string& key, Time now) {
  if (failures_.size() >= kMaxTracked) failures_.clear();
  auto& failures = failures_[key];
  if (now - failures.since >= kWindow) failures = {0, now};
  ++failures.count;
}

base::Result<void> SignInGuard::check(const std::string& email, const std::string& address, Time now) {
  const std::scoped_lock lock(mutex_);
  if (count("account " + email, now) < kPerAccount && count("address " + address, now) < kPerAddress) return {};
  return Error{
      ErrorKind::kBusy, "auth.too_many", "Too many failed sign-ins.", "Wait 15 minutes, then sign in.", {}, {}};
}

void SignInGuard::failed(const std::string& email, const std::string& address, Time now) {
  const std::scoped_lock lock(mutex_);
  add("account " + email, now);
  add("address " + address, now);
}

void SignInGuard::succeeded(const std::string& email) {
  const std::scoped_lock lock(mutex_);
  failures_.erase("account " + email);
}

Identity::Identity(store::Store& store, const base::Clock& clock, base::Millis token_life)
    : store_(store), clock_(clock), token_life_(token_life) {}

base::Result<SignedIn> Identity::sign_in(const std::string& email, const std::string& password,
                                         const std::string& address) {
  const auto now = clock_.now();
  const auto name = base::lower(email);
  if (auto allowed = guard_.check(name, address, now); allowed.has_error()) return allowed.error();
  const auto account = store_.account_by_email(name);
  if (account.has_error()) return account.error();
  const auto right =
      *account ? passwords_.verify((*account)->password_hash, password) : passwords_.verify_nobody(password);
  if (right.has_error()) return right.error();
  if (!*right) {
    guard_.failed(name, address, now);
    return Error{ErrorKind::kUnauthenticated,
                 "auth.invalid",
                 "The e-mail address or the password is wrong.",
                 "Check both and sign in again.",
                 {},
                 {}};
  }
  guard_.succeeded(name);
  auto fresh = secrets::new_token();
  const model::Token token{fresh.hash, (*account)->id, now, now + token_life_};
  if (const auto stored = store_.create_token(token); stored.has_error()) return stored.error();
  return SignedIn{std::move(fresh.text), token.expires_at, {(*account)->id, (*account)->email, (*account)->role}};
}

base::Result<Actor> Identity::authenticate(const std::string& token) {
  const auto hash = secrets::token_hash(token);
  const auto now = clock_.now();
  if (auto known = signed_in_.find(hash, now)) return std::move(*known);
  const auto ticket = signed_in_.ticket();
  const auto found = store_.token(hash, now);
  if (found.has_error()) return found.error();
  const Error refused{ErrorKind::kUnauthenticated,
                      "auth.token",
                      "The token is missing, unknown or expired.",
                      "Sign in at POST /api/auth/login and send the token as Authorization: Bearer.",
                      {},
                      {}};
  if (!*found) return refused;
  const auto account = store_.account((*found)->account);
  if (account.has_error()) return account.error();
  if (!*account) return refused;
  Actor actor{(*account)->id, (*account)->email, (*account)->role};
  signed_in_.keep(hash, actor, std::min((*found)->expires_at, now + kBelieved), ticket);
  return actor;
}

base::Result<void> Identity::sign_out(const std::string& token) {
  const auto hash = secrets::token_hash(token);
  auto done = store_.delete_token(hash);
  signed_in_.forget(hash);
  return done;
}

bool Identity::surely_may_view(const std::string& token, const base::TenantId& tenant) const {
  const auto now = clock_.now();
  const auto actor = signed_in_.find(secrets::token_hash(token), now);
  return actor && roles_.find(role_key(actor->id, tenant), now);
}

base::Result<base::AccountId> Identity::create_account(const std::string& email, const std::string& name,
                                                       const std::string& password, model::AccountRole role) {
  std::vector<base::Problem> problems;
  const auto at = email.find('@');
  if (at == std::string::npos || at == 0 || email.find('.', at) == std::string::npos || email.size() > 254)
    problems.push_back({"/email", "expected an e-mail address"});
  if (password.size() < kMinPassword || password.size() > 256)
    problems.push_back({"/password", "expected 8 to 256 characters"});
  if (!problems.empty()) return base::invalid("account.invalid", "The account cannot be made.", std::move(problems));
  auto hash = passwords_.hash(password);
  if (hash.has_error()) return hash.error();
  const model::Account account{
      base::AccountId(base::new_id("acc_")), base::lower(email), name, role, std::move(*hash), clock_.now()};
  if (const auto made = store_.create_account(account); made.has_error()) return made.error();
  return account.id;
}

base::Result<model::TenantRole> Identity::role_in(const Actor& actor, const base::TenantId& tenant) {
  const auto key = role_key(actor.id, tenant);
  const auto now = clock_.now();
  if (const auto known = roles_.find(key, now)) return *known;
  const auto ticket = roles_.ticket();
  const auto role = store_.role(tenant, actor.id);
  if (role.has_error()) return role.error();
  auto found = role->value_or(model::TenantRole::kOwner);
  if (!*role) {
    if (!actor.is_admin()) return no_tenant();
    const auto there = store_.tenant(tenant);
    if (there.has_error()) return there.error();
    if (!*there) return no_tenant();
  }
  roles_.keep(key, found, now + kBelieved, ticket);
  return found;
}

base::Result<void> Identity::require(const Actor& actor, const base::TenantId& tenant, model::TenantRole least) {
  const auto role = role_in(actor, tenant);
  if (role.has_error()) return role.error();
  if (*role >= least) return {};
  return Error{ErrorKind::kDenied,
               "tenant.role",
               "Your role in this tenant is " + std::string(model::word(*role)) + "; this needs " +
                   std::string(model::word(least)) + ".",
               "Ask an owner of the tenant.",
               {},
               {}};
}

}  // namespace tenantry::service
