// The interface of the predecessor, over HTTP, against a whole installation.
#include <atomic>
#include <set>
#include <thread>

#include "schema/builtin.hpp"
#include "world.hpp"

namespace schema = tenantry::schema;
using namespace tenantry::system;
using namespace std::chrono_literals;

namespace {

json::object problem(const HttpAnswer& answer, int status, const std::string& code) {
  INFO(answer.status << " " << answer.body);
  REQUIRE(answer.status == status);
  CHECK(answer.header("Content-Type") == "application/problem+json");
  auto body = json::parse(answer.body).as_object();
  CHECK(json::value_to<std::string>(body.at("code")) == code);
  CHECK(body.at("status") == status);
  CHECK_FALSE(body.at("detail").as_string().empty());
  CHECK(body.contains("request_id"));
  CHECK(body.contains("next_action"));
  return body;
}

std::string pointer(const json::object& problem) {
  const auto* errors = problem.if_contains("errors");
  return errors == nullptr ? "none" : json::value_to<std::string>(errors->as_array().at(0).at("pointer"));
}

}  // namespace

TEST_CASE("a tenant is created, started and provisioned as the original interface says") {
  World world;
  const auto made =
      world.post("/api/iam/tenants", R"({"name":"Duka Moja","admin_email":"o@example.org","admin_name":"O",
      "admin_password":"canary-Tenant-pass-2!","country_code":"ke","engine":"erpnext","category":"shop"})");
  REQUIRE(made.status == 201);
  const auto body = json::parse(made.body);
  CHECK(body.at("message") == "Tenant created successfully");
  const auto tenant = json::value_to<std::string>(body.at_pointer("/tenant/id"));
  CHECK(made.header("Location") == "/api/iam/tenants/" + tenant);
  CHECK(body.at_pointer("/tenant/country_code") == "KE");

  const auto before = world.status(tenant);
  CHECK(before.at("status") == "NOT_STARTED");
  CHECK(before.at("total_steps") == 11);
  CHECK(before.at("current_step") == "step_0_engine_check");

  world.fault(R"({"id":"hold","action":"none","path":"*get_versions*","millis":300})");
  const auto started = world.post(World::verb(tenant, "start"), "{}");
  INFO(started.body);
  REQUIRE(started.status == 202);
  CHECK(started.header("Location").rfind("/api/operations/op_", 0) == 0);
  const auto answer = json::parse(started.body);
  CHECK(answer.at("status") == "IN_PROGRESS");
  CHECK(json::value_to<double>(answer.at("progress")) == 0.0);
  CHECK(answer.at("current_step") == "step_0_engine_check");
  CHECK(answer.at("steps_completed") == 0);
  CHECK(answer.at("total_steps") == 11);
  CHECK(answer.at("errors").as_array().empty());
  problem(world.post(World::verb(tenant, "start"), "{}"), 409, "run.active");

  REQUIRE(world.reaches(tenant, "COMPLETED"));
  const auto done = world.status(tenant);
  CHECK(json::value_to<double>(done.at("progress")) == 100.0);
  CHECK(done.at("steps_completed") == 11);
  CHECK(done.at("current_step").is_null());
  CHECK(done.at("completed_at").is_string());
  const std::vector<std::string> ids{"step_0_engine_check",
                                     "step_1_platform_setup",
                                     "step_2_company",
                                     "step_3_chart_of_accounts",
                                     "step_4_warehouses",
                                     "step_5_settings",
                                     "step_6_items",
                                     "step_7_customer",
                                     "step_8_pos_profile",
                                     "step_9_pos_session",
                                     "step_10_post_sale_updates"};
  std::set<std::string> found;
  for (const auto& step : done.at("steps").as_array()) found.insert(json::value_to<std::string>(step.at("id")));
  CHECK(found == std::set<std::string>(ids.begin(), ids.end()));
  CHECK(world.step_state(tenant, "step_6_items") == "skipped");  // no demo data was asked for

  const auto logs = world.get(World::verb(tenant, "logs"));
  bool company = false;
  for (const auto& line : logs.at("logs").as_array())
    if (line.at("step") == "step_2_company" && (line.at("status") == "completed" || line.at("status") == "exists")) {
      company = true;
      CHECK(line.at("completed_at").is_string());
      CHECK(line.at("duration_ms").is_int64());
    }
  CHECK(company);
  const auto operation = world.get(started.header("Location"));
  CHECK(operation.at("verb") == "start");
  CHECK(json::value_to<std::string>(operation.at("tenant_id")) == tenant);
  const auto list = world.get("/api/iam/tenants?status=COMPLETED&engine=erpnext&limit=10");
  REQUIRE(list.as_array().size() == 1);
  CHECK(json::value_to<std::string>(list.at(0).at("id")) == tenant);
  CHECK(world.get("/api/iam/tenants?status=FAILED").as_array().empty());
}

