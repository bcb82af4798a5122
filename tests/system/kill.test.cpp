// kill -9 of the host or of its engines at any moment: every run goes on by itself, nothing is made twice, nothing that
// was completed runs again.
#include <random>

#include "checker.hpp"
#include "support/catch.hpp"

using namespace tenantry::system;
using namespace std::chrono_literals;

namespace {

// One host on a SQLite file, and an ERP that takes its time, so that kills fall into the middle of things.
struct Installation {
  explicit Installation(Product product) : erp(std::move(product)) {
    hosts.start(0);
    hosts.sign_in();
    like = hosts.create_tenant("Undisturbed");
    hosts.start_run(like);
    REQUIRE(hosts.reaches(like, "COMPLETED", 60s));
    (void)erp.control("POST", "faults", R"({"id":"slow","action":"none","millis":4,"jitter_millis":10})");
  }
  static ClusterOptions options() {
    ClusterOptions options;
    options.lease_ms = 30'000;
    options.concurrency = 8;
    return options;
  }
  // Requests that the ERP has answered so far.
  int requests() { return erp.control("GET", "load").at("requests").to_number<int>(); }
  // As long as that many requests take on this machine, unless nothing happens any more.
  void live_for(int requests_more) {
    auto seen = requests();
    const auto until = seen + requests_more;
    while (seen < until && before(5s, [&] { return requests() > seen; })) seen = requests();
  }
  bool is_at_rest() {
    return json::parse(hosts.any("GET", "/api/iam/tenants?status=IN_PROGRESS").body).as_array().empty();
  }
  void restart() {
    hosts.kill(0);
    hosts.start(0);
  }

  Erp erp;
  Cluster hosts{erp, options()};
  std::string like;
};

Product with_demo_data(Product product) {
  product.parameters = R"({"include_demo_data":true})";
  return product;
}

void kill_50_times(Product product) {
  Installation all(with_demo_data(std::move(product)));
  std::mt19937 random(20261123);
  const auto pick = [&](int from, int to) { return std::uniform_int_distribution<int>(from, to)(random); };
  std::vector<std::string> tenants;
  int engine_kills = 0;
  for (int kills = 0; kills < 50; ++kills) {
    // On a slow machine a life does more than meant: whenever all are done, there are 20 more, so that no kill is idle.
    if (all.is_at_rest())
      for (int i = 0; i < 20; ++i) {
        tenants.push_back(all.hosts.create_tenant("Tenant " + std::to_string(tenants.size())));
        all.hosts.start_run(tenants.back());
      }
    // Most lives end after a few requests to the ERP, some are long enough to finish a step or two.
    const int least = pick(0, 99) < 70 ? 1 : 60;
    const int asked = pick(least, least == 1 ? 15 : 240);
    // In every other life the engine dies first, and the host has to go on with a new one.
    if (kills % 2 == 1) {
      all.live_for(pick(1, 15));
      engine_kills += all.hosts.kill_engines(0);
    }
    all.live_for(asked);
    all.restart();
  }
  (void)all.erp.control("DELETE", "faults");
  for (const auto& tenant : tenants) {
    const bool completed = all.hosts.reaches(tenant, "COMPLETED", 120s);
    INFO(json::serialize(all.hosts.status(tenant)));
    REQUIRE(completed);
  }
  CHECK(all.hosts.stop(0) == 0);
  Records records(all.hosts.sqlite_file());
  Checker checker(all.erp, all.like);
  CHECK(checker.check(records, tenants) == "");
  tenants.push_back(all.like);
  CHECK(checker.check_databases(tenants) == "");
  CHECK(engine_kills >= 20);
  const auto unknown = records.rows("select count(*) from events where type = 'step.unknown'").at(0)[0];
  CHECK(std::stoi(unknown) >= 50);  // the kills did hit calls that were out
  WARN(all.erp.product.title << ": 50 kills of the host and " << engine_kills << " of its engine, " << unknown
                             << " attempts left without proof, " << tenants.size() - 1
                             << " tenants, all COMPLETED, nothing made twice");
}

}  // namespace

TEST_CASE(
    "ERPNext: 50 kills of the host, and of its engines between them, while tenants are provisioned, 20 at a time") {
  kill_50_times(erpnext());
}

TEST_CASE("Odoo: 50 kills of the host, and of its engines between them, while tenants are provisioned, 20 at a time") {
  kill_50_times(odoo());
}

TEST_CASE("kills while tenants are rolled back: what was made for them goes, once, and what was there before stays") {
  Installation all(with_demo_data(odoo()));
  std::mt19937 random(20261124);
  // One whose database is there already, and somebody else's.
  const auto refused = all.hosts.create_tenant("Refused");
  (void)all.erp.control("POST", "databases",
                        json::serialize(json::object{{"name", Erp::site_of(refused)}, {"kind", "prepared"}}));
  all.hosts.start_run(refused);
  std::vector<std::string> tenants;
  for (int i = 0; i < 8; ++i) {
    tenants.push_back(all.hosts.create_tenant("Tenant " + std::to_string(i)));
    all.hosts.start_run(tenants.back());
  }
  for (const auto& tenant : tenants) REQUIRE(all.hosts.reaches(tenant, "COMPLETED", 60s));
  REQUIRE(all.hosts.reaches(refused, "FAILED", 60s));
  const auto roll_back = [&](const std::string& tenant) {
    const auto answer = all.hosts.any("POST", Cluster::verb(tenant, "rollback"), "{}");
    INFO(answer.body);
    REQUIRE(answer.status == 202);
  };
  roll_back(refused);
  for (const auto& tenant : tenants) roll_back(tenant);
  for (int kills = 0; kills < 12; ++kills) {
    all.live_for(std::uniform_int_distribution<int>(1, 8)(random));
    if (kills % 2 == 1) (void)all.hosts.kill_engines(0);
    if (kills % 3 != 2) all.restart();
  }
  (void)all.erp.control("DELETE", "faults");
  for (const auto& tenant : tenants) {
    const bool gone = before(60s, [&] { return all.hosts.status(tenant).at("state") == "compensated"; });
    INFO(json::serialize(all.hosts.status(tenant)));
    REQUIRE(gone);
  }
  REQUIRE(before(60s, [&] { return all.hosts.status(refused).at("state") == "compensated"; }));
  CHECK(all.hosts.stop(0) == 0);
  Records records(all.hosts.sqlite_file());
  Checker checker(all.erp, all.like);
  CHECK(checker.check(records, tenants, "compensated", true) == "");
  CHECK(checker.check(records, {all.like}) == "");
  CHECK(checker.check_databases({all.like}) == "");
}
