// The database behind a store's back, through SQLite's own interface: what another program could do to the file.
#pragma once
#include <sqlite3.h>

#include <string>
#include <vector>

#include "support/catch.hpp"

namespace tenantry::testing {

class RawDatabase {
 public:
  explicit RawDatabase(const std::string& path) {
    REQUIRE(sqlite3_open(path.c_str(), &db_) == SQLITE_OK);
    sqlite3_busy_timeout(db_, 5'000);
  }
  RawDatabase(const RawDatabase&) = delete;
  RawDatabase& operator=(const RawDatabase&) = delete;
  ~RawDatabase() { sqlite3_close(db_); }

  void run(const std::string& sql) {
    char* error = nullptr;
    const int result = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, &error);
    const std::string message = error == nullptr ? "" : error;
    sqlite3_free(error);
    if (result != SQLITE_OK) FAIL(sql << ": " << message);
  }

  // Column `column` of every row.
  [[nodiscard]] std::vector<std::string> texts(const std::string& sql, int column = 0) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK)
      FAIL(sql << ": " << sqlite3_errmsg(db_));
    std::vector<std::string> found;
    while (sqlite3_step(statement) == SQLITE_ROW) {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      found.emplace_back(text == nullptr ? "" : text);
    }
    sqlite3_finalize(statement);
    return found;
  }
  [[nodiscard]] std::string text(const std::string& sql) {
    const auto all = texts(sql);
    return all.empty() ? std::string() : all.front();
  }

 private:
  sqlite3* db_ = nullptr;
};

}  // namespace tenantry::testing
