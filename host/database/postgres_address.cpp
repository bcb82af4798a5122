#include "database/postgres_address.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <cctype>
#include <chrono>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace tenantry::database {
namespace {

constexpr int kOldestVersion = 130'000;
constexpr std::chrono::seconds kPatience{5};

base::Error error(base::ErrorKind kind, std::string code, std::string message, std::string next_action) {
  return {kind, std::move(code), std::move(message), std::move(next_action), {}, {}};
}

base::Error not_a_url() {
  return error(base::ErrorKind::kInvalid, "store.cannot_open", "The store's address is not a PostgreSQL URL.",
               "Write it as postgresql://user@host:5432/database, with other characters percent-encoded.");
}

// A password with an @ or a / that was not encoded ends up in the wrong places, which are shown.
bool is_doubtful(std::map<std::string, std::string>& values) {
  return (values["host"] + values["dbname"] + values["port"]).find('@') != std::string::npos ||
         values["port"].find_first_not_of("0123456789,") != std::string::npos;
}

std::string quoted(const std::string& value) {
  std::string text = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + "'";
}

// What an address does not say. A connection whose server is gone without a word is given up after these times.
const std::vector<std::pair<std::string, std::string>>& defaults() {
  static const std::vector<std::pair<std::string, std::string>> all{
      {"connect_timeout", "5"},     {"application_name", "tenantry"}, {"keepalives_idle", "10"},
      {"keepalives_interval", "5"}, {"keepalives_count", "3"},        {"tcp_user_timeout", "15000"},
  };
  return all;
}

}  // namespace

base::Result<PostgresAddress> parse_address(const std::string& url, const PostgresOptions& options) {
  char* complaint = nullptr;  // not shown: it may quote the password
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(PQconninfoParse(url.c_str(), &complaint),
                                                                            PQconninfoFree);
  PQfreemem(complaint);
  if (!parsed || (!url.starts_with("postgresql://") && !url.starts_with("postgres://"))) return not_a_url();
  std::map<std::string, std::string> values;
  for (const auto* option = parsed.get(); option->keyword != nullptr; ++option)
    if (option->val != nullptr) values[option->keyword] = option->val;
  if (is_doubtful(values)) return not_a_url();
  for (const auto& [keyword, value] : defaults()) values.emplace(keyword, value);
  values["client_encoding"] = "UTF8";
  if (!options.password.empty()) values["password"] = options.password;

  PostgresAddress address;
  for (const auto& [keyword, value] : values)
    if (!value.empty()) address.conninfo += keyword + "=" + quoted(value) + " ";  // an empty one would hide PGHOST
  address.user = values["user"];
  address.database = values["dbname"];
  const auto host = values["host"];
  address.name = "postgresql://" + address.user + (address.user.empty() ? "" : "@");
  if (!host.starts_with('/')) address.name += host;
  address.name += (values["port"].empty() ? "" : ":" + values["port"]) + "/" + address.database;
  if (host.starts_with('/')) address.name += " in " + host;
  return address;
}

std::optional<base::Error> judge(const ServerFacts& facts, const PostgresAddress& address) {
  if (facts.version < kOldestVersion)
    return error(base::ErrorKind::kInvalid, "store.too_old",
                 "The server of " + address.name + " is PostgreSQL " + std::to_string(facts.version / 10'000) +
                     "; the store needs 13 or newer.",
                 "Upgrade the server, or name another.");
  if (facts.encoding != "UTF8")
    return error(base::ErrorKind::kInvalid, "store.cannot_open",
                 "The database " + address.name + " keeps its texts in " + facts.encoding + ", not in UTF8.",
                 "Make a database with: createdb --encoding=UTF8 --template=template0.");
  if (facts.read_only)
    return error(
        base::ErrorKind::kUnavailable, "store.read_only",
        "The database " + address.name + " is read-only: a standby, or set so by default_transaction_read_only.",
        "Name the primary server, or allow the host's user to write.");
  return std::nullopt;
}

base::Error refusal(const std::string& sqlstate, const PostgresAddress& address) {
  const std::string user = address.user.empty() ? "this user" : "the user " + address.user;
  if (sqlstate.starts_with("28"))
    return error(base::ErrorKind::kInvalid, "store.denied",
                 "The server of " + address.name + " does not let " + user +
                     " in: the password is wrong or missing, or pg_hba.conf has no rule for it.",
                 "Correct the password (store.password, PGPASSWORD or ~/.pgpass) or the server's pg_hba.conf.");
  if (sqlstate == "42501")
    return error(base::ErrorKind::kInvalid, "store.denied",
                 "The server of " + address.name + " does not let " + user + " connect to the database.",
                 "Grant it CONNECT on the database.");
  if (sqlstate == "3D000")
    return error(base::ErrorKind::kInvalid, "store.no_database",
                 "There is no database " + (address.database.empty() ? "of that name" : address.database) +
                     " on the server of " + address.name + ".",
                 "Make it with createdb, owned by the host's user.");
  if (sqlstate == "53300")
    return error(base::ErrorKind::kUnavailable, "store.unreachable",
                 "The server of " + address.name + " has no connection left.",
                 "Raise its max_connections, or lower store.connections.");
  if (sqlstate.starts_with("57P"))
    return error(base::ErrorKind::kUnavailable, "store.unreachable",
                 "The server of " + address.name + " is starting or stopping.", "Try again in a moment.");
  return error(base::ErrorKind::kUnavailable, "store.unreachable",
               "No PostgreSQL server answers at " + address.name +
                   (sqlstate.empty() ? "." : " as it should (SQLSTATE " + sqlstate + ")."),
               "Check the address, and that the server runs and listens there.");
}

std::string why_refused(const PostgresAddress& address) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectStart(address.conninfo.c_str()), PQfinish);
  if (!connection || PQstatus(connection.get()) == CONNECTION_BAD) return {};
  PQsetErrorVerbosity(connection.get(), PQERRORS_SQLSTATE);
  const auto end = std::chrono::steady_clock::now() + kPatience;
  for (auto state = PGRES_POLLING_WRITING; state != PGRES_POLLING_OK; state = PQconnectPoll(connection.get())) {
    if (state == PGRES_POLLING_FAILED) break;
    if (std::chrono::steady_clock::now() > end) return {};
    pollfd socket{PQsocket(connection.get()), static_cast<short>(state == PGRES_POLLING_READING ? POLLIN : POLLOUT), 0};
    ::poll(&socket, 1, 100);
  }
  if (PQstatus(connection.get()) == CONNECTION_OK) return {};
  if (PQconnectionNeedsPassword(connection.get()) != 0) return "28P01";
  // "...: FATAL:  28P01", the first word in the server's language.
  const std::string said = PQerrorMessage(connection.get());
  const auto at = said.rfind(":  ");
  if (at == std::string::npos || said.size() < at + 8) return {};
  const auto state = said.substr(at + 3, 5);
  for (const char c : state)
    if (std::isupper(static_cast<unsigned char>(c)) == 0 && std::isdigit(static_cast<unsigned char>(c)) == 0) return {};
  return state;
}

}  // namespace tenantry::database
