// A PostgreSQL URL, taken apart so that it can be shown without its password.
#pragma once
#include <optional>
#include <string>

#include "base/result.hpp"
#include "database/postgres.hpp"

namespace tenantry::database {

struct PostgresAddress {
  std::string conninfo;  // for libpq; holds the password
  std::string name;      // for people: postgresql://user@host:port/database
  std::string user;      // empty: libpq's default
  std::string database;  // empty: libpq's default
};
[[nodiscard]] base::Result<PostgresAddress> parse_address(const std::string& url, const PostgresOptions& options);

// What a server says about itself at the first connection.
struct ServerFacts {
  int version = 0;  // 150020 is 15.20
  std::string encoding;
  bool read_only = false;
};
// Why it cannot hold a store; nullopt: it can.
[[nodiscard]] std::optional<base::Error> judge(const ServerFacts& facts, const PostgresAddress& address);

// A connection that was refused. `sqlstate`: the server's reason; empty: it could not be reached. Never libpq's own
// words: those depend on the server's language.
[[nodiscard]] base::Error refusal(const std::string& sqlstate, const PostgresAddress& address);

// Connects once more, only to learn the SQLSTATE that libpq keeps to itself otherwise; empty: no server answered.
[[nodiscard]] std::string why_refused(const PostgresAddress& address);

}  // namespace tenantry::database
