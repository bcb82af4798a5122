// kill -9 at any moment: every run goes on by itself, nothing is made twice, nothing that was completed runs again.
#include <map>
#include <random>
#include <set>

#include "world.hpp"

using namespace tenantry::system;
using namespace std::chrono_literals;

namespace {

// From the log of a tenant: a step that was completed (or found to exist) must not be started again.
std::string repeated_steps(World& world, const std::string& tenant) {
  std::string found;
  std::set<std::string> finished;
  const auto logs = world.get(World::verb(tenant, "logs") + "?limit=5000");
  for (const auto& line : logs.at("logs").as_array()) {
    if (line.at("step").is_null()) continue;
    const auto step = json::value_to<std::string>(line.at("step"));
    const auto status = json::value_to<std::string>(line.at("status"));
    if (status == "completed" || status == "exists") finished.insert(step);
    if (status == "running" && finished.contains(step)) found += tenant + " " + step + "\n";
  }
  return found;
}

}  // namespace

TEST_CASE("50 kills at random moments while 20 tenants are provisioned") {
  World world;
  // Some latency, so that the kills fall into the middle of things.
  world.fault(R"({"id":"slow","action":"none","millis":2,"jitter_millis":8})");
  std::mt19937 random(20261123);
  std::vector<std::string> tenants;
  for (int i = 0; i < 20; ++i) tenants.push_back(world.create_tenant("Tenant " + std::to_string(i)));
  for (const auto& tenant : tenants) {
    const auto started = world.post(World::verb(tenant, "start"), R"({"include_demo_data":true})");
    INFO(started.body);
    REQUIRE(started.status == 202);
  }
  int kills = 0;
  for (; kills < 50; ++kills) {
    const auto moment = std::chrono::steady_clock::now() +
                        std::chrono::milliseconds(std::uniform_int_distribution<int>(5, 150)(random));
    (void)eventually([&] { return std::chrono::steady_clock::now() >= moment; }, 1s);
    world.kill_host();
    world.start_host();
  }
  for (const auto& tenant : tenants) REQUIRE(world.reaches(tenant, "COMPLETED", 120s));
  CHECK(world.duplicates().empty());
  std::string repeated;
  for (const auto& tenant : tenants) repeated += repeated_steps(world, tenant);
  CHECK(repeated.empty());
  std::map<std::string, int> companies;
  const auto state = world.erp("GET", "state");
  for (const auto& site : state.at("sites").as_object())
    CHECK(site.value().at_pointer("/counts/Company").to_number<int>() == 1);
  WARN(kills << " kills, " << tenants.size() << " tenants, all COMPLETED");
}
