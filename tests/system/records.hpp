// The rows of a store behind its host's back, for tests: a SQLite file or a PostgreSQL database.
#pragma once
#include <libpq-fe.h>
#include <sqlite3.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace tenantry::system {

using Rows = std::vector<std::vector<std::string>>;

class Records {
 public:
  // A file, or a postgresql:// URL.
  explicit Records(const std::string& where) {
    if (where.starts_with("postgresql://")) {
      postgres_.reset(PQconnectdb(where.c_str()));
      if (PQstatus(postgres_.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(postgres_.get()));
      return;
    }
    sqlite3* opened = nullptr;
    const int result = sqlite3_open_v2(where.c_str(), &opened, SQLITE_OPEN_READWRITE, nullptr);
    sqlite_.reset(opened);
    if (result != SQLITE_OK) throw std::runtime_error(where + " cannot be opened");
    sqlite3_busy_timeout(sqlite_.get(), 15'000);
  }

  Rows rows(const std::string& sql) {
    Rows found;
    if (postgres_) {
      const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(postgres_.get(), sql.c_str()), PQclear);
      const auto status = PQresultStatus(result.get());
      if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        throw std::runtime_error(sql + ": " + PQerrorMessage(postgres_.get()));
      for (int row = 0; row < PQntuples(result.get()); ++row) {
        auto& line = found.emplace_back();
        for (int column = 0; column < PQnfields(result.get()); ++column)
          line.emplace_back(PQgetvalue(result.get(), row, column));
      }
      return found;
    }
    sqlite3_stmt* prepared = nullptr;
    if (sqlite3_prepare_v2(sqlite_.get(), sql.c_str(), -1, &prepared, nullptr) != SQLITE_OK)
      throw std::runtime_error(sql + ": " + sqlite3_errmsg(sqlite_.get()));
    const std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> statement(prepared, sqlite3_finalize);
    int step = SQLITE_ROW;
    while ((step = sqlite3_step(prepared)) == SQLITE_ROW) {
      auto& line = found.emplace_back();
      for (int column = 0; column < sqlite3_column_count(prepared); ++column) {
        const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(prepared, column));
        line.emplace_back(text == nullptr ? "" : text);
      }
    }
    if (step != SQLITE_DONE) throw std::runtime_error(sql + ": " + sqlite3_errmsg(sqlite_.get()));
    return found;
  }

 private:
  std::unique_ptr<PGconn, decltype(&PQfinish)> postgres_{nullptr, PQfinish};
  std::unique_ptr<sqlite3, decltype(&sqlite3_close)> sqlite_{nullptr, sqlite3_close};
};

}  // namespace tenantry::system
