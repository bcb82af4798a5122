#include "database/copy.hpp"

#include <soci/postgresql/soci-postgresql.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "database/postgres.hpp"
#include "database/postgres_dialect.hpp"
#include "database/sqlite.hpp"
#include "database/sqlite_dialect.hpp"
#include "sql/session.hpp"

namespace tenantry::database {
namespace {

struct Table {
  const char* name;
  const char* key;        // its rows in this order are in the same order in both databases
  bool numbered = false;  // the database numbers its rows by `id`
};

// Whoever is referred to comes first. Not copied: schema_version, commit_marks, which belong to connections, and
// held_names, to hosts that live.
constexpr std::array<Table, 21> kTables{{{"accounts", "id"},
                                         {"tokens", "hash"},
                                         {"tenants", "id"},
                                         {"members", "account, tenant"},
                                         {"tenant_secrets", "tenant, name"},
                                         {"manifests", "digest"},
                                         {"lives", "id", true},
                                         {"runs", "id"},
                                         {"run_documents", "run"},
                                         {"steps", "run, step"},
                                         {"attempts", "run, step, number"},
                                         {"events", "id", true},
                                         {"operations", "id"},
                                         {"handed_commands", "id"},
                                         {"idempotency_keys", "account, key"},
                                         {"batches", "id"},
                                         {"batch_items", "batch, number"},
                                         {"webhooks", "id"},
                                         {"deliveries", "id", true},
                                         {"delivery_attempts", "delivery, number"},
                                         {"trims", "list"}}};

struct Column {
  std::string name;
  bool bytes = false;
};

// All values of a row as texts, bytes unpacked; nullopt: null.
using Row = std::vector<std::optional<std::string>>;

base::Error failed(base::ErrorKind kind, std::string code, std::string message, std::string next_action) {
  return {kind, std::move(code), std::move(message), std::move(next_action), {}, {}};
}

std::vector<std::string> names(soci::session& db, const std::string& sql) {
  std::vector<std::string> found;
  const soci::rowset<std::string> rows = (db.prepare << sql);
  for (const auto& name : rows) found.push_back(name);
  return found;
}

std::vector<Column> columns_of(soci::session& source, const std::string& table) {
  std::vector<Column> columns;
  for (auto& name : names(source, "select name from pragma_table_info('" + table + "') order by cid"))
    columns.push_back({std::move(name), false});
  for (const auto& name :
       names(source, "select name from pragma_table_info('" + table + "') where lower(type) = 'blob'"))
    for (auto& column : columns) column.bytes = column.bytes || column.name == name;
  return columns;
}

void read_rows(soci::session& db, const sql::Dialect& dialect, const Table& table, const std::vector<Column>& columns,
               const std::function<void(const Row&)>& each) {
  // Named anew, because PostgreSQL would sort by the text of a number that kept its column's name.
  std::string list;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto& name = columns[i].name;
    list += (i == 0 ? "" : ", ") + (columns[i].bytes ? "from_bytes(" + name + ")" : "cast(" + name + " as text)") +
            " as v" + std::to_string(i);
  }
  std::vector<std::string> values(columns.size());
  std::vector<soci::indicator> states(columns.size(), soci::i_ok);
  soci::statement statement(db);
  for (std::size_t i = 0; i < columns.size(); ++i) statement.exchange(soci::into(values[i], states[i]));
  statement.alloc();
  statement.prepare(dialect.render("select " + list + " from " + table.name + " order by " + table.key));
  statement.define_and_bind();
  Row row(columns.size());
  for (bool more = statement.execute(true); more; more = statement.fetch()) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      row[i].reset();
      if (states[i] == soci::i_null) continue;
      row[i] = columns[i].bytes ? dialect.unpack(std::move(values[i])) : std::move(values[i]);
    }
    each(row);
  }
}

class Inserter {
 public:
  Inserter(soci::session& db, const sql::Dialect& dialect, const Table& table, const std::vector<Column>& columns)
      : dialect_(dialect),
        columns_(columns),
        values_(columns.size()),
        states_(columns.size(), soci::i_ok),
        statement_(db) {
    std::string list;
    std::string marks;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto name = "v" + std::to_string(i);
      const std::string comma = i == 0 ? "" : ", ";
      list += comma + columns[i].name;
      marks += comma + (columns[i].bytes ? "to_bytes(:" + name + ")" : ":" + name);
      statement_.exchange(soci::use(values_[i], states_[i], name));
    }
    statement_.alloc();
    statement_.prepare(dialect.render(std::string("insert into ") + table.name + " (" + list + ")" +
                                      (table.numbered ? " overriding system value" : "") + " values (" + marks + ")"));
    statement_.define_and_bind();
  }

  void insert(const Row& row) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      states_[i] = row[i] ? soci::i_ok : soci::i_null;
      values_[i] = !row[i] ? std::string() : columns_[i].bytes ? dialect_.pack(*row[i]) : *row[i];
    }
    statement_.execute(true);
  }

 private:
  const sql::Dialect& dialect_;
  const std::vector<Column>& columns_;
  std::vector<std::string> values_;
  std::vector<soci::indicator> states_;
  soci::statement statement_;
};

