#include <algorithm>
#include <map>

#include "database/postgres_dialect.hpp"
#include "sql/session.hpp"
#include "store/postgres_database.hpp"
#include "store/statements.hpp"
#include "support/old_runs.hpp"
#include "tables/run_arrays.hpp"

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
  auto names = sql::parameter_names(sql);
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
  for (std::size_t i = 0; i < sql::parameter_names(sql).size(); ++i) values += i == 0 ? "(null" : ", null";
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
      {"states", "',running,completed,'"}, {"engine", "'engine'"}, {"text", "''"}, {"account", "'old_acc_1'"},
      {"tenant", "'old_ten_1'"},           {"limit", "50"},        {"skip", "100"}};
  raw.run("set plan_cache_mode = force_custom_plan; prepare one as " + numbered(sql));
  std::string values;
  for (const auto& name : sql::parameter_names(sql)) values += (values.empty() ? "(" : ", ") + kAsked.at(name);
  auto lines = raw.run("explain execute one" + values + ")");
  raw.run("deallocate one");
  return lines;
}

constexpr const char* kSettings =  // as the store has them
    "set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off";

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
  raw.run(kSettings);
  const auto dialect = database::postgres_dialect({}, {});
  int seen = 0;
  for (const auto& statement : statements()) {
    const auto sql = dialect->render(statement.sql);
    CAPTURE(statement.file, sql);
    for (const auto& line : is_page(sql) ? plan_of_page(raw, sql) : plan(raw, sql)) {
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

TEST_CASE("PostgreSQL: the rows of many runs are found by their keys, in a database that has just been made, too") {
  PostgresDatabase database;
  RawPostgres raw(database.url());
  if (GENERATE(false, true)) fill(raw);
  raw.run(kSettings);
  const auto& all = tables::array_statements();
  const auto uses = [&](const std::string& sql, const std::string& index) {
    const auto lines = plan(raw, sql);
    return std::none_of(lines.begin(), lines.end(), scans) &&
           std::any_of(lines.begin(), lines.end(),
                       [&](const auto& line) { return line.find("using " + index) != std::string::npos; });
  };
  CHECK(uses(all.update_heads, "runs_pkey"));
  CHECK(uses(all.update_steps, "steps_pkey"));
  CHECK(uses(all.delete_handed, "handed_commands_pkey"));
  for (const auto& sql : {all.insert_heads, all.insert_documents, all.insert_steps, all.insert_attempts,
                          all.insert_events, all.insert_operations}) {
    const auto lines = plan(raw, sql);
    CHECK(std::none_of(lines.begin(), lines.end(), scans));
  }
}
