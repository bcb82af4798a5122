#include "keys.hpp"

#include <ctime>

namespace tenantry::odoo {

namespace {

using std::chrono::hours;
constexpr std::string_view kBegin = "Tenantry until ";

// To the microsecond: two keys never have the same name.
std::string written(std::chrono::system_clock::time_point time) {
  const std::time_t count = std::chrono::system_clock::to_time_t(time);
  const auto micros =
      std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count() % 1'000'000;
  std::tm parts{};
  gmtime_r(&count, &parts);
  char text[32];
  const std::string date(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts));
  const std::string fraction = std::to_string(micros);
  return date + "." + std::string(6 - fraction.size(), '0') + fraction + "Z";
}

}  // namespace

std::string key_name(std::string_view expires) { return std::string(kBegin) + std::string(expires); }

bool is_fresh(std::string_view expires, std::int64_t days) {
  const auto margin = std::min<std::chrono::seconds>(hours(7 * 24), hours(24 * days) / 4);
  return written(std::chrono::system_clock::now() + margin) < expires;
}

bool is_our_key(std::string_view name) { return name.starts_with(kBegin); }

Result<bool> keep_key(Database& database, const Key& administrator, std::int64_t days) {
  Context& context = database.context();
  const std::string expires = written(std::chrono::system_clock::now() + hours(24 * days));
  const Reply made = database.make_key(administrator.login, administrator.password, key_name(expires), days);
  if (!made.ok()) {
    const Concern concern = database.concern("API key of " + administrator.login, "to make one");
    if (made.fault().remedy == Remedy::retry || made.is(Remedy::cancelled)) return ending_of(made.fault(), concern);
    context.warn("no API key could be made; the password is used", {{"found", made.fault().message}});
    return done(false);
  }
  const std::string key(made.value().get_string());
  // The date last: a key without it is made anew.
  if (context.put_secret(kApiKey, key) && context.put_secret(kApiKeyExpires, expires)) {
    database.use_key(database.user(), key, key_name(expires));
    return done(true);
  }
  context.warn("the API key cannot be kept; the password is used");
  const auto lost = keys_in(database, Which::lost);
  if (!lost.has_value()) return lost.ending();
  std::vector<KeyRow> own;
  for (const KeyRow& row : *lost)
    if (row.name == key_name(expires)) own.push_back(row);
  if (const auto removed = remove(database, administrator, own); !removed.has_value()) return removed.ending();
  return done(false);
}

Result<std::vector<KeyRow>> keys_in(Database& database, Which which) {
  std::vector<KeyRow> found;
  if (database.major() < kFirstWithJson2) return done(std::move(found));
  const Reply rows = database.search_read("res.users.apikeys", {json::array{"name", "like", kBegin}}, {"name"});
  if (!rows.ok()) return ending_of(rows.fault(), database.concern("API keys", "to look for them"));
  // Within one call a secret stays what it was when it was first asked for, so the database knows better.
  const auto sealed = database.context().find_secret(kApiKeyExpires);
  const std::string kept = database.key_name().empty() && sealed ? key_name(*sealed) : database.key_name();
  for (const json::object& row : rows.rows()) {
    const std::string name = text_of(row, "name");
    if (is_our_key(name) && (which == Which::ours || name != kept)) found.push_back({id_of(row, "id"), name});
  }
  return done(std::move(found));
}

Result<Nothing> remove(Database& database, const Key& administrator, const std::vector<KeyRow>& keys) {
  if (keys.empty()) return done();
  json::array ids;
  for (const KeyRow& key : keys) ids.emplace_back(key.id);
  const Reply removed = database.remove_keys(administrator.login, administrator.password, std::move(ids));
  if (removed.ok() || removed.is(Remedy::absent)) return done();
  return ending_of(removed.fault(), database.concern("API key " + keys.front().name, "to remove it"));
}

}  // namespace tenantry::odoo
