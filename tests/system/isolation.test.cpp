// What an engine does to its process is nobody else's business: not the API's, not another engine's.
#include "world.hpp"

using namespace tenantry::system;
using namespace std::chrono_literals;

namespace {

std::string start(World& world, const std::string& tenant, const std::string& mode) {
  const auto body = json::serialize(json::object{{"parameters", {{"mode", mode}}}});
  HttpAnswer started;
  // An engine that has just died several times cannot judge a request for a moment, and the host says so.
  const bool accepted = eventually([&] {
    started = world.post(World::verb(tenant, "start"), body);
    return started.status != 503;
  });
  INFO(started.body);
  REQUIRE(accepted);
  REQUIRE(started.status == 202);
  return tenant;
}

// A host that also has an engine that misbehaves, and one beside it.
void add_engines(World& world) {
  CHECK(world.stop_host() == 0);
  for (const char* name : {"hostile.so", "bystander.so"})
    std::filesystem::copy(std::string(TEST_PLUGINS "/") + name, world.file(std::string("engines/") + name));
  world.start_host();
}

}  // namespace

TEST_CASE("an engine that crashes, hangs or kills itself disturbs neither the API nor other engines") {
  World world;
  add_engines(world);
  REQUIRE(world.engine_processes().size() == 3);
  const auto erpnext = world.engine_processes("erpnext.so");
  const auto bystander = world.engine_processes("bystander.so");
  const auto hostile = world.engine_processes("hostile.so");
  REQUIRE(hostile.size() == 1);

  const auto erp = world.create_tenant("Erp");
  REQUIRE(world.post(World::verb(erp, "start")).status == 202);
  const auto once = start(world, world.create_tenant("Once", "KE", "hostile"), "once");
  const auto beside = start(world, world.create_tenant("Beside", "KE", "bystander"), "nothing");

  CHECK(world.reaches(beside, "COMPLETED"));
  // The step that crashed once is verified, found not done, and done.
  CHECK(world.reaches(once, "COMPLETED"));
  // The one that always does is not tried for ever, and says why. It begins now, because it takes with it whatever else
  // its process is doing.
  const auto always = start(world, world.create_tenant("Always", "KE", "hostile"), "segv");
  REQUIRE(world.reaches(always, "FAILED"));
  const auto status = world.status(always);
  const auto& error = status.at("errors").at(0);
  INFO(json::serialize(status));
  CHECK(error.at("code") == "host.poisoned");
  CHECK(std::string(error.at("error").as_string()).find("signal 11 (Segmentation fault)") != std::string::npos);
  // One that can neither be verified nor repeated is not tried again at all.
  const auto blind = start(world, world.create_tenant("Blind", "KE", "hostile"), "blind");
  REQUIRE(world.reaches(blind, "PARTIAL"));
  CHECK(world.step_state(blind, "act") == "completed");
  CHECK(world.status(blind).at("errors").at(0).at("code") == "host.unknown_outcome");
  CHECK(world.reaches(erp, "COMPLETED"));
  CHECK(world.duplicates().empty());

  // A plain kill of the program: back before anybody has to wait for it.
  REQUIRE(eventually([&] { return world.engine_processes().size() == 3; }));
  CHECK(world.kill_engines() == 3);
  CHECK(eventually([&] { return world.engine_processes().size() == 3; }));
  const auto after = start(world, world.create_tenant("After", "KE", "bystander"), "nothing");
  CHECK(world.reaches(after, "COMPLETED"));
  CHECK(world.engine_processes("erpnext.so") != erpnext);
  CHECK(world.engine_processes("bystander.so") != bystander);
  const auto log = read_file(world.file("host.log"));
  CHECK(log.find("engine ended engine=hostile reason=\"hostile.so: its process crashed: signal 11") !=
        std::string::npos);

  const auto left = world.engine_processes();
  CHECK(world.stop_host() == 0);
  for (const auto pid : left) CHECK(eventually([&] { return ::kill(pid, 0) != 0; }));
}

TEST_CASE("other engines are not ended by one that crashes, and a killed host leaves none behind") {
  World world;
  add_engines(world);
  const auto bystander = world.engine_processes("bystander.so");
  const auto once = start(world, world.create_tenant("Once", "KE", "hostile"), "once");
  CHECK(world.reaches(once, "COMPLETED"));
  CHECK(world.engine_processes("bystander.so") == bystander);
  const auto left = world.engine_processes();
  REQUIRE(left.size() == 3);
  world.kill_host();
  for (const auto pid : left)
    CHECK(eventually([&] {
      std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
      std::string number;
      std::string program;
      std::string state;
      return !(stat >> number >> program >> state) || state == "Z";
    }));
  world.start_host();
  CHECK(world.call("GET", "/readyz").status == 200);
}

TEST_CASE("engines can be run in the host itself, for debugging") {
  World world;
  CHECK(world.stop_host() == 0);
  auto config = read_file(world.file("tenantry.toml"));
  config.replace(config.find("[limits]"), 0, "isolation = \"in_process\"\n");
  std::ofstream(world.file("tenantry.toml")) << config;
  world.start_host();
  CHECK(world.engine_processes().empty());
  const auto tenant = world.create_tenant("Inside");
  REQUIRE(world.post(World::verb(tenant, "start")).status == 202);
  CHECK(world.reaches(tenant, "COMPLETED"));
}
