#include "database/postgres_dialect.hpp"

#include <soci/postgresql/soci-postgresql.h>

#include <utility>

namespace tenantry::database {
namespace {

using Connection = soci::postgresql_session_backend;

int digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

class PostgresDialect final : public sql::Dialect {
 public:
  PostgresDialect(PostgresAddress address, base::Millis lock_wait)
      : address_(std::move(address)), lock_wait_(lock_wait) {}

  std::unique_ptr<soci::session> connect(sql::Access access) const override {
    std::unique_ptr<soci::session> session;
    try {
      session = std::make_unique<soci::session>(*soci::factory_postgresql(), address_.conninfo);
    } catch (const soci::soci_error&) {
      // Its text is libpq's, in several lines; its SQLSTATE is missing.
      throw soci::postgresql_soci_error(refusal(why_refused(address_), address_).message, "08001");
    }
    auto* connection = static_cast<Connection*>(session->get_backend());
    PQsetErrorVerbosity(connection->conn_, PQERRORS_TERSE);  // the details would quote values
    PQsetNoticeProcessor(
        connection->conn_, [](void*, const char*) {}, nullptr);
    const auto millis = std::to_string(lock_wait_.count());
    // A host that stands still in the middle of a transaction must not keep its rows from the others.
    *session << "set lock_timeout = " + millis + "; set idle_in_transaction_session_timeout = 3000" +
                    "; set bytea_output = hex; set standard_conforming_strings = on";
    // Every row is found by a key, and lists are read in the order of an index. A plan that was made while the tables
    // were small, and is kept, would not.
    *session << "set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off";
    if (access == sql::Access::kRead) {
      *session << "set default_transaction_read_only = on";
      return session;
    }
    // Off and local would acknowledge what can still be lost; what is stricter than on stays.
    *session << "select set_config('synchronous_commit', 'on', false) "
                "where current_setting('synchronous_commit') in ('off', 'local')";
    return session;
  }

  std::string render(std::string_view sql) const override {
    auto text = sql::replace_call(std::string(sql), "to_bytes", "cast(", " as bytea)");
    text = sql::replace_call(std::move(text), "from_bytes", "", "");
    text = sql::replace_call(std::move(text), "each",
                             "(select position - 1 as key, value from json_array_elements_text(cast(",
                             " as json)) with ordinality as one (value, position))");
    text = sql::replace_mark(std::move(text), "{for_update}", "for update");
    text = sql::replace_mark(std::move(text), "{skip_locked}", "for update skip locked");
    text = sql::replace_mark(std::move(text), "{clustered}", "");
    text = sql::replace_mark(std::move(text), "{identity}", "bigint generated always as identity primary key");
    text = sql::replace_mark(std::move(text), "{key}", "text collate \"C\"");
    return sql::replace_mark(std::move(text), "{bytes}", "bytea");
  }

  const char* begin_read() const override { return "begin isolation level repeatable read, read only"; }
  const char* begin_write() const override { return "begin isolation level read committed, read write"; }

  const char* count_tables() const override {
    return "select count(*), coalesce(sum(case when table_name = 'schema_version' then 1 else 0 end), 0) "
           "from information_schema.tables where table_schema = current_schema() and table_type = 'BASE TABLE'";
  }

  sql::Trouble diagnose(const soci::soci_error& error) const override {
    const auto* postgres = dynamic_cast<const soci::postgresql_soci_error*>(&error);
    if (postgres == nullptr) return sql::Trouble::kFailed;
    const auto state = postgres->sqlstate();
    const auto is_of = [&](std::string_view family) { return state.starts_with(family); };
    if (is_of("40")) return sql::Trouble::kContended;  // serialization_failure, deadlock_detected
    if (is_of("22") || is_of("23")) return sql::Trouble::kConstraint;
    if (state == "55P03" || state == "57014") return sql::Trouble::kLocked;
    if (state == "53100") return sql::Trouble::kDiskFull;
    // 25P03: idle in a transaction for too long; 57P..: the server stops, or has not started yet.
    // Blank: libpq's own error, not the server's, and what libpq complains of is the connection.
    if (state == "     " || is_of("08") || is_of("57P") || is_of("53") || is_of("58") || state == "25P03")
      return sql::Trouble::kLost;
    if (state == "25006" || state == "42501" || state == "3F000") return sql::Trouble::kReadOnly;
    if (state == "XX001" || state == "XX002") return sql::Trouble::kCorrupt;
    return sql::Trouble::kFailed;
  }

  // bytea's own notation: \x and two digits for each byte.
  std::string pack(std::string_view bytes) const override {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text = "\\x";
    text.reserve(2 + 2 * bytes.size());
    for (const char c : bytes) {
      const auto byte = static_cast<unsigned char>(c);
      text += kDigits[byte >> 4U];
      text += kDigits[byte & 0xFU];
    }
    return text;
  }
  std::string unpack(std::string&& text) const override {
    std::string bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 2; i + 1 < text.size(); i += 2)
      bytes += static_cast<char>(16 * digit(text[i]) + digit(text[i + 1]));
    return bytes;
  }

  bool cuts_at_nul() const override { return true; }
  bool is_remote() const override { return true; }
  const char* lock_migrations() const override { return "select pg_advisory_lock(7523094288207667809)"; }
  const char* oldest_writer() const override {
    return "select cast(cast(pg_snapshot_xmin(pg_current_snapshot()) as text) as bigint)";
  }
  const char* tell(store::Told what) const override {
    switch (what) {
      case store::Told::kReleased:
        return "notify tenantry, 'released'";
      case store::Told::kHanded:
        return "notify tenantry, 'handed'";
      case store::Told::kAnswered:
        return "notify tenantry, 'answered'";
      case store::Told::kFreed:
        return "notify tenantry, 'freed'";
    }
    return nullptr;
  }
  const char* read_clock() const override {
    return "select cast(extract(epoch from clock_timestamp()) * 1000 as bigint)";
  }
  const char* next_writer() const override { return "select cast(cast(pg_current_xact_id() as text) as bigint)"; }

 private:
  PostgresAddress address_;
  base::Millis lock_wait_;
};

}  // namespace

std::unique_ptr<sql::Dialect> postgres_dialect(PostgresAddress address, base::Millis lock_wait) {
  return std::make_unique<PostgresDialect>(std::move(address), lock_wait);
}

}  // namespace tenantry::database
