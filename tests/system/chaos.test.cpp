#include "chaos.hpp"

#include <cstdlib>

#include "support/catch.hpp"

using namespace tenantry::system;

namespace {

void endure(const Product& product, std::chrono::seconds length, std::size_t tenants) {
  const char* given = std::getenv("TENANTRY_CHAOS_SEED");
  const unsigned seed =
      given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : std::random_device{}();
  CAPTURE(seed);
  const auto report = Chaos(seed, length, product, Database::kPostgres, tenants).run();
  CHECK(report.problems == "");
  CHECK(report.tenants >= tenants);
  WARN(product.title << ", seed " << seed << ": " << report);
}

}  // namespace

TEST_CASE("30 seconds of everything that can go wrong: every run completes, and nothing is done twice: ERPNext") {
  endure(erpnext(), std::chrono::seconds(30), 9);
}

TEST_CASE("15 seconds of everything that can go wrong: every run completes, and nothing is done twice: Odoo") {
  endure(odoo(), std::chrono::seconds(15), 8);
}

TEST_CASE("the checker sees what it is there for") {
  Erp erp;
  ClusterOptions options;
  Cluster hosts(erp, options);
  hosts.start(0);
  hosts.sign_in();
  std::vector<std::string> tenants;
  for (const auto* name : {"One", "Two"}) {
    tenants.push_back(hosts.create_tenant(name));
    hosts.start_run(tenants.back());
    REQUIRE(hosts.reaches(tenants.back(), "COMPLETED"));
  }
  REQUIRE(hosts.stop(0) == 0);
  Records records(hosts.sqlite_file());
  Checker checker(erp, tenants[0]);
  CHECK(checker.check(records, {tenants[1]}).empty());
  const auto of_run = " where run = (select id from runs where tenant = '" + tenants[1] + "')";
  const auto sees = [&](const std::string& change, const std::string& problem) {
    (void)records.rows("savepoint before");
    (void)records.rows(change);
    const auto seen = checker.check(records, {tenants[1]});
    INFO(change << ": " << seen);
    CHECK(seen.find(problem) != std::string::npos);
    (void)records.rows("rollback to before");
    (void)records.rows("release before");
  };
  sees("delete from events" + of_run + " and number = 5", "is followed by");
  sees("update steps set in_flight = 1" + of_run + " and step = 2", "a call is said to be out");
  sees("update runs set state = 'failed' where tenant = '" + tenants[1] + "'", "its run is failed");
  sees("update attempts set number = 7" + of_run + " and step = 1 and number = 1", "attempts");
  sees(
      "insert into events (run, number, step, type, data, at) select id, events + 1, 'step_2_company', 'step.running', "
      "'{}', 0 from runs where tenant = '" +
          tenants[1] + "'",
      "ran again");
  // One more customer in the ERP than there should be.
  tenantry::test::HttpClient client(erp.port());
  const auto made =
      client.request("POST", "/api/resource/Customer", R"({"customer_name":"Another","customer_type":"Individual"})",
                     {{"Host", Erp::site_of(tenants[1])},
                      {"Authorization", std::string("token ") + kErpKey + ":" + kErpSecret},
                      {"Content-Type", "application/json"}});
  INFO(made.body);
  REQUIRE(made.status == 200);
  CHECK(checker.check(records, {tenants[1]}).find("its site holds") != std::string::npos);
}

TEST_CASE("the checker sees what is done to databases") {
  Erp erp(odoo());
  Cluster hosts(erp, {});
  hosts.start(0);
  hosts.sign_in();
  std::vector<std::string> tenants;
  for (const auto* name : {"One", "Two"}) {
    tenants.push_back(hosts.create_tenant(name));
    hosts.start_run(tenants.back());
    REQUIRE(hosts.reaches(tenants.back(), "COMPLETED"));
  }
  REQUIRE(hosts.stop(0) == 0);
  Records records(hosts.sqlite_file());
  Checker checker(erp, tenants[0]);
  CHECK(checker.check(records, tenants) == "");
  CHECK(checker.check_databases(tenants) == "");
  CHECK(checker.check_databases({tenants[0]}).find(Erp::site_of(tenants[1]) + ": was left behind") !=
        std::string::npos);
  const auto call = [&](const std::string& method, json::array arguments) {
    arguments.insert(arguments.begin(), kErpSecret);
    tenantry::test::HttpClient client(erp.port());
    const auto answer = client.request(
        "POST", "/jsonrpc",
        json::serialize(json::object{
            {"jsonrpc", "2.0"},
            {"id", 1},
            {"method", "call"},
            {"params", json::object{{"service", "db"}, {"method", method}, {"args", std::move(arguments)}}}}),
        {{"Content-Type", "application/json"}});
    INFO(answer.body);
    REQUIRE(answer.body.find("error") == std::string::npos);
  };
  const auto sees = [&](const std::string& problem) {
    const auto seen = checker.check(records, tenants) + checker.check_databases(tenants);
    INFO(seen);
    CHECK(seen.find(problem) != std::string::npos);
  };
  call("duplicate_database", {"bystander", "tenantry-stage-x-1"});
  sees("tenantry-stage-x-1: was left behind");
  call("drop", {"bystander"});
  sees("bystander: dropped, and it is somebody else's");
  sees("bystander: is gone");
  const auto site = Erp::site_of(tenants[1]);
  call("rename", {site, "elsewhere"});
  sees(tenants[1] + ": it has no database");
  call("rename", {"elsewhere", site});
  sees(tenants[1] + ": its database was renamed out of turn");
  call("drop", {site});
  sees(tenants[1] + ": its database was dropped");
}
