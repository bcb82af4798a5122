// Several hosts on one PostgreSQL database: they share the work, and any of them may be killed, frozen or restarted at
// any time.
#include <map>
#include <set>

#include "checker.hpp"
#include "support/catch.hpp"

using namespace tenantry::system;
using namespace std::chrono_literals;
using tenantry::test::Postgres;

namespace {

constexpr int kLease = 1'500;
constexpr auto kRecovered = std::chrono::milliseconds(kLease) + 5s;

// Three hosts, an ERP, and one tenant that was provisioned undisturbed, to compare the others with.
struct Three {
  Postgres& server = Postgres::shared();
  std::string database = server.create_database();
  Erp erp;
  Cluster hosts{erp, options()};
  Records records{server.url(database)};
  std::string first;

  explicit Three(const std::vector<std::string>& faults = {"", "", ""}) {
    for (int i = 0; i < 3; ++i) hosts.start(i, faults[static_cast<std::size_t>(i)]);
    hosts.sign_in();
    first = hosts.create_tenant("First");
    hosts.start_run(first);
    REQUIRE(hosts.reaches(first, "COMPLETED"));
  }
  ClusterOptions options() const {
    ClusterOptions options;
    options.database = Database::kPostgres;
    options.url = server.url(database);
    options.hosts = 3;
    options.lease_ms = kLease;
    return options;
  }
  void slow(int millis) {
    (void)erp.control("POST", "faults",
                      R"({"id":"slow","action":"none","millis":)" + std::to_string(millis) + R"(,"jitter_millis":10})");
  }
  void quick() { (void)erp.control("DELETE", "faults"); }

  std::string host_id(int i) {
    std::ifstream file(hosts.file(i, "data/host_id"));
    std::string id;
    file >> id;
    return id;
  }
  // Unfinished runs of each host.
  std::map<std::string, int> owners() {
    std::map<std::string, int> found;
    for (const auto& row :
         records.rows("select l.host, count(*) from runs r join lives l on l.id = r.owner group by l.host"))
      found[row[0]] = std::stoi(row[1]);
    return found;
  }
  std::string tenant_on(int host, const std::string& name) {
    const auto tenant = hosts.create_tenant(name);
    const auto started = hosts.ask(host, "POST", Cluster::verb(tenant, "start"), "{}");
    INFO(started.body);
    REQUIRE(started.status == 202);
    return tenant;
  }
  void all_end_well(const std::vector<std::string>& tenants, std::chrono::milliseconds limit = 60s) {
    for (const auto& tenant : tenants) {
      const bool completed = hosts.reaches(tenant, "COMPLETED", limit);
      INFO(json::serialize(hosts.status(tenant)));
      REQUIRE(completed);
    }
    CHECK(Checker(erp, first).check(records, tenants).empty());
    if (const auto problems = Checker(erp, first).check(records, tenants); !problems.empty()) WARN(problems);
  }
};

}  // namespace

TEST_CASE("three hosts: a run stays with the host that started it, and the others share what a dead one leaves") {
  Three three;
  three.slow(60);
  std::vector<std::string> tenants;
  for (int i = 0; i < 24; ++i) tenants.push_back(three.tenant_on(0, "Tenant " + std::to_string(i)));
  const auto before_kill = three.owners();
  CHECK(before_kill == std::map<std::string, int>{{three.host_id(0), 24}});
  three.hosts.kill(0);
  CHECK(before(kRecovered, [&] {
    const auto now = three.owners();
    return !now.contains(three.host_id(0)) && now.size() == 2;
  }));
  const auto shared = three.owners();
  CAPTURE(shared.size());
  for (int i = 1; i <= 2; ++i) {
    const auto found = shared.find(three.host_id(i));
    REQUIRE(found != shared.end());
    CHECK(found->second >= 6);
  }
  three.quick();
  three.all_end_well(tenants);
}

TEST_CASE("three hosts: any is killed at any time while tenants are provisioned") {
  Three three;
  three.slow(5);
  std::vector<std::string> tenants;
  for (int i = 0; i < 12; ++i) {
    tenants.push_back(three.hosts.create_tenant("Tenant " + std::to_string(i)));
    three.hosts.start_run(tenants.back());
  }
  const auto requests = [&] { return three.erp.control("GET", "load").at("requests").to_number<int>(); };
  for (int kill = 0; kill < 6; ++kill) {
    const auto seen = requests();
    (void)before(3s, [&] { return requests() > seen + 40; });
    three.hosts.kill(kill % 3);
    if (kill % 2 == 1) (void)before(2s, [&] { return requests() > seen + 60; });
    three.hosts.start(kill % 3);
  }
  three.all_end_well(tenants);
}

