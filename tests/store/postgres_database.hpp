// The contract's backend for PostgreSQL: a database of its own on the server that this program started. And the
// database behind a store's back, through libpq.
#pragma once
#include <libpq-fe.h>

#include <memory>
#include <string>
#include <vector>

#include "database/postgres.hpp"
#include "store/sample.hpp"
#include "support/catch.hpp"
#include "support/postgres.hpp"

namespace tenantry::testing {

[[nodiscard]] inline database::PostgresOptions postgres_options() {
  database::PostgresOptions options;
  options.read_manifest = read_sample_manifest;
  options.readers = 4;
  return options;
}

class PostgresDatabase {
 public:
  PostgresDatabase() : name_(test::Postgres::shared().create_database()) { reopen(); }
  PostgresDatabase(const PostgresDatabase&) = delete;
  PostgresDatabase& operator=(const PostgresDatabase&) = delete;
  ~PostgresDatabase() {
    store_.reset();
    test::Postgres::shared().drop_database(name_);
  }
  [[nodiscard]] store::Store& store() { return *store_; }
  void reopen() { reopen(read_sample_manifest); }
  void reopen(store::ManifestReader reader) {
    store_.reset();
    auto options = postgres_options();
    options.read_manifest = std::move(reader);
    store_ = open(std::move(options));
  }
  // One more host on the same database.
  [[nodiscard]] std::unique_ptr<store::Store> open(database::PostgresOptions options = postgres_options()) const {
    auto opened = database::open_postgres(url(), std::move(options));
    if (!opened.has_value()) FAIL(opened.error().message);
    return std::move(opened.value());
  }
  [[nodiscard]] std::string url() const { return test::Postgres::shared().url(name_); }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string name_;
  std::unique_ptr<store::Store> store_;
};

class RawPostgres {
 public:
  explicit RawPostgres(const std::string& url) : connection_(PQconnectdb(url.c_str())) {
    if (PQstatus(connection_) != CONNECTION_OK) FAIL(PQerrorMessage(connection_));
    PQsetNoticeProcessor(
        connection_, [](void*, const char*) {}, nullptr);
  }
  RawPostgres(const RawPostgres&) = delete;
  RawPostgres& operator=(const RawPostgres&) = delete;
  ~RawPostgres() { PQfinish(connection_); }

  // The first column of every row.
  std::vector<std::string> run(const std::string& sql) {
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection_, sql.c_str()), PQclear);
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) FAIL(sql << ": " << PQerrorMessage(connection_));
    std::vector<std::string> rows;
    for (int i = 0; i < PQntuples(result.get()); ++i) rows.emplace_back(PQgetvalue(result.get(), i, 0));
    return rows;
  }
  [[nodiscard]] std::string text(const std::string& sql) {
    const auto rows = run(sql);
    return rows.empty() ? std::string() : rows.front();
  }

 private:
  PGconn* connection_;
};

}  // namespace tenantry::testing
