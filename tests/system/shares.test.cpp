// Three hosts and one ERP server: what only one step may do at a time is done by one step of all hosts, and what the
// server takes is shared among them.
#include <map>

#include "checker.hpp"
#include "support/catch.hpp"

using namespace tenantry::system;
using namespace std::chrono_literals;
using tenantry::test::Postgres;

namespace {

constexpr int kConcurrency = 6;

struct Three {
  Postgres& server = Postgres::shared();
  std::string database = server.create_database();
  Erp erp;
  Cluster hosts{erp, options()};
  Records records{server.url(database)};

  Three() {
    hosts.start_all();
    hosts.sign_in();
    // Until each of them has looked, when it renewed its lease, how many there are.
    const auto number = [&](const std::string& sql) { return std::stoll(records.rows(sql)[0][0]); };
    REQUIRE(before(20s, [&] { return number("select count(*) from lives") == 3; }));
    const auto then = std::to_string(number("select max(lease_until) from lives"));
    REQUIRE(before(20s, [&] { return number("select count(*) from lives where lease_until > " + then) == 3; }));
  }
  [[nodiscard]] ClusterOptions options() const {
    ClusterOptions options;
    options.database = Database::kPostgres;
    options.url = server.url(database);
    options.hosts = 3;
    options.lease_ms = 1'500;
    options.concurrency = kConcurrency;
    return options;
  }
  std::vector<std::string> start(int each) {
    std::vector<std::string> tenants;
    for (int i = 0; i < 3 * each; ++i) {
      tenants.push_back(hosts.create_tenant("Tenant " + std::to_string(i)));
      const auto started = hosts.ask(i % 3, "POST", Cluster::verb(tenants.back(), "start"), "{}");
      INFO(started.body);
      REQUIRE(started.status == 202);
    }
    return tenants;
  }
  // Steps that are out, of each host.
  std::map<std::string, int> out(const std::string& condition = "true") {
    std::map<std::string, int> found;
    for (const auto& row :
         records.rows("select l.host, count(*) from steps s join runs r on r.id = s.run join lives l on l.id = r.owner "
                      "where s.in_flight <> 0 and " +
                      condition + " group by l.host"))
      found[row[0]] = std::stoi(row[1]);
    return found;
  }
  bool unfinished() { return records.rows("select count(*) from runs where owner is not null")[0][0] != "0"; }
};

int sum(const std::map<std::string, int>& counts) {
  int all = 0;
  for (const auto& [host, count] : counts) all += count;
  return all;
}

}  // namespace

TEST_CASE("three hosts: an exclusive step is one of all hosts, and a server has no more steps than it takes") {
  Three three;
  (void)three.erp.control("POST", "faults", R"({"id":"slow","action":"none","millis":20})");
  const auto tenants = three.start(3);
  std::map<std::string, int> exclusive;  // the most at once, by step
  std::map<std::string, int> by_host;
  int most = 0;
  int looks = 0;
  CHECK(before(60s, [&] {
    ++looks;
    for (const auto* step : {"step_2_company", "step_3_chart_of_accounts", "step_4_warehouses"})
      exclusive[step] = std::max(exclusive[step], sum(three.out("s.id = '" + std::string(step) + "'")));
    const auto now = three.out();
    most = std::max(most, sum(now));
    for (const auto& [host, count] : now) by_host[host] = std::max(by_host[host], count);
    return !three.unfinished();
  }));
  CAPTURE(looks);
  CHECK(exclusive ==
        std::map<std::string, int>{{"step_2_company", 1}, {"step_3_chart_of_accounts", 1}, {"step_4_warehouses", 1}});
  CHECK(most <= kConcurrency);
  CHECK(by_host.size() == 3);
  for (const auto& [host, count] : by_host) CHECK(count <= kConcurrency / 3);
  CHECK(Checker(three.erp, tenants[0]).check(three.records, tenants).empty());
}

TEST_CASE("three hosts: who is left has what the server takes, and the names that dead hosts held") {
  Three three;
  (void)three.erp.control("POST", "faults", R"({"id":"slow","action":"none","millis":60})");
  const auto tenants = three.start(3);
  REQUIRE(before(20s, [&] { return sum(three.out("s.id = 'step_2_company'")) == 1; }));
  three.hosts.kill(0);
  three.hosts.kill(1);
  CHECK(before(40s, [&] {
    const auto now = three.out();
    return now.size() == 1 && sum(now) > kConcurrency / 3;
  }));
  (void)three.erp.control("DELETE", "faults");
  for (const auto& tenant : tenants) REQUIRE(three.hosts.reaches(tenant, "COMPLETED", 60s));
  CHECK(Checker(three.erp, tenants[0]).check(three.records, tenants).empty());
}
