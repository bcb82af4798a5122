// Rollback, verify, plan and deprovision against the ERPNext sandbox, over HTTP.
#include "world.hpp"

using namespace tenantry::system;

namespace {

std::string state(World& world, const std::string& tenant) {
  return json::value_to<std::string>(world.status(tenant).at("state"));
}

bool comes_to(World& world, const std::string& tenant, const std::string& wanted) {
  const bool reached = eventually([&] { return state(world, tenant) == wanted; }, std::chrono::seconds(60));
  if (!reached) UNSCOPED_INFO(json::serialize(world.status(tenant)));
  return reached;
}

// The numbers of objects of each kind on all sites of the sandbox, to be compared.
std::string objects(World& world) { return json::serialize(world.erp("GET", "state").at("sites")); }

}  // namespace

TEST_CASE("a plan changes nothing, a provisioned tenant is in sync, and a rollback takes it back") {
  World world;
  const auto tenant = world.create_tenant("Acme");
  const auto plan = world.post(World::verb(tenant, "plan"));
  INFO(plan.body);
  REQUIRE(plan.status == 200);
  const auto planned = json::parse(plan.body);
  CHECK(planned.at("steps").as_array().size() == 11);
  bool says_something = false;
  for (const auto& step : planned.at("steps").as_array()) says_something |= step.at("would") != "cannot_know";
  CHECK(says_something);
  // The sandbox makes a site when it is first looked at; the plan made nothing on it.
  for (const char* made : {"Company", "Warehouse", "Customer", "POS Profile"})
    CHECK(objects(world).find(made) == std::string::npos);

  CHECK(world.post(World::verb(tenant, "rollback")).status == 409);
  REQUIRE(world.post(World::verb(tenant, "start")).status == 202);
  REQUIRE(world.reaches(tenant, "COMPLETED"));
  CHECK(world.post(World::verb(tenant, "pause")).status == 409);

  const auto verify = world.post(World::verb(tenant, "verify"));
  INFO(verify.body);
  REQUIRE(verify.status == 202);
  REQUIRE(eventually([&] { return !world.status(tenant).at("verifying").as_bool(); }));
  INFO(json::serialize(world.status(tenant)));
  CHECK(world.status(tenant).at("condition") == "InSync");
  CHECK(state(world, tenant) == "completed");

  const auto preview = world.post(World::verb(tenant, "rollback"), R"({"validate_only":true})");
  REQUIRE(preview.status == 200);
  const auto undo = json::parse(preview.body).at_pointer("/scope/undo").as_array().size();
  CHECK(undo > 0);
  CHECK(state(world, tenant) == "completed");
  REQUIRE(world.post(World::verb(tenant, "rollback"), R"({"reason":"not wanted any more"})").status == 202);
  REQUIRE(comes_to(world, tenant, "compensated"));
  std::size_t undone = 0;
  const auto rolled_back = world.status(tenant);
  for (const auto& step : rolled_back.at("steps").as_array())
    if (const auto* word = step.as_object().if_contains("undo"); word != nullptr && *word == "done") ++undone;
  CHECK(undone == undo);

  // And it can be provisioned anew.
  REQUIRE(world.post(World::verb(tenant, "start")).status == 202);
  CHECK(world.reaches(tenant, "COMPLETED"));
  CHECK(world.duplicates() == "");
}

TEST_CASE("a tenant that is deprovisioned while it is provisioned is gone for ever") {
  World world;
  const auto tenant = world.create_tenant("Acme");
  REQUIRE(world.post(World::verb(tenant, "start")).status == 202);
  const auto asked = world.call("DELETE", "/api/iam/tenants/" + tenant);
  INFO(asked.body);
  REQUIRE(asked.status == 202);
  REQUIRE(eventually([&] { return world.call("GET", World::verb(tenant, "status")).status == 410; },
                     std::chrono::seconds(60)));
  for (const char* verb : {"start", "retry", "rollback", "verify", "plan"})
    CHECK(world.post(World::verb(tenant, verb)).status == 410);
  CHECK(world.call("GET", "/api/iam/tenants/" + tenant).status == 410);
  CHECK(world.call("DELETE", "/api/iam/tenants/" + tenant).status == 410);
  CHECK(world.get("/api/iam/tenants").as_array().empty());
  world.kill_host();
  world.start_host();
  CHECK(world.call("GET", World::verb(tenant, "status")).status == 410);
  (void)world.create_tenant("Acme");  // the name is free
}

TEST_CASE("a tenant that was never started is gone at once") {
  World world;
  const auto tenant = world.create_tenant("Acme");
  const auto preview = world.call("DELETE", "/api/iam/tenants/" + tenant, R"({"validate_only":true})");
  CHECK(preview.status == 200);
  CHECK(world.call("GET", "/api/iam/tenants/" + tenant).status == 200);
  CHECK(world.call("DELETE", "/api/iam/tenants/" + tenant).status == 200);
  CHECK(world.call("GET", "/api/iam/tenants/" + tenant).status == 410);
  CHECK(world.call("GET", World::verb(tenant, "status")).status == 410);
}
