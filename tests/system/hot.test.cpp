// Engines that are added, replaced and removed while the host is at work.
#include <dirent.h>

#include <atomic>
#include <fstream>
#include <set>
#include <thread>

#include "hot.hpp"

using namespace tenantry::system;

TEST_CASE("an engine file that is copied in serves new runs without a restart, and one that is removed no more") {
  Moving moving;
  auto& world = moving.world;
  std::filesystem::remove(world.file("engines/moving.so"));
  CHECK(eventually([&] { return world.get("/api/engines?state=active").as_array().empty(); }));
  moving.replace(3);
  REQUIRE(eventually([&] { return moving.newest() == Moving::version(3); }));
  const auto tenant = world.create_tenant("first");
  REQUIRE(world.post(World::verb(tenant, "start")).status == 202);
  CHECK(world.reaches(tenant, "COMPLETED"));
  CHECK(moving.version_of(tenant) == Moving::version(3));
}

TEST_CASE("a run ends on the version it began on, while new runs use the next one") {
  Moving moving;
  auto& world = moving.world;
  const auto old = world.create_tenant("old");
  REQUIRE(world.post(World::verb(old, "start"), R"({"parameters":{"pause_ms":200}})").status == 202);
  moving.replace(1);
  REQUIRE(eventually([&] { return moving.newest() == Moving::version(1); }));
  const auto fresh = world.create_tenant("fresh");
  REQUIRE(world.post(World::verb(fresh, "start")).status == 202);
  CHECK(world.reaches(fresh, "COMPLETED"));
  CHECK(world.reaches(old, "COMPLETED"));
  CHECK(moving.version_of(old) == Moving::version(0));
  CHECK(moving.version_of(fresh) == Moving::version(1));
  CHECK(eventually([&] { return world.get("/api/engines").as_array().size() == 1; }));  // the old one was let go
}

TEST_CASE("a file that cannot be used is refused with its reason, and the generation before it goes on") {
  Moving moving;
  auto& world = moving.world;
  moving.put("moving.so", moving.bytes(1).substr(0, 6'000));
  REQUIRE(eventually([&] { return world.get("/api/engines?state=refused").as_array().size() == 1; }));
  const auto refused = world.get("/api/engines?state=refused").at(0);
  INFO(json::serialize(refused));
  CHECK(json::value_to<std::string>(refused.at("reason")).find("moving.so: ") == 0);
  CHECK(moving.newest() == Moving::version(0));
  const auto tenant = world.create_tenant("t");
  REQUIRE(world.post(World::verb(tenant, "start")).status == 202);
  CHECK(world.reaches(tenant, "COMPLETED"));
  moving.replace(2);
  REQUIRE(eventually([&] { return moving.newest() == Moving::version(2); }));
  CHECK(world.get("/api/engines?state=refused").as_array().empty());
}

TEST_CASE("a run whose version is gone continues on another one, after a preview, and only if that fits") {
  Moving moving;
  auto& world = moving.world;
  const auto tenant = world.create_tenant("stuck");
  REQUIRE(world.post(World::verb(tenant, "start"), R"({"parameters":{"fail_at":"one"}})").status == 202);
  REQUIRE(world.reaches(tenant, "FAILED"));
  moving.replace(1);
  REQUIRE(eventually([&] { return moving.newest() == Moving::version(1); }));
  REQUIRE(eventually([&] { return world.get("/api/engines").as_array().size() == 1; }));

  const auto gone = world.post(World::verb(tenant, "continue"));
  CHECK(gone.status == 503);
  CHECK(json::parse(gone.body).at("code") == "engine.gone");
  const auto unknown = world.post(World::verb(tenant, "continue"), R"({"version":"9.9.9"})");
  CHECK(unknown.status == 400);
  CHECK(json::parse(unknown.body).at_pointer("/errors/0/pointer") == "/version");

  const auto onto = json::serialize(json::object{{"version", Moving::version(1)}, {"validate_only", true}});
  const auto preview = world.post(World::verb(tenant, "continue"), onto);
  INFO(preview.body);
  REQUIRE(preview.status == 200);
  CHECK(json::parse(preview.body).at_pointer("/scope/run").as_array().size() == 3);
  CHECK(json::value_to<std::string>(json::parse(preview.body).at_pointer("/versions/to")) == Moving::version(1));
  CHECK(moving.version_of(tenant) == Moving::version(0));

  const auto moved =
      world.post(World::verb(tenant, "continue"), json::serialize(json::object{{"version", Moving::version(1)}}));
  INFO(moved.body);
  REQUIRE(moved.status == 202);
  REQUIRE(world.reaches(tenant, "FAILED"));  // it was asked to fail
  CHECK(moving.version_of(tenant) == Moving::version(1));
}

TEST_CASE(
    "a version whose outputs are others than those of what is finished does not fit, and the run stays as it is") {
  Moving moving;
  auto& world = moving.world;
  const auto tenant = world.create_tenant("stuck");
  REQUIRE(world.post(World::verb(tenant, "start"), R"({"parameters":{"fail_at":"two"}})").status == 202);
  REQUIRE(world.reaches(tenant, "FAILED"));
  auto other = moving.bytes(1);
  const std::string expects = R"("required":["version"])";
  for (auto at = other.find(expects); at != std::string::npos; at = other.find(expects, at + 1))
    other.replace(at, expects.size(), R"("required":["edition"])");
  moving.put("moving.so", other);
  REQUIRE(eventually([&] { return moving.newest() == Moving::version(1); }));
  const auto refused =
      world.post(World::verb(tenant, "continue"), json::serialize(json::object{{"version", Moving::version(1)}}));
  INFO(refused.body);
  CHECK(refused.status == 409);
  CHECK(json::parse(refused.body).at("code") == "run.version_mismatch");
  CHECK(json::value_to<std::string>(json::parse(refused.body).at("detail")).find("step one is finished") !=
        std::string::npos);
  CHECK(world.word(tenant) == "FAILED");
  CHECK(moving.version_of(tenant) == Moving::version(0));
}

TEST_CASE("a run ends on its version although the host was killed and the file replaced meanwhile") {
  Moving moving;
  auto& world = moving.world;
  const auto tenant = world.create_tenant("old");
  REQUIRE(world.post(World::verb(tenant, "start"), R"({"parameters":{"pause_ms":200}})").status == 202);
  world.kill_host();
  moving.replace(1);
  world.start_host();
  CHECK(world.reaches(tenant, "COMPLETED"));
  CHECK(moving.version_of(tenant) == Moving::version(0));
  CHECK(moving.newest() == Moving::version(1));
  CHECK(eventually([&] { return world.get("/api/engines").as_array().size() == 1; }));
}

TEST_CASE("an engine is replaced 50 times under load: no run is lost, and nothing is left behind") {
  Moving moving;
  CHECK(moving.replace_under_load(50) == "");
}
