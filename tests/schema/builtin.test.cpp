#include "schema/builtin.hpp"

#include <set>
#include <stdexcept>
#include <string>
#include <thread>

#include "model/state.hpp"
#include "support/catch.hpp"

namespace {

namespace json = boost::json;
using tenantry::schema::builtin;

json::value parse(std::string_view text) { return json::parse({text.data(), text.size()}); }

bool accepts(std::string_view schema, std::string_view value) { return builtin(schema).check(parse(value)).empty(); }

std::string first_pointer(std::string_view schema, std::string_view value) {
  const auto problems = builtin(schema).check(parse(value));
  return problems.empty() ? "none" : problems.front().pointer;
}

// The words of an enum somewhere in a built-in schema, without null.
std::set<std::string> words(std::string_view schema, std::string_view pointer) {
  const auto document = parse(tenantry::schema::builtin_text(schema));
  const auto* list = tenantry::base::find_pointer(document, pointer);
  REQUIRE(list != nullptr);
  std::set<std::string> out;
  for (const auto& word : list->as_array())
    if (word.is_string()) out.insert(word.as_string().c_str());
  return out;
}

TEST_CASE("all schemas are built in, compiled once for all threads") {
  std::vector<std::thread> threads;
  std::vector<const tenantry::schema::Schema*> seen(4);
  for (std::size_t i = 0; i < seen.size(); ++i) threads.emplace_back([&seen, i] { seen[i] = &builtin("login"); });
  for (auto& thread : threads) thread.join();
  for (const auto* schema : seen) CHECK(schema == seen.front());
  const auto names = tenantry::schema::builtin_names();
  CHECK(std::set<std::string_view>(names.begin(), names.end()) ==
        std::set<std::string_view>{"login",        "attempt",    "batch",         "batch_status",    "event_data",
                                   "operation",    "cancel",     "create_tenant", "start_run",       "retry",
                                   "continue",     "skip_step",  "command",       "rerun_from",      "problem",
                                   "status",       "event",      "engine",        "engine_manifest", "engine_fixture",
                                   "engine_check", "host_config"});
  CHECK_THROWS_AS(builtin("nothing"), std::out_of_range);
}

TEST_CASE("login takes an address and a password and nothing else") {
  CHECK(accepts("login", R"({"email":"a@b.de","password":"x"})"));
  CHECK(first_pointer("login", R"({"email":"a@b.de"})") == "/password");
  CHECK(first_pointer("login", R"({"email":"a@b.de","password":"x","remember":true})") == "/remember");
  CHECK(first_pointer("login", R"({"email":"a@b.de","password":""})") == "/password");
}

TEST_CASE("create_tenant takes what clients of the original interface send") {
  const char* whole = R"({"name":"Acme GmbH","admin_email":"jo@acme.de","admin_name":"Jo","admin_password":"secret",
      "country_code":"DE","engine":"erpnext","category":null,"description":"First","labels":{"tier":"gold"}})";
  CHECK(accepts("create_tenant", whole));
  for (const char* name : {"name", "admin_email", "admin_name", "admin_password", "country_code", "engine"}) {
    auto body = parse(whole);
    body.as_object().erase(name);
    const auto problems = builtin("create_tenant").check(body);
    REQUIRE(problems.size() == 1);
    CHECK(problems.front().pointer == std::string("/") + name);
  }
  auto body = parse(whole);
  body.as_object()["admin_email"] = "nobody";
  body.as_object()["country_code"] = "DEU";
  body.as_object()["name"] = " Acme ";
  body.as_object()["extra"] = 1;
  CHECK(builtin("create_tenant").check(body).size() == 4);
}

TEST_CASE("the bodies of the commands may be empty, and refuse what they do not know") {
  for (const char* schema : {"start_run", "retry", "continue"}) {
    CHECK(accepts(schema, "{}"));
    CHECK(accepts(schema, R"({"validate_only":true})"));
    CHECK(first_pointer(schema, R"({"extra":1})") == "/extra");
  }
  CHECK(accepts("start_run",
                R"({"include_demo_data":true,"pos_store_enabled":false,"country_template":"DE","template":null})"));
  CHECK(first_pointer("start_run", R"({"include_demo_data":"yes"})") == "/include_demo_data");
  CHECK(accepts("retry", R"({"step":"step_3_chart_of_accounts"})"));
  CHECK(first_pointer("retry", R"({"step":"Step 3"})") == "/step");
  CHECK(first_pointer("continue", R"({"step":"step_3"})") == "/step");
  CHECK(accepts("skip_step", R"({"step":"step_6_items","reason":"no demo data"})"));
  CHECK(first_pointer("skip_step", "{}") == "/step");
}

TEST_CASE("the configuration of the host has defaults for everything") {
  const auto& schema = builtin("host_config");
  const auto filled = schema.with_defaults(json::object{});
  REQUIRE(filled.has_value());
  CHECK(filled->at_pointer("/listen/port") == 4000);
  CHECK(filled->at_pointer("/listen/address") == "127.0.0.1");
  CHECK(filled->at_pointer("/engines/isolation") == "process");
  CHECK(schema.check(*filled).empty());
  // A part that is there is completed member by member, to the same values.
  const auto part = schema.with_defaults(parse(
      R"({"listen":{},"store":{},"engines":{},"limits":{},"auth":{},"log":{},"servers":[{"id":"a","engine":"odoo"}]})"));
  REQUIRE(part.has_value());
  for (const char* name : {"listen", "store", "engines", "limits", "auth", "log"})
    CHECK(part->at(name) == filled->at(name));
  CHECK(part->at_pointer("/servers/0/limits/concurrency") == 8);
  const auto breaker =
      schema.with_defaults(parse(R"({"servers":[{"id":"a","engine":"odoo","limits":{"breaker":{}}}]})"));
  REQUIRE(breaker.has_value());
  CHECK(breaker->at_pointer("/servers/0/limits/breaker/failures") == 5);
}

