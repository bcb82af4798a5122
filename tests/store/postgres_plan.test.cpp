#include <algorithm>

#include "store/postgres_database.hpp"
#include "store/postgres_dialect.hpp"
#include "store/session.hpp"
#include "store/statements.hpp"

using namespace tenantry;
using namespace tenantry::testing;

namespace {

// Enough rows that reading a table from end to end is never the quicker way to a few of them.
constexpr const char* kRows = R"(
insert into accounts select 'acc_' || i, 'e' || i, 'n', 'user', 'h', i from generate_series(1, 200) i;
insert into tenants select 'ten_' || i, 'acc_' || (i % 200 + 1), 'name ' || i, 'engine', 'server-' || (i % 50), 'KE',
  'a', 'e', 'c', 'd', '{}', i from generate_series(1, 5000) i;
insert into members select owner, id, 'owner' from tenants;
insert into manifests select 'd' || i, 'text' from generate_series(1, 20) i;
insert into lives (host, boot, lease_until) select 'host-' || i, 'boot', i from generate_series(1, 5) i;
insert into runs select 'run_' || i, 'ten_' || (i % 5000 + 1), 'completed', 1, 0, 1, i, i, i,
  case when i > 4500 and i <= 5000 then i % 5 + 1 end, 1 from generate_series(1, 20000) i;
insert into run_documents select id, 'd' || (created_at % 20 + 1), 's', '{}', '{}', '{}' from runs;
insert into steps select id, s, 'step', 'completed', '', 0, 0, 1, 0, 'apply', 0, 0, 0, 0, 0, 0, 0, 0, 0, '', '', '',
  '', '', '', '{}', null from runs, generate_series(0, 2) s;
insert into attempts select run, step, 1, 1, 'apply', 'done', '', '', '', '', '', 0, 0 from steps;
insert into events (run, number, step, type, data, at) select run, step + 1, '', 't', '{}', 0 from steps;
insert into operations select 'op_' || id, tenant, id, 'start', '', '', '', '{}', 0 from runs;
insert into tokens select 'h' || i, 'acc_1', 0, i from generate_series(1, 5000) i;
insert into idempotency_keys select 'acc_1', 'k' || i, 'h', 0, '', '', i from generate_series(1, 5000) i;
insert into tenant_secrets select id, 'name', '\x00' from tenants;
insert into commit_marks select 'w' || i, i from generate_series(1, 1000) i;
analyze
)";

// :name becomes $1, as each name comes.
std::string numbered(std::string sql) {
  auto names = store::parameter_names(sql);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto name = ":" + names[i];
    for (auto at = sql.find(name); at != std::string::npos; at = sql.find(name, at + 1)) {
      const auto end = at + name.size();
      if (end < sql.size() && (std::isalnum(static_cast<unsigned char>(sql[end])) != 0 || sql[end] == '_')) continue;
      sql.replace(at, name.size(), "$" + std::to_string(i + 1));
    }
  }
  return sql;
}

std::vector<std::string> plan(RawPostgres& raw, const std::string& sql) {
  raw.run("prepare one as " + numbered(sql));
  std::string values;
  for (std::size_t i = 0; i < store::parameter_names(sql).size(); ++i) values += i == 0 ? "(null" : ", null";
  if (!values.empty()) values += ")";
  auto lines = raw.run("explain execute one" + values);
  raw.run("deallocate one");
  return lines;
}

bool scans(const std::string& line) {
  const std::vector<std::string> large{"runs",           "run_documents",    "steps",       "attempts",
                                       "events",         "operations",       "members",     "tokens",
                                       "tenant_secrets", "idempotency_keys", "commit_marks"};
  return std::any_of(large.begin(), large.end(),
                     [&](const auto& table) { return line.find("Seq Scan on " + table + " ") != std::string::npos; });
}

// The list of the manifests that unfinished runs are on is asked for once, when a host starts.
bool is_allowed(const Statement& statement) { return statement.sql.find("select distinct d.manifest") == 0; }

}  // namespace

TEST_CASE("PostgreSQL: no statement of the store reads a whole table to find its rows") {
  PostgresDatabase database;
  RawPostgres raw(database.url());
  raw.run(kRows);
  raw.run("set plan_cache_mode = force_generic_plan");
  const auto dialect = store::postgres_dialect({}, {});
  int seen = 0;
  for (const auto& statement : statements()) {
    const auto sql = dialect->render(statement.sql);
    if (is_allowed(statement)) continue;
    CAPTURE(statement.file, sql);
    for (const auto& line : plan(raw, sql)) {
      CAPTURE(line);
      CHECK_FALSE(scans(line));
    }
    ++seen;
  }
  CHECK(seen > 35);
  // It does see a scan when there is one.
  const auto bad = plan(raw, "select id from runs where state = :state");
  CHECK(std::any_of(bad.begin(), bad.end(), scans));
}
