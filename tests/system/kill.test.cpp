// kill -9 of the host or of its engines at any moment: every run goes on by itself, nothing is made twice, nothing that
// was completed runs again.
#include <random>
#include <set>

#include "world.hpp"

using namespace tenantry::system;
using namespace std::chrono_literals;

namespace {

struct History {
  std::string repeated;  // steps that were started again after they were completed or found to exist
  int unknown = 0;       // attempts that a kill left without proof
};

void read_history(World& world, const std::string& tenant, History& history) {
  std::set<std::string> finished;
  const auto logs = world.get(World::verb(tenant, "logs") + "?limit=5000");
  for (const auto& line : logs.at("logs").as_array()) {
    if (line.at("step").is_null()) continue;
    const auto step = json::value_to<std::string>(line.at("step"));
    const auto status = json::value_to<std::string>(line.at("status"));
    if (status == "completed" || status == "exists") finished.insert(step);
    if (status == "running" && finished.contains(step)) history.repeated += tenant + " " + step + "\n";
    if (status == "unknown") ++history.unknown;
  }
}

// Requests that the ERP has answered so far.
int requests(World& world) { return world.erp("GET", "load").at("requests").to_number<int>(); }

}  // namespace

TEST_CASE(
    "50 kills of the host, and of its engines between them, at random moments while tenants are provisioned, 20 at a "
    "time") {
  World world;
  // Latency, so that the kills fall into the middle of things.
  world.fault(R"({"id":"slow","action":"none","millis":4,"jitter_millis":10})");
  std::mt19937 random(20261123);
  std::uniform_int_distribution<int> chance(0, 99);
  std::vector<std::string> tenants;
  const auto provision_20 = [&] {
    for (int i = 0; i < 20; ++i) {
      tenants.push_back(world.create_tenant("Tenant " + std::to_string(tenants.size())));
      const auto started = world.post(World::verb(tenants.back(), "start"), R"({"include_demo_data":true})");
      INFO(started.body);
      REQUIRE(started.status == 202);
    }
  };
  int engine_kills = 0;
  for (int kills = 0; kills < 50; ++kills) {
    // On a slow machine a life does more than meant: whenever all are done, there are 20 more, so that no kill is idle.
    if (world.get("/api/iam/tenants?status=IN_PROGRESS").as_array().empty()) provision_20();
    // Most lives end after a few requests to the ERP, some are long enough to finish a step or two.
    const int least = chance(random) < 70 ? 1 : 60;
    const auto asked = std::uniform_int_distribution<int>(least, least == 1 ? 15 : 240)(random);
    // As long as it takes on this machine, unless nothing happens any more.
    const auto live_for = [&](int requests_more) {
      auto seen = requests(world);
      const auto until = seen + requests_more;
      while (seen < until && eventually([&] { return requests(world) > seen; }, 5s)) seen = requests(world);
    };
    // In every other life the engine dies first, and the host has to go on with a new one.
    if (kills % 2 == 1) {
      live_for(std::uniform_int_distribution<int>(1, 15)(random));
      engine_kills += world.kill_engines();
    }
    live_for(asked);
    world.kill_host();
    world.start_host();
  }
  world.no_faults();
  for (const auto& tenant : tenants) REQUIRE(world.reaches(tenant, "COMPLETED", 120s));
  CHECK(world.duplicates().empty());
  History history;
  for (const auto& tenant : tenants) read_history(world, tenant, history);
  CHECK(history.repeated.empty());
  CHECK(engine_kills >= 20);
  CHECK(history.unknown >= 50);  // the kills did hit calls that were out
  const auto state = world.erp("GET", "state");
  for (const auto& site : state.at("sites").as_object())
    CHECK(site.value().at_pointer("/counts/Company").to_number<int>() == 1);
  WARN("50 kills of the host and " << engine_kills << " of its engine, " << history.unknown
                                   << " attempts left without proof, " << tenants.size()
                                   << " tenants, all COMPLETED, no duplicates");
}
