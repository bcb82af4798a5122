#include "database/sqlite_dialect.hpp"

#include <soci/sqlite3/soci-sqlite3.h>

#include <utility>

namespace tenantry::database {
namespace {

constexpr int kPageSize = 4096;

class SqliteDialect final : public sql::Dialect {
 public:
  SqliteDialect(std::string path, const SqliteOptions& options, bool durable)
      : path_(std::move(path)), lock_wait_(options.lock_wait), max_pages_(options.max_bytes / kPageSize) {
    durable_ = durable;
    // For those that only look: file:...?mode=ro.
    static_cast<void>(sqlite_api::sqlite3_config(SQLITE_CONFIG_URI, 1));
    // A connection belongs to one thread at a time, so SQLite need not lock it at each bound value: 10 % of a write.
    // Has no effect, and is not needed, once SQLite is in use in this process.
    static_cast<void>(sqlite_api::sqlite3_config(SQLITE_CONFIG_MULTITHREAD));
    static_cast<void>(sqlite_api::sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0));
  }

  std::unique_ptr<soci::session> connect(sql::Access access) const override {
    // The factory by name would be looked for as a shared library in the working directory first.
    auto session = std::make_unique<soci::session>(*soci::factory_sqlite3(), "db=\"" + path_ + "\"");
    *session << "pragma busy_timeout = " + std::to_string(lock_wait_.count());
    *session << "pragma cell_size_check = on";
    *session << "pragma foreign_keys = on";
    if (access == sql::Access::kRead) {
      *session << "pragma query_only = on";
      return session;
    }
    *session << "pragma page_size = " + std::to_string(kPageSize);
    std::string mode;
    *session << "pragma journal_mode = wal", soci::into(mode);
    *session << std::string("pragma synchronous = ") + (durable_ ? "full" : "off");
    *session << "pragma wal_autocheckpoint = 4000";
    *session << "pragma cache_size = -8192";  // KiB
    if (max_pages_ > 0) *session << "pragma max_page_count = " + std::to_string(max_pages_);
    return session;
  }

  std::string render(std::string_view sql) const override {
    auto text = sql::replace_call(std::string(sql), "to_bytes", "cast(", " as blob)");
    text = sql::replace_call(std::move(text), "from_bytes", "cast(", " as text)");
    text = sql::replace_call(std::move(text), "each", "json_each(", ")");
    text = sql::replace_mark(std::move(text), "{for_update}", "");
    text = sql::replace_mark(std::move(text), "{skip_locked}", "");
    text = sql::replace_mark(std::move(text), "{key}", "text");
    text = sql::replace_mark(std::move(text), "{clustered}", " without rowid");
    text = sql::replace_mark(std::move(text), "{identity}", "integer primary key");
    return sql::replace_mark(std::move(text), "{bytes}", "blob");
  }

  const char* begin_read() const override { return "begin"; }
  const char* begin_write() const override { return "begin immediate"; }

  const char* count_tables() const override {
    return "select count(*), coalesce(sum(name = 'schema_version'), 0) from sqlite_master where type = 'table'";
  }

  sql::Trouble diagnose(const soci::soci_error& error) const override {
    const auto* sqlite = dynamic_cast<const soci::sqlite3_soci_error*>(&error);
    if (sqlite == nullptr) return sql::Trouble::kFailed;
    switch (sqlite->result() & 0xFF) {
      case SQLITE_CONSTRAINT:
        return sql::Trouble::kConstraint;
      case SQLITE_BUSY:
      case SQLITE_LOCKED:
      case SQLITE_PROTOCOL:
        return sql::Trouble::kLocked;
      case SQLITE_FULL:
        return sql::Trouble::kDiskFull;
      case SQLITE_IOERR:
      case SQLITE_CANTOPEN:
        return sql::Trouble::kLost;
      case SQLITE_READONLY:
      case SQLITE_PERM:
      case SQLITE_AUTH:
        return sql::Trouble::kReadOnly;
      case SQLITE_CORRUPT:
      case SQLITE_NOTADB:
        return sql::Trouble::kCorrupt;
      default:
        return sql::Trouble::kFailed;
    }
  }

 private:
  std::string path_;
  base::Millis lock_wait_;
  std::int64_t max_pages_;
  bool durable_ = true;
};

}  // namespace

std::unique_ptr<sql::Dialect> sqlite_dialect(std::string path, const SqliteOptions& options, bool durable) {
  return std::make_unique<SqliteDialect>(std::move(path), options, durable);
}

}  // namespace tenantry::database
