#include "database/postgres.hpp"

#include <libpq-fe.h>

#include <utility>

#include "database/inspect.hpp"
#include "database/migrate.hpp"
#include "database/postgres_dialect.hpp"
#include "database/postgres_listener.hpp"
#include "tables/soci_store.hpp"

namespace tenantry::database {
namespace {

class PostgresStore final : public tables::SociStore {
 public:
  PostgresStore(std::unique_ptr<sql::Dialect> dialect, const PostgresAddress& address, PostgresOptions options)
      : tables::SociStore(std::move(dialect), std::move(options.read_manifest), options.readers),
        listener_(address.conninfo) {}
  PostgresStore(const PostgresStore&) = delete;
  PostgresStore& operator=(const PostgresStore&) = delete;
  ~PostgresStore() override { close(); }

  void on_told(std::function<void(store::Told)> wake) override { listener_.on_told(std::move(wake)); }

 private:
  PostgresListener listener_;
};

base::Result<ServerFacts> look(const PostgresAddress& address) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(address.conninfo.c_str()), PQfinish);
  if (PQstatus(connection.get()) != CONNECTION_OK) return refusal(why_refused(address), address);
  ServerFacts facts;
  facts.version = PQserverVersion(connection.get());
  const char* encoding = PQparameterStatus(connection.get(), "server_encoding");
  facts.encoding = encoding == nullptr ? "" : encoding;
  const std::unique_ptr<PGresult, decltype(&PQclear)> shown(PQexec(connection.get(), "show transaction_read_only"),
                                                            PQclear);
  facts.read_only =
      PQresultStatus(shown.get()) == PGRES_TUPLES_OK && std::string_view(PQgetvalue(shown.get(), 0, 0)) == "on";
  return facts;
}

}  // namespace

base::Result<Inspection> inspect_postgres(const std::string& url, const PostgresOptions& options) {
  const auto address = parse_address(url, options);
  if (address.has_error()) return address.error();
  const auto facts = look(*address);
  if (facts.has_error()) return facts.error();
  if (auto error = judge(*facts, *address)) return std::move(*error);
  Inspection found;
  found.name = address->name;
  const auto dialect = postgres_dialect(*address, options.lock_wait);
  try {
    const auto looked = look_into(*dialect, "The database " + address->name, found);
    if (looked.has_error()) return looked.error();
  } catch (const soci::soci_error& error) {
    auto told = sql::to_error(dialect->diagnose(error), error);
    told.message = "The database " + address->name + " cannot be opened. " + told.message;
    return told;
  }
  return found;
}

base::Result<std::unique_ptr<store::Store>> open_postgres(const std::string& url, PostgresOptions options) {
  const auto address = parse_address(url, options);
  if (address.has_error()) return address.error();
  const auto facts = look(*address);
  if (facts.has_error()) return facts.error();
  if (auto error = judge(*facts, *address)) return std::move(*error);

  auto dialect = postgres_dialect(*address, options.lock_wait);
  try {
    const auto migrated = migrate(*dialect, "The database " + address->name);
    if (migrated.has_error()) return migrated.error();
  } catch (const soci::soci_error& error) {
    auto told = sql::to_error(dialect->diagnose(error), error);
    told.message = "The database " + address->name + " cannot be opened. " + told.message;
    if (told.code == "store.read_only")
      told.next_action = "Give the host's user the right to make tables there: make it the database's owner.";
    return told;
  }
  return std::unique_ptr<store::Store>(
      std::make_unique<PostgresStore>(std::move(dialect), *address, std::move(options)));
}

}  // namespace tenantry::database
