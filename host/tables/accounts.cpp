#include "tables/soci_store.hpp"
#include "tables/words.hpp"

// Accounts, tokens, idempotency keys; and what the store is made of.
namespace tenantry::tables {
namespace {

base::Error taken(std::string code, std::string message) {
  return {base::ErrorKind::kConflict, std::move(code), std::move(message), "Choose another.", {}, {}};
}

model::Account make_account(std::string&& id, std::string&& email, std::string&& name, const std::string& role,
                            std::string&& hash, long long created_at) {
  return {base::AccountId(std::move(id)),
          std::move(email),
          std::move(name),
          from_word<model::AccountRole>(model::kAccountRoles, role),
          std::move(hash),
          base::from_millis(created_at)};
}

}  // namespace

SociStore::SociStore(std::unique_ptr<Dialect> dialect, store::ManifestReader read_manifest, std::size_t readers)
    : dialect_(std::move(dialect)),
      manifests_(std::move(read_manifest)),
      readers_(std::make_unique<sql::Readers>(*dialect_, readers)),
      writer_(std::make_unique<sql::Writer>(*dialect_)) {}

SociStore::~SociStore() = default;

void SociStore::close() {
  readers_.reset();
  writer_.reset();  // last: the last connection folds the log back into the file
}

Result<void> SociStore::create_account(const model::Account& account) {
  return write_as<void>([&](Session& db) -> Result<void> {
    const auto made = db.run(
        R"sql(insert into accounts (id, email, name, role, password_hash, created_at)
              values (:id, :email, :name, :role, :password_hash, :created_at)
              on conflict (email) do nothing)sql",
        account.id, account.email, account.name, word(account.role), account.password_hash, account.created_at);
    if (made == 0) return taken("account.exists", "There is an account with the email " + account.email + ".");
    return {};
  });
}

Result<std::optional<model::Account>> SociStore::account(const base::AccountId& account) {
  return read_one_as<std::optional<model::Account>>([&](Session& db) {
    std::optional<model::Account> found;
    db.select<std::string, std::string, std::string, std::string, std::string, long long>(
        R"sql(select id, email, name, role, password_hash, created_at from accounts where id = :id)sql", with(account),
        [&](auto&&... column) { found = make_account(std::forward<decltype(column)>(column)...); });
    return found;
  });
}

Result<std::optional<model::Account>> SociStore::account_by_email(const std::string& email) {
  return read_one_as<std::optional<model::Account>>([&](Session& db) {
    std::optional<model::Account> found;
    db.select<std::string, std::string, std::string, std::string, std::string, long long>(
        R"sql(select id, email, name, role, password_hash, created_at from accounts where email = :email)sql",
        with(email), [&](auto&&... column) { found = make_account(std::forward<decltype(column)>(column)...); });
    return found;
  });
}

Result<bool> SociStore::has_accounts() {
  return read_one_as<bool>([&](Session& db) {
    bool any = false;
    db.select<long long>(R"sql(select 1 from accounts limit 1)sql", with(), [&](long long) { any = true; });
    return any;
  });
}

Result<void> SociStore::create_token(const model::Token& token) {
  return write_as<void>([&](Session& db) -> Result<void> {
    db.run(R"sql(delete from tokens where expires_at <= :now)sql", token.created_at);
    db.run(R"sql(insert into tokens (hash, account, created_at, expires_at)
                 values (:hash, :account, :created_at, :expires_at))sql",
           token.hash, token.account, token.created_at, token.expires_at);
    return {};
  });
}

Result<std::optional<model::Token>> SociStore::token(const std::string& hash, Time now) {
  return read_one_as<std::optional<model::Token>>([&](Session& db) {
    std::optional<model::Token> found;
    db.select<std::string, long long, long long>(
        R"sql(select account, created_at, expires_at from tokens where hash = :hash and expires_at > :now)sql",
        with(hash, now), [&](std::string&& account, long long created_at, long long expires_at) {
          found = model::Token{hash, base::AccountId(std::move(account)), base::from_millis(created_at),
                               base::from_millis(expires_at)};
        });
    return found;
  });
}

Result<void> SociStore::delete_token(const std::string& hash) {
  return write_as<void>([&](Session& db) -> Result<void> {
    db.run(R"sql(delete from tokens where hash = :hash)sql", hash);
    return {};
  });
}

Result<std::optional<StoredAnswer>> SociStore::reserve_key(const base::AccountId& account, const std::string& key,
                                                           const std::string& body_hash, Time now, Time older_than) {
  return write_as<std::optional<StoredAnswer>>([&](Session& db) {
    db.run(R"sql(delete from idempotency_keys where created_at < :older_than)sql", older_than);
    std::optional<StoredAnswer> stored;
    const auto reserved = db.run(
        R"sql(insert into idempotency_keys (account, key, body_hash, status, body, location, created_at)
              values (:account, :key, :body_hash, 0, '', '', :now)
              on conflict (account, key) do nothing)sql",
        account, key, body_hash, now);
    if (reserved != 0) return stored;
    db.select<std::string, long long, std::string, std::string>(
        R"sql(select body_hash, status, body, location from idempotency_keys
              where account = :account and key = :key)sql",
        with(account, key), [&](std::string&& hash, long long status, std::string&& body, std::string&& location) {
          stored = StoredAnswer{std::move(hash), static_cast<int>(status), std::move(body), std::move(location)};
        });
    return stored;
  });
}

Result<void> SociStore::complete_key(const base::AccountId& account, const std::string& key,
                                     const StoredAnswer& answer) {
  return write_as<void>([&](Session& db) -> Result<void> {
    db.run(R"sql(update idempotency_keys set status = :status, body = :body, location = :location
                 where account = :account and key = :key)sql",
           answer.status, answer.body, answer.location, account, key);
    return {};
  });
}

Result<void> SociStore::release_key(const base::AccountId& account, const std::string& key) {
  return write_as<void>([&](Session& db) -> Result<void> {
    db.run(R"sql(delete from idempotency_keys where account = :account and key = :key)sql", account, key);
    return {};
  });
}

Result<void> SociStore::ping() {
  return write_as<void>([&](Session& db) -> Result<void> {
    db.run(R"sql(update schema_version set version = version)sql");
    return {};
  });
}

}  // namespace tenantry::tables
