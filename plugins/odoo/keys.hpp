// API keys of a tenant's administrator, which from Odoo 19 on stand for the password. Odoo shows a key once, so between
// its making and its sealing nobody knows it but the call that made it; if that call dies there, the key opens the
// database all the same until it ends. Therefore a key is named after the moment of its end, which is sealed beside it:
// one of ours under any other name is a lost one. VERIFY of step 1 finds it, and the step removes it.
#pragma once
#include "building.hpp"

namespace tenantry::odoo {

inline constexpr auto kApiKey = "odoo.api_key";
inline constexpr auto kApiKeyExpires = "odoo.api_key_expires";

// Not in the last quarter of its life, nor in its last week.
[[nodiscard]] bool is_fresh(std::string_view expires, std::int64_t days);
[[nodiscard]] std::string key_name(std::string_view expires);
[[nodiscard]] bool is_our_key(std::string_view name);

// Makes a key for the administrator, seals it and uses it. False: there is none, and the session goes on.
[[nodiscard]] Result<bool> keep_key(Database& database, const Key& administrator, std::int64_t days);

struct KeyRow {
  std::int64_t id = 0;
  std::string name;
};
enum class Which { lost, ours };  // ours: the sealed one, too
[[nodiscard]] Result<std::vector<KeyRow>> keys_in(Database& database, Which which);
// Done, if none of them is there any more. Only for a step that no other of its run goes beside: a key that is just
// being sealed looks lost.
[[nodiscard]] Result<Nothing> remove(Database& database, const Key& administrator, const std::vector<KeyRow>& keys);

}  // namespace tenantry::odoo
