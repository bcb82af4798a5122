#include "bench/workloads/past.hpp"

#include <libpq-fe.h>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <stdexcept>

#include "support/eventually.hpp"
#include "support/old_runs.hpp"

namespace tenantry::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kStarts = 5;

double millis_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

void execute(const Kind& kind, const std::string& database, const std::vector<std::string>& statements) {
  if (kind.store == "postgresql") {
    const std::unique_ptr<PGconn, decltype(&PQfinish)> db(PQconnectdb(database.c_str()), PQfinish);
    for (const auto& sql : statements) {
      const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(db.get(), sql.c_str()), PQclear);
      if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) throw std::runtime_error(PQerrorMessage(db.get()));
    }
    return;
  }
  sqlite3* opened = nullptr;
  const int result = sqlite3_open_v2(database.c_str(), &opened, SQLITE_OPEN_READWRITE, nullptr);
  const std::unique_ptr<sqlite3, decltype(&sqlite3_close)> db(opened, sqlite3_close);
  if (result != SQLITE_OK) throw std::runtime_error(database + " cannot be opened");
  for (const auto& sql : statements)
    if (sqlite3_exec(db.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
      throw std::runtime_error(sqlite3_errmsg(db.get()));
}

// The median of several starts.
double ready_after(Installation& host) {
  std::vector<double> times;
  for (int i = 0; i < kStarts; ++i) {
    host.stop_host();
    const auto start = Clock::now();
    host.start_host();
    test::HttpClient client(host.port());
    if (!test::eventually([&] { return client.get("/readyz").status == 200; }))
      throw std::runtime_error("the host is not ready");
    times.push_back(millis_since(start));
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

}  // namespace

void start_on_a_past(Figures& figures, const Kind& kind, int runs) {
  Installation host(kind, "chain");
  const auto name = kind.name();
  figures.print("W8", name, "ready_ms_empty", ready_after(host));
  host.stop_host();
  const auto start = Clock::now();
  auto statements = test::old_runs(runs);
  statements.insert(statements.begin(), "begin");
  statements.emplace_back("commit");
  // A server does that by itself within a minute; SQLite never.
  if (kind.store == "postgresql") statements.emplace_back("analyze");
  execute(kind, host.database(), statements);
  figures.print("W8", name, "old_runs", runs, "made in " + std::to_string(millis_since(start) / 1e3) + " s");
  host.start_host();
  figures.print("W8", name, "ready_ms", ready_after(host));
  figures.ratio("W8", name, "ready_of_empty", figures.value("W8", name, "ready_ms"),
                figures.value("W8", name, "ready_ms_empty"));
}

}  // namespace tenantry::bench