// Two of FNV's sums side by side: against mistakes, not against an enemy.
class Digest {
 public:
  void add(const Row& row) {
    ++rows_;
    for (const auto& value : row) {
      add(value ? std::to_string(value->size()) + ":" : "null");
      if (value) add(*value);
    }
  }
  [[nodiscard]] CopiedTable table(const char* name) const {
    std::array<char, 33> text{};
    std::snprintf(text.data(), text.size(), "%016llx%016llx", one_, other_);
    return {name, rows_, text.data()};
  }

 private:
  void add(std::string_view text) {
    for (const char c : text) {
      one_ = (one_ ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
      other_ = (other_ * 0x100000001b3ULL) ^ static_cast<unsigned char>(c);
    }
  }
  std::int64_t rows_ = 0;
  unsigned long long one_ = 0xcbf29ce484222325ULL;
  unsigned long long other_ = 0x84222325cbf29ce4ULL;
};

// Every table of the source is one that is copied: a later layout has to be added to the list.
std::optional<base::Error> unknown_table(soci::session& source) {
  for (const auto& name : names(source,
                                "select name from sqlite_master where type = 'table' and name not like 'sqlite~_%' "
                                "escape '~' and name not in ('schema_version', 'commit_marks', 'held_names')")) {
    bool known = false;
    for (const auto& table : kTables) known = known || name == table.name;
    if (!known) return base::internal("store.failed", "The table " + name + " is not one that can be copied.");
  }
  return std::nullopt;
}

base::Result<std::vector<CopiedTable>> copy(soci::session& source, const sql::Dialect& from, soci::session& target,
                                            const sql::Dialect& to) {
  if (auto error = unknown_table(source)) return std::move(*error);
  source << from.begin_read();
  target << to.begin_write();
  for (const auto& table : kTables) {
    long long rows = 0;
    target << "lock table " << table.name << " in exclusive mode";
    target << "select count(*) from " << table.name, soci::into(rows);
    if (rows != 0)
      return failed(
          base::ErrorKind::kConflict, "store.not_empty",
          std::string("The target holds something already: ") + std::to_string(rows) + " rows in " + table.name + ".",
          "Name an empty database.");
  }
  std::vector<CopiedTable> copied;
  for (const auto& table : kTables) {
    const auto columns = columns_of(source, table.name);
    Digest read;
    {
      Inserter inserter(target, to, table, columns);
      read_rows(source, from, table, columns, [&](const Row& row) {
        read.add(row);
        inserter.insert(row);
      });
    }
    if (table.numbered)
      target << "select setval(pg_get_serial_sequence('" << table.name
             << "', 'id'), (select coalesce(max(id), 0) + 1 from " << table.name << "), false)";
    Digest written;
    read_rows(target, to, table, columns, [&](const Row& row) { written.add(row); });
    copied.push_back(written.table(table.name));
    const auto wanted = read.table(table.name);
    if (copied.back().rows != wanted.rows || copied.back().digest != wanted.digest)
      return failed(base::ErrorKind::kInternal, "store.copy_differs",
                    std::string("What the target gives back of ") + table.name +
                        " is not what was read: " + std::to_string(copied.back().rows) + " rows, digest " +
                        copied.back().digest + ", and not " + std::to_string(wanted.rows) + ", " + wanted.digest + ".",
                    "Keep the source; nothing was changed in the target.");
  }
  target << "commit";
  return copied;
}

}  // namespace

base::Result<std::vector<CopiedTable>> copy_store(const std::string& from, const std::string& to,
                                                  const store::ManifestReader& read_manifest) {
  std::error_code none;
  if (!std::filesystem::exists(from, none))
    return failed(base::ErrorKind::kInvalid, "store.missing", "There is no store " + from + ".",
                  "Name the file of the SQLite store.");
  SqliteOptions sqlite;
  sqlite.read_manifest = read_manifest;
  // Open for as long as this takes: nobody else may have it, and it is brought to this version's layout.
  const auto source = open_sqlite(from, sqlite);
  if (source.has_error()) return source.error();
  PostgresOptions postgres;
  postgres.read_manifest = read_manifest;
  const auto target = open_postgres(to, postgres);
  if (target.has_error()) return target.error();
  const auto address = parse_address(to, postgres);
  if (address.has_error()) return address.error();

  const auto reading = sqlite_dialect(from, sqlite, true);
  const auto writing = postgres_dialect(*address, postgres.lock_wait);
  try {
    const auto read = reading->connect(sql::Access::kRead);
    try {
      const auto write = writing->connect(sql::Access::kWrite);
      return copy(*read, *reading, *write, *writing);
    } catch (const soci::postgresql_soci_error& error) {
      return sql::to_error(writing->diagnose(error), error);
    }
  } catch (const soci::soci_error& error) {
    return sql::to_error(reading->diagnose(error), error);
  }
}

}  // namespace tenantry::database