TEST_CASE("three hosts: each is restarted in turn under load, and no client notices") {
  Three three;
  three.slow(5);
  std::vector<std::string> tenants;
  std::string problem;
  std::atomic<bool> over{false};
  const auto unfinished = [&] {
    return json::parse(three.hosts.any("GET", "/api/iam/tenants?status=IN_PROGRESS&limit=100").body).as_array().size();
  };
  std::thread load([&] {
    try {
      while (!over) {
        const auto tenant = three.hosts.create_tenant("Tenant " + std::to_string(tenants.size()));
        three.hosts.start_run(tenant);
        tenants.push_back(tenant);
        (void)before(30s, [&] { return over || unfinished() < 6; });
      }
    } catch (const std::exception& error) {
      problem = error.what();
    }
  });
  std::vector<int> codes;
  for (int i = 0; i < 3; ++i) {
    codes.push_back(three.hosts.stop(i));
    three.hosts.start(i);
  }
  over = true;
  load.join();
  CHECK(problem.empty());
  CHECK(codes == std::vector<int>{0, 0, 0});
  CHECK(tenants.size() >= 3);
  three.all_end_well(tenants);
}

TEST_CASE("three hosts whose clocks are hours apart neither take each other's runs nor wait for an hour") {
  Three three({"clock=3600000", "clock=-3600000", ""});
  three.slow(40);
  std::vector<std::string> tenants;
  for (int i = 0; i < 9; ++i) tenants.push_back(three.tenant_on(i % 3, "Tenant " + std::to_string(i)));
  // Everybody keeps what is his until two leases have been followed by another one.
  const auto leases = [&] {
    std::map<std::string, long long> until;
    for (const auto& row : three.records.rows("select host, lease_until from lives"))
      until[row[0]] = std::max(until[row[0]], std::stoll(row[1]));
    return until;
  };
  const auto first = leases();
  REQUIRE(first.size() == 3);
  CHECK(before(30s, [&] {
    for (const auto& [host, until] : leases())
      if (until < first.at(host) + 2 * kLease) return false;
    return true;
  }));
  CHECK(three.records.rows("select id from runs where token <> 1").empty());
  // Their events are in one time.
  const auto spread = three.records.rows("select max(at) - min(at) from events");
  CHECK(std::stoll(spread[0][0]) < 120'000);
  for (int i = 9; i < 15; ++i) tenants.push_back(three.tenant_on(0, "Tenant " + std::to_string(i)));
  three.hosts.kill(0);
  CHECK(before(kRecovered, [&] { return !three.owners().contains(three.host_id(0)); }));
  three.quick();
  three.all_end_well(tenants);
}

TEST_CASE("three hosts: one that was frozen past its lease comes back, and its late answer is refused") {
  Three three({"stop@answered:step_2_company", "", ""});
  // The first tenant has met the point already if it ran on host 0: then it is frozen now.
  three.hosts.thaw(0);
  std::vector<std::string> tenants;
  for (int i = 0; i < 2; ++i) {
    three.hosts.kill(0);
    three.hosts.start(0, "stop@answered:step_2_company");
    tenants.push_back(three.tenant_on(0, "Tenant " + std::to_string(i)));
    const auto& tenant = tenants.back();
    // Host 0 stops with the answer in its hands; the others finish the run.
    REQUIRE(before(20s, [&] { return three.hosts.is_frozen(0); }));
    CHECK(before(kRecovered, [&] {
      return three.records.rows("select id from runs where tenant = '" + tenant + "' and token > 1").size() == 1;
    }));
    CHECK(before(30s, [&] {
      return three.records.rows("select id from runs where tenant = '" + tenant + "' and state = 'completed'").size() ==
             1;
    }));
    three.hosts.thaw(0);
    // It is as good as new.
    tenants.push_back(three.hosts.create_tenant("Other " + std::to_string(i)));
    CHECK(before(
        20s, [&] { return three.hosts.ask(0, "POST", Cluster::verb(tenants.back(), "start"), "{}").status == 202; }));
    REQUIRE(three.hosts.reaches(tenants.back(), "COMPLETED"));
  }
  three.all_end_well(tenants);
}

TEST_CASE("three hosts: the store is restarted under load") {
  Three three;
  three.slow(5);
  std::vector<std::string> tenants;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 4; ++i) {
      tenants.push_back(three.hosts.create_tenant("Tenant " + std::to_string(round) + std::to_string(i)));
      three.hosts.start_run(tenants.back());
    }
    three.server.stop(round == 1);  // once like a crash
    if (round == 2)                 // away until everybody has noticed
      for (int i = 0; i < 3; ++i)
        CHECK(before(10s, [&] { return three.hosts.ask(i, "GET", "/readyz").status == 503; }));
    three.server.start();
  }
  Records again(three.server.url(three.database));
  std::swap(three.records, again);
  three.all_end_well(tenants);
}

