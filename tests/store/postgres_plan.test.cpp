#include <algorithm>
#include <map>

#include "store/postgres_database.hpp"
#include "store/postgres_dialect.hpp"
#include "store/session.hpp"
#include "store/statements.hpp"
#include "support/old_runs.hpp"

using namespace tenantry;
using namespace tenantry::testing;

namespace {

// Enough rows that reading a table from end to end is never the quicker way to a few of them; and some runs that are
// going on.
void fill(RawPostgres& raw) {
  for (const auto& sql : test::old_runs(20'000)) raw.run(sql);
  raw.run(R"(
insert into lives (host, boot, lease_until) select 'host-' || i, 'boot', i from generate_series(1, 5) i;
update runs set owner = created_at % 5 + 1, state = 'running' where created_at <= 1500;
analyze)");
}

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

// The planner knows no values: it has to do well with any.
std::vector<std::string> plan(RawPostgres& raw, const std::string& sql) {
  raw.run("set plan_cache_mode = force_generic_plan; prepare one as " + numbered(sql));
  std::string values;
  for (std::size_t i = 0; i < store::parameter_names(sql).size(); ++i) values += i == 0 ? "(null" : ", null";
  if (!values.empty()) values += ")";
  auto lines = raw.run("explain execute one" + values);
  raw.run("deallocate one");
  return lines;
}

// A list's page, as it is asked for: how much of the list that is decides the plan. (To look for a part of a name means
// to look at every tenant.)
bool is_page(const std::string& sql) { return sql.find(":skip") != std::string::npos; }
std::vector<std::string> plan_of_page(RawPostgres& raw, const std::string& sql) {
  static const std::map<std::string, std::string> kAsked{
      {"states", "''"},          {"engine", "'engine'"}, {"text", "''"}, {"account", "'old_acc_1'"},
      {"tenant", "'old_ten_1'"}, {"limit", "50"},        {"skip", "100"}};
  raw.run("set plan_cache_mode = force_custom_plan; prepare one as " + numbered(sql));
  std::string values;
  for (const auto& name : store::parameter_names(sql)) values += (values.empty() ? "(" : ", ") + kAsked.at(name);
  auto lines = raw.run("explain execute one" + values + ")");
  raw.run("deallocate one");
  return lines;
}

bool scans(const std::string& line) {
  const std::vector<std::string> large{
      "runs",    "run_documents", "steps",          "attempts",          "events",         "operations",
      "members", "tokens",        "tenant_secrets", "idempotency_keys",  "commit_marks",   "tenants",
      "batches", "batch_items",   "deliveries",     "delivery_attempts", "handed_commands"};
  return std::any_of(large.begin(), large.end(),
                     [&](const auto& table) { return line.find("Seq Scan on " + table + " ") != std::string::npos; });
}

}  // namespace

TEST_CASE("PostgreSQL: no statement of the store reads a whole table to find its rows") {
  PostgresDatabase database;
  RawPostgres raw(database.url());
  fill(raw);
  const auto dialect = store::postgres_dialect({}, {});
  int seen = 0;
  for (const auto& statement : statements()) {
    const auto sql = dialect->render(statement.sql);
    CAPTURE(statement.file, sql);
    for (const auto& line : is_page(sql) ? plan_of_page(raw, sql) : plan(raw, sql)) {
      // With so few tenants, a page of one account's may well be had by reading all of them.
      if (is_page(sql) && line.find("Seq Scan on tenants ") != std::string::npos) continue;
      CAPTURE(line);
      CHECK_FALSE(scans(line));
    }
    ++seen;
  }
  CHECK(seen > 100);
  // It does see a scan when there is one.
  const auto bad = plan(raw, "select id from runs where state = :state");
  CHECK(std::any_of(bad.begin(), bad.end(), scans));
}
