// What happened stays to be seen: attempts, operations, the log of one step, and a tenant at one look.
#include "schema/builtin.hpp"
#include "world.hpp"

namespace schema = tenantry::schema;
using namespace tenantry::system;

TEST_CASE("attempts and operations outlive a retry, and are shown to nobody else") {
  World world;
  world.fault(R"({"id":"refuse","method":"POST","doctype":"Customer","action":"error","status":403,
                  "exc_type":"PermissionError","message":"not allowed"})");
  const auto tenant = world.create_tenant("Acme");
  const auto overview = [&] { return world.get(World::verb(tenant, "overview")); };
  CHECK(overview().at("attempts").as_array().empty());
  CHECK(overview().at_pointer("/status/status") == "NOT_STARTED");
  REQUIRE(world.post(World::verb(tenant, "start")).status == 202);
  REQUIRE(world.reaches(tenant, "PARTIAL"));
  const auto row = world.get("/api/iam/tenants?q=acme").at(0);
  CHECK(row.at("total_steps") == 11);
  CHECK(row.at("steps_completed") == overview().at_pointer("/status/steps_completed"));
  CHECK(row.at("current_step") == overview().at_pointer("/status/current_step"));
  world.no_faults();
  REQUIRE(world.post(World::verb(tenant, "retry"), R"({"step":"step_7_customer"})").status == 202);
  REQUIRE(world.reaches(tenant, "COMPLETED"));

  const auto all = overview();
  CHECK(all.at_pointer("/tenant/name") == "Acme");
  CHECK(all.at_pointer("/status/status") == "COMPLETED");
  const auto run = json::value_to<std::string>(all.at_pointer("/status/run_id"));
  CHECK(world.get("/api/runs/" + run + "/attempts").at("attempts") == all.at("attempts"));
  std::vector<std::string> outcomes;
  for (const auto& attempt : all.at("attempts").as_array()) {
    CHECK(schema::builtin("attempt").check(attempt).empty());
    if (attempt.at("step") == "step_7_customer") outcomes.push_back(json::value_to<std::string>(attempt.at("outcome")));
  }
  CHECK(outcomes == std::vector<std::string>{"failed", "done"});

  const auto log = world.get(World::verb(tenant, "logs?step=step_7_customer&limit=100")).at("logs");
  CHECK(log.as_array().size() >= 4);
  for (const auto& line : log.as_array()) CHECK(line.at("step") == "step_7_customer");
  CHECK(world.get(World::verb(tenant, "logs?step=step_7_customer&limit=1")).at("logs").as_array().size() == 1);

  const auto operations = world.get("/api/operations?tenant=" + tenant).at("operations");
  REQUIRE(operations.as_array().size() == 2);
  CHECK(operations.at(0).at("verb") == "retry");
  CHECK(operations.at(0).at("step") == "step_7_customer");
  CHECK(operations.at(0).at("actor_email") == "admin@example.org");
  CHECK(operations.at(1).at("verb") == "start");
  for (const auto& operation : operations.as_array()) CHECK(schema::builtin("operation").check(operation).empty());
  CHECK(world.get("/api/operations?limit=1&skip=1").at("operations").as_array().size() == 1);
  CHECK(world.call("GET", "/api/operations?limit=0").status == 400);

  CHECK(world.call("GET", "/api/runs/run_unknown/attempts").status == 404);
  CHECK(world.call("GET", "/api/operations?tenant=ten_unknown").status == 404);
  CHECK(world.call("GET", World::verb("ten_unknown", "overview")).status == 404);
  // The newest lines of the log come along if they are asked for.
  CHECK(all.as_object().if_contains("logs") == nullptr);
  const auto with_log = world.get(World::verb(tenant, "overview?logs=5"));
  CHECK(with_log.at("logs") == world.get(World::verb(tenant, "logs?limit=5")).at("logs"));
  CHECK(with_log.at("logs").as_array().size() == 5);
  CHECK(world.call("GET", World::verb(tenant, "overview?logs=501")).status == 400);
  world.use_token("tnt_forged");
  for (const auto& path :
       {World::verb(tenant, "overview"), "/api/runs/" + run + "/attempts", std::string("/api/operations")})
    CHECK(world.call("GET", path).status == 401);
}