TEST_CASE("three hosts: each ends in time when it is told to while the store is gone") {
  Three three;
  std::vector<std::string> tenants;
  for (int i = 0; i < 9; ++i) tenants.push_back(three.tenant_on(i % 3, "Tenant " + std::to_string(i)));
  three.server.stop(true);                                      // in the middle of commits
  for (int i = 0; i < 3; ++i) CHECK(three.hosts.stop(i) == 0);  // killed otherwise, after 30 s
  three.server.start();
  Records again(three.server.url(three.database));
  std::swap(three.records, again);
  three.hosts.start_all();
  three.all_end_well(tenants);
}

TEST_CASE("three hosts: a command is carried out whichever host is asked") {
  Three three;
  three.slow(150);
  const auto tenant = three.tenant_on(0, "Tenant");
  const auto run = three.records.rows("select id, token from runs where tenant = '" + tenant + "'").at(0);
  const auto timed = [&](int host, const std::string& word, const std::string& body, int status) {
    const auto from = std::chrono::steady_clock::now();
    const auto answer = three.hosts.ask(host, "POST", Cluster::verb(tenant, word), body);
    INFO(word << " on host " << host << " -> " << answer.status << " " << answer.body);
    CHECK(answer.status == status);
    CHECK(std::chrono::steady_clock::now() - from < 2s);
    return json::parse(answer.body);
  };
  // Status is the store's, and the same everywhere.
  CHECK(three.hosts.ask(1, "GET", Cluster::verb(tenant, "status")).status == 200);
  const auto paused = timed(1, "pause", R"({"reason":"lunch"})", 202);
  CHECK(paused.at("state") == "paused");
  const auto operation = json::value_to<std::string>(paused.at("operation"));
  const auto found = three.hosts.ask(2, "GET", "/api/operations/" + operation);
  CHECK(found.status == 200);
  CHECK(json::parse(found.body).at("reason") == "lunch");
  const auto refused = timed(2, "pause", "{}", 409);
  CHECK(refused.at("allowed_verbs").as_array().size() >= 2);
  CHECK(timed(2, "skip-step", R"({"step":"no_such_step"})", 400).at("code").as_string().size() > 0);
  CHECK(timed(2, "resume", "{}", 202).at("state") == "running");
  CHECK(three.records.rows("select token from runs where id = '" + run[0] + "'").at(0)[0] == run[1]);
  CHECK(three.records.rows("select id from handed_commands").empty());

  // Its owner dies: the next one answers.
  three.hosts.kill(0);
  const auto from = std::chrono::steady_clock::now();
  const auto answer = three.hosts.ask(1, "POST", Cluster::verb(tenant, "cancel"), "{}");
  INFO(answer.body);
  CHECK(answer.status == 202);
  CHECK(std::chrono::steady_clock::now() - from < kRecovered);
  three.quick();
  CHECK(three.hosts.reaches(tenant, "CANCELLED"));
  CHECK(three.records.rows("select id from operations where run = '" + run[0] + "' and verb = 'cancel'").size() == 1);

  // Its owner hears nothing any more: the same.
  three.slow(150);
  const auto other = three.tenant_on(2, "Other");
  three.hosts.freeze(2);
  const auto late = three.hosts.ask(1, "POST", Cluster::verb(other, "pause"), "{}");
  INFO(late.body);
  CHECK(late.status == 202);
  CHECK(json::parse(three.hosts.ask(1, "POST", Cluster::verb(other, "resume"), "{}").body).at("state") == "running");
  three.hosts.thaw(2);
  three.quick();
  CHECK(before(30s, [&] {
    return three.hosts.ask(1, "GET", Cluster::verb(other, "status")).body.find("COMPLETED") != std::string::npos;
  }));
  CHECK(three.records.rows("select id from handed_commands").empty());
}