TEST_CASE("the configuration of the host is refused with pointers") {
  CHECK(accepts("host_config", R"({"servers":[{"id":"erp-1","engine":"erpnext","url":"https://erp.example.org",
      "settings":{"site":"a"},"secrets":{"api_key":"env:ERP_KEY","api_secret":"file:/etc/tenantry/erp"},
      "limits":{"concurrency":2}}]})"));
  CHECK(first_pointer("host_config", R"({"listen":{"port":70000}})") == "/listen/port");
  CHECK(first_pointer("host_config", R"({"lissen":{}})") == "/lissen");
  CHECK(first_pointer("host_config", R"({"servers":[{"id":"a","engine":"odoo"},{"id":"b"}]})") == "/servers/1/engine");
  CHECK(first_pointer("host_config", R"({"servers":[{"id":"a","engine":"odoo","secrets":{"k":"hunter2"}}]})") ==
        "/servers/0/secrets/k");
  CHECK(first_pointer("host_config", R"({"store":{"url":"mysql://x"}})") == "/store/url");
  CHECK(accepts("host_config", R"({"servers":[{"id":"a","engine":"e","limits":{"rate":2.5,"burst":10,
      "breaker":{"failures":0}}}],"engines":{"steps":{"e":{"*":{"timeout_ms":5000},"a":{"retry":{"attempts":9}}}}}})"));
  CHECK(first_pointer("host_config", R"({"servers":[{"id":"a","engine":"e","limits":{"rate":0}}]})") ==
        "/servers/0/limits/rate");
  CHECK(first_pointer("host_config", R"({"servers":[{"id":"a","engine":"e","limits":{"breaker":{"pause_ms":-1}}}]})") ==
        "/servers/0/limits/breaker/pause_ms");
  CHECK(first_pointer("host_config", R"({"engines":{"steps":{"e":{"a":{"retry":{"tries":9}}}}}})") ==
        "/engines/steps/e/a/retry/tries");
}

TEST_CASE("answers fit their schemas") {
  CHECK(accepts("problem", R"({"type":"/docs/problems/request.invalid","title":"Invalid","status":422,"detail":"d",
      "code":"request.invalid","request_id":"r","errors":[{"pointer":"/a","message":"m"}]})"));
  CHECK(first_pointer("problem", R"({"type":"t","title":"T","status":200,"detail":"d","code":"c","request_id":"r"})") ==
        "/status");
  CHECK(accepts("event",
                R"({"id":7,"tenant_id":"ten_1","number":1,"run_id":"run_1","step":null,"type":"run.started","data":{},
      "at":"2026-11-23T08:15:00.250Z"})"));
  CHECK(
      first_pointer(
          "event",
          R"({"id":7,"tenant_id":"t","number":0,"run_id":"r","step":null,"type":"run.started","data":{},"at":"2026-11-23T08:15:00Z"})") ==
      "/number");
  CHECK(accepts("engine", R"({"state":"refused","file":"x.so","reason":"x.so is not an ELF file."})"));
  CHECK(first_pointer("engine", R"({"state":"gone","file":"x.so"})") == "/state");
}

TEST_CASE("the status answer of a tenant that was never started fits its schema") {
  const char* status =
      R"({"tenant_id":"t","run_id":null,"engine":"erpnext","status":"NOT_STARTED","state":null,"progress":0,
      "current_step":"step_0_engine_check","current_steps":[],"steps_completed":0,"total_steps":1,"errors":[],
      "steps":[{"id":"step_0_engine_check","title":"Engine check","state":"pending","critical":true,"after":[],"attempt":0,
        "max_attempts":5,"wait_reason":null,"due_at":null,"progress":0,"message":null,"started_at":null,"completed_at":null,
        "duration_ms":null}],
      "allowed_verbs":["start"],"started_at":null,"completed_at":null,"estimated_completion":null})";
  CHECK(accepts("status", status));
  auto broken = parse(status);
  broken.at("steps").at(0).as_object()["state"] = "done";
  broken.as_object()["progress"] = 101;
  CHECK(builtin("status").check(broken).size() == 2);
}

TEST_CASE("the words of the status answer are those of the model") {
  std::set<std::string> states;
  std::set<std::string> statuses{"NOT_STARTED"};
  for (const auto& row : tenantry::model::kRunStates) {
    states.emplace(row.word);
    statuses.emplace(row.status);
  }
  CHECK(words("status", "/properties/state/enum") == states);
  CHECK(words("status", "/properties/status/enum") == statuses);
  std::set<std::string> steps;
  for (const auto& row : tenantry::model::kStepStates) steps.emplace(row.word);
  CHECK(words("status", "/$defs/step/properties/state/enum") == steps);
  std::set<std::string> reasons;
  for (const auto word : tenantry::model::kWaitReasons)
    if (!word.empty()) reasons.emplace(word);
  CHECK(words("status", "/$defs/step/properties/wait_reason/enum") == reasons);
}

}  // namespace