TEST_CASE("retry and continue differ: retry runs every failed step, continue the first and what it blocks") {
  World world;
  const auto fail = [&](const std::string& doctype) {
    world.fault(R"({"id":")" + doctype + R"(","method":"POST","doctype":")" + doctype +
                R"(","action":"error","status":403,"exc_type":"PermissionError","message":"not allowed"})");
  };
  fail("Warehouse");
  fail("Customer");
  const auto run = [&] {
    const auto tenant = world.create_tenant("T");
    REQUIRE(world.post(World::verb(tenant, "start")).status == 202);
    REQUIRE(world.reaches(tenant, "PARTIAL"));
    CHECK(world.step_state(tenant, "step_4_warehouses") == "failed");
    CHECK(world.step_state(tenant, "step_7_customer") == "failed");
    return tenant;
  };
  const auto tenant = run();
  const auto before = world.status(tenant);
  REQUIRE(before.at("errors").as_array().size() == 2);
  for (const auto& error : before.at("errors").as_array()) {
    CHECK_FALSE(error.at("error").as_string().empty());
    CHECK(json::value_to<std::string>(error.at("code")).rfind("erpnext.", 0) == 0);
    CHECK_FALSE(error.at("next_action").as_string().empty());
  }
  const auto scope = [&](const std::string& verb) {
    const auto preview = world.post(World::verb(tenant, verb), R"({"validate_only":true})");
    INFO(preview.body);
    REQUIRE(preview.status == 200);
    return json::parse(preview.body).at_pointer("/scope/run");
  };
  const auto retry_scope = json::serialize(scope("retry"));
  const auto continue_scope = json::serialize(scope("continue"));
  CHECK(retry_scope.find("step_7_customer") != std::string::npos);
  CHECK(continue_scope.find("step_4_warehouses") != std::string::npos);
  CHECK(continue_scope.find("step_7_customer") == std::string::npos);

  world.no_faults();
  REQUIRE(world.post(World::verb(tenant, "continue")).status == 202);
  REQUIRE(eventually([&] { return world.word(tenant) != "IN_PROGRESS"; }, 60s));
  CHECK(world.word(tenant) == "PARTIAL");
  CHECK(world.step_state(tenant, "step_4_warehouses") == "completed");
  CHECK(world.step_state(tenant, "step_7_customer") == "failed");
  REQUIRE(world.post(World::verb(tenant, "retry"), R"({"step":"step_7_customer"})").status == 202);
  CHECK(world.reaches(tenant, "COMPLETED"));
  problem(world.post(World::verb(tenant, "retry")), 409, "run.illegal_verb");
  CHECK(world.duplicates().empty());
}

TEST_CASE("an optional step is skipped, and the skip is still there after a restart") {
  World world;
  world.fault(R"({"method":"POST","doctype":"Item","action":"error","status":403,"exc_type":"PermissionError"})");
  const auto tenant = world.create_tenant("T");
  REQUIRE(world.post(World::verb(tenant, "start"), R"({"include_demo_data":true})").status == 202);
  REQUIRE(world.reaches(tenant, "PARTIAL"));
  CHECK(world.step_state(tenant, "step_6_items") == "failed");
  problem(world.post(World::verb(tenant, "skip-step"), R"({"step":"step_2_company","reason":"x"})"), 409,
          "step.not_skippable");
  problem(world.post(World::verb(tenant, "skip-step"), R"({"step":"nonsense"})"), 400, "step.unknown");
  REQUIRE(world.post(World::verb(tenant, "skip-step"), R"({"step":"step_6_items","reason":"no demo data wanted"})")
              .status == 202);
  CHECK(world.stop_host() == 0);
  world.start_host();
  CHECK(world.step_state(tenant, "step_6_items") == "skipped");
  CHECK(world.reaches(tenant, "COMPLETED"));
}

