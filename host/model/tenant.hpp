// Who there is: accounts and the tenants (workspaces) they own.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "model/state.hpp"

namespace tenantry::model {

// What an account may do everywhere. What it may do with one tenant is its TenantRole there.
enum class AccountRole : std::uint8_t { kUser, kAdmin };
inline constexpr std::array<std::string_view, 2> kAccountRoles{"user", "admin"};
[[nodiscard]] constexpr std::string_view word(AccountRole role) {
  return kAccountRoles[static_cast<std::size_t>(role)];
}

// Each may do all that the ones before it may.
enum class TenantRole : std::uint8_t { kViewer, kOperator, kOwner };
inline constexpr std::array<std::string_view, 3> kTenantRoles{"viewer", "operator", "owner"};
[[nodiscard]] constexpr std::string_view word(TenantRole role) { return kTenantRoles[static_cast<std::size_t>(role)]; }

struct Account {
  base::AccountId id;
  std::string email;  // lower case; unique
  std::string name;
  AccountRole role = AccountRole::kUser;
  std::string password_hash;  // argon2id, as libsodium writes it
  base::Time created_at{};
};

// A bearer token, known only by its hash.
struct Token {
  std::string hash;
  base::AccountId account;
  base::Time created_at{};
  base::Time expires_at{};
};

struct Tenant {
  base::TenantId id;
  base::AccountId owner;
  std::string name;
  base::EngineId engine;
  base::ServerId server;
  std::string country_code;  // ISO 3166-1 alpha-2
  std::string admin_name;
  std::string admin_email;
  std::string category;
  std::string description;
  std::string labels;  // JSON object
  base::Time created_at{};
  base::Time removed_at{};  // Time{}: it is there
};

// A tenant as a list shows it: with its newest run's state, if it has one.
struct TenantSummary {
  Tenant tenant;
  std::optional<base::RunId> run;
  std::optional<RunState> state;
  std::int64_t steps_completed = 0;  // of that run: completed, exists and skipped
  std::int64_t total_steps = 0;
  std::optional<std::string> current_step;  // the first that is not one of these
};

struct TenantQuery {
  std::optional<base::AccountId> member;  // only tenants this account belongs to
  std::string status;                     // public status word; empty: all
  base::EngineId engine;                  // empty: all
  std::string text;                       // part of the name, any case; empty: all
  std::int64_t skip = 0;
  std::int64_t limit = 50;
};

}  // namespace tenantry::model