TEST_CASE("100 parallel starts over HTTP make one run and 99 clear conflicts") {
  World world;
  world.fault(R"({"action":"none","millis":200})");
  const auto tenant = world.create_tenant("T");
  std::atomic<int> accepted{0};
  std::atomic<int> refused{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 10; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        HttpClient client(world.port());
        const auto answer =
            client.post_json(World::verb(tenant, "start"), "{}", {{"Authorization", "Bearer " + world.token()}});
        accepted += answer.status == 202;
        refused += answer.status == 409 && answer.body.find("run.active") != std::string::npos;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(accepted == 1);
  CHECK(refused == 99);
  world.no_faults();
  CHECK(world.reaches(tenant, "COMPLETED"));
}

TEST_CASE("the same Idempotency-Key gets the same answer, another body is refused") {
  World world;
  const auto tenant = world.create_tenant("T");
  const auto first = world.post(World::verb(tenant, "start"), "{}", {{"Idempotency-Key", "k-1"}});
  REQUIRE(first.status == 202);
  const auto again = world.post(World::verb(tenant, "start"), "{}", {{"Idempotency-Key", "k-1"}});
  CHECK(again.status == 202);
  CHECK(again.body == first.body);
  CHECK(again.header("Location") == first.header("Location"));
  problem(world.post(World::verb(tenant, "start"), R"({"include_demo_data":true})", {{"Idempotency-Key", "k-1"}}), 422,
          "idempotency.mismatch");
  CHECK(world.reaches(tenant, "COMPLETED"));
}

TEST_CASE("whoever is not signed in gets 401, whoever has nothing to do with a tenant 404") {
  World world;
  const auto tenant = world.create_tenant("T");
  HttpClient client(world.port());
  for (const auto* path : {"/api/iam/tenants", "/api/engines", "/api/auth/me", "/api/operations/op_1"})
    problem(client.get(path), 401, "auth.token");
  problem(client.get(World::verb(tenant, "status")), 401, "auth.token");
  problem(client.get("/api/engines", {{"Authorization", "Bearer tnt_forged"}}), 401, "auth.token");
  problem(client.post_json("/api/auth/login", R"({"email":"admin@example.org","password":"wrong"})"), 401,
          "auth.invalid");
  problem(client.post_json("/api/auth/login", R"({"email":"nobody@example.org","password":"wrong"})"), 401,
          "auth.invalid");
  problem(world.call("GET", "/api/iam/tenants/ten_unknown"), 404, "tenant.unknown");
  problem(world.call("GET", World::verb("ten_unknown", "status")), 404, "tenant.unknown");
  CHECK(world.post("/api/auth/logout", "").status == 204);
  problem(world.call("GET", "/api/auth/me"), 401, "auth.token");
}

TEST_CASE("bad bodies are refused with a pointer, and nothing is lost or made") {
  World world;
  const auto tenant = world.create_tenant("T");
  struct Row {
    std::string path;
    std::string body;
    std::string code;
    std::string pointer;
  };
  const std::string good = R"("admin_email":"o@example.org","admin_name":"O","admin_password":"pw","engine":"erpnext")";
  const std::vector<Row> rows{
      {"/api/iam/tenants", R"({"name":"X","country_code":"KE",)" + good + R"(,"colour":"red"})", "tenant.invalid",
       "/colour"},
      {"/api/iam/tenants", R"({"name":"X","country_code":"Kenya",)" + good + "}", "tenant.invalid", "/country_code"},
      {"/api/iam/tenants", R"({"name":"","country_code":"KE",)" + good + "}", "tenant.invalid", "/name"},
      {"/api/iam/tenants",
       R"({"name":"X","country_code":"KE","admin_email":"o@example.org","admin_name":"O","admin_password":"pw","engine":"sap"})",
       "tenant.engine", "/engine"},
      {"/api/iam/tenants", R"({"name":"X","country_code":"KE","server":"mars",)" + good + "}", "tenant.server",
       "/server"},
      {World::verb(tenant, "start"), R"({"include_demo_data":"yes"})", "run.invalid", "/include_demo_data"},
      {World::verb(tenant, "start"), R"({"demo":true})", "run.invalid", "/demo"},
      {World::verb(tenant, "start"), R"({"parameters":{"currency":"shilling"}})", "run.parameters",
       "/parameters/currency"},
      {World::verb(tenant, "start"), R"({"parameters":{"colour":1}})", "run.parameters", "/parameters/colour"},
      {World::verb(tenant, "retry"), R"({"stp":"x"})", "command.invalid", "/stp"},
      {World::verb(tenant, "skip-step"), "{}", "command.invalid", "/step"},
  };
  for (const auto& row : rows) {
    INFO(row.path << " " << row.body);
    CHECK(pointer(problem(world.post(row.path, row.body), 400, row.code)) == row.pointer);
  }
  problem(world.post("/api/iam/tenants", "{"), 400, "json.invalid");
  problem(world.post(World::verb(tenant, "retry")), 409, "run.none");
  problem(world.call("GET", "/api/iam/tenants?limit=9999&x=1"), 400, "query.invalid");
  CHECK(world.call("DELETE", "/api/iam/tenants").status == 405);
  CHECK(world.call("GET", "/api/nothing").status == 404);
  CHECK(world.get("/api/iam/tenants").as_array().size() == 1);
  CHECK(world.word(tenant) == "NOT_STARTED");
}

TEST_CASE("health and the catalogue are there") {
  World world;
  HttpClient client(world.port());
  CHECK(client.get("/livez").status == 200);
  const auto ready = client.get("/readyz");
  CHECK(ready.status == 200);
  CHECK(json::parse(ready.body).at("ready") == true);
  const auto engines = world.get("/api/engines");
  REQUIRE(engines.as_array().size() == 1);
  CHECK(engines.at(0).at("engine") == "erpnext");
  CHECK(engines.at(0).at("steps").as_array().size() == 11);
  CHECK(world.get("/api/engines?state=refused").as_array().empty());
  CHECK(schema::builtin("engine").check(engines.at(0)).empty());
}

TEST_CASE("one engine is shown with its graph, schemas, generations and servers") {
  World world;
  const auto engine = world.get("/api/engines/erpnext");
  INFO(json::serialize(engine));
  CHECK(engine.at_pointer("/graph/nodes").as_array().size() == 11);
  const auto& edges = engine.at_pointer("/graph/edges").as_array();
  CHECK(edges.size() >= 10);
  bool data = false;
  for (const auto& edge : edges) data = data || edge.at("kind") == "data";
  CHECK(data);
  CHECK(engine.at_pointer("/generations/0/state") == "active");
  CHECK(engine.at_pointer("/generations/0/file_digest").as_string().size() == 64);
  CHECK(engine.at_pointer("/servers/0/id") == "erp");
  CHECK(engine.at_pointer("/servers/0/errors").as_array().empty());
  CHECK(engine.at_pointer("/request_schema/type") == "object");
  CHECK(engine.at_pointer("/manifest/engine") == "erpnext");
  CHECK(world.call("GET", "/api/engines/nothing").status == 404);
}

TEST_CASE("no secret is ever in the database, the log or an answer") {
  World world;
  // A run with everything: success, failure with an error body, retry.
  world.fault(
      R"({"id":"x","method":"POST","doctype":"Customer","times":1,"action":"error","status":403,"exc_type":"PermissionError"})");
  const auto tenant = world.create_tenant("T");
  REQUIRE(world.post(World::verb(tenant, "start"), R"({"include_demo_data":true})").status == 202);
  REQUIRE(eventually([&] { return world.word(tenant) != "IN_PROGRESS"; }, 60s));
  (void)world.get(World::verb(tenant, "logs"));
  (void)world.post("/api/iam/tenants", std::string(R"({"admin_password":")") + kTenantPassword + "\"}");
  CHECK(world.stop_host() == 0);
  std::string everything = read_file(world.file("host.log")) + world.answers();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(world.file("data")))
    if (entry.is_regular_file() && entry.path().filename() != "secret.key") everything += read_file(entry.path());
  REQUIRE(everything.size() > 100'000);  // the database is really among it
  for (const auto* canary : {kKey, kSecret, kAdminPassword, kTenantPassword}) {
    INFO(canary);
    CHECK(everything.find(canary) == std::string::npos);
  }
  CHECK(everything.find("canary") == std::string::npos);
}

TEST_CASE("SIGTERM ends the host in bounded time, and the next one goes on") {
  World world;
  world.fault(R"({"id":"slow","action":"none","millis":50})");
  const auto tenant = world.create_tenant("T");
  REQUIRE(world.post(World::verb(tenant, "start")).status == 202);
  REQUIRE(eventually([&] { return world.status(tenant).at("steps_completed").to_number<int>() >= 1; }, 30s));
  const auto from = std::chrono::steady_clock::now();
  CHECK(world.stop_host() == 0);
  CHECK(std::chrono::steady_clock::now() - from < 15s);
  world.start_host();
  REQUIRE(world.reaches(tenant, "COMPLETED"));
  CHECK(world.duplicates().empty());
}
